"""How a server and a worker service prove to each other that they know the same secret.

An offer is signed with its moment; a task's token counts only with the proof of the worker that
answers. Law: the secret itself never travels, and a proof for one purpose is none for another. Must
not know connections.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from arco.errors import Invalid
from arco.service.secrets import SECRETS_HINT, Unusable, secrets_in
from arco.service.settings import Settings

SKEW_SECONDS = 300
"""How far the clocks of a server and a worker service may be apart."""
SIGNATURE_HEADER = "Arco-Signature"
SIGNATURE = re.compile(r"([1-9][0-9]{0,11})\.([0-9a-f]{64})\Z")
Purpose: TypeAlias = Literal["offer", "roll"]


def signature(secret: bytes, purpose: Purpose, *, body: bytes, now: datetime) -> str:
    """The value of the header that signs a request to a worker service."""
    moment = str(int(now.timestamp()))
    return f"{moment}.{_mac(secret, _signed_text(purpose, moment, body=body))}"


def is_signed(
    secrets: Sequence[bytes], purpose: Purpose, *, header: str, body: bytes, now: datetime
) -> bool:
    """True for a request of one who knows a secret of ours, made about now."""
    found = SIGNATURE.match(header)
    if found is None:
        return False
    text = _signed_text(purpose, found[1], body=body)
    matches = [hmac.compare_digest(_mac(each, text), found[2]) for each in secrets]
    return any(matches) and abs(now.timestamp() - int(found[1])) <= SKEW_SECONDS


def countersigned(token: str, secret: bytes) -> str:
    """The credential of a worker service for the attempt that the token is for."""
    return f"{token}.{_mac(secret, _answering(token))}"


def token_of(credential: str, secrets: Sequence[bytes]) -> str | None:
    """The token, if one who knows a secret of ours presents it."""
    token, _, proof = credential.rpartition(".")
    if not credential.isascii():
        return None
    matches = [hmac.compare_digest(_mac(each, _answering(token)), proof) for each in secrets]
    return token if any(matches) else None


def read_worker_secrets(settings: Settings) -> tuple[bytes, ...]:
    """The secrets that servers and worker services share, the one to sign with first; none: no
    file.

    Raises: Invalid WORKER_SECRETS_INVALID, which repeats none.
    """
    if not settings.worker_secrets:
        return ()
    try:
        return secrets_in(settings.directory / settings.worker_secrets)
    except Unusable as error:
        raise Invalid(
            "WORKER_SECRETS_INVALID",
            f"worker services cannot be recognised so: {error}",
            hint=SECRETS_HINT,
        ) from error


def _signed_text(purpose: Purpose, moment: str, *, body: bytes) -> bytes:
    return f"{purpose}\n{moment}\n".encode() + body


def _answering(token: str) -> bytes:
    return b"answer\n" + token.encode()


def _mac(secret: bytes, text: bytes) -> str:
    return hmac.digest(secret, b"arco-worker\n" + text, "sha256").hex()


__all__ = [
    "SIGNATURE_HEADER",
    "Purpose",
    "countersigned",
    "is_signed",
    "read_worker_secrets",
    "signature",
    "token_of",
]
