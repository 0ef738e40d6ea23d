"""URLs of this server that show one file for a while: signed where the store cannot sign.

Law: a signature covers tenant, workspace, method, path, size and end, letter by letter; whatever is
altered opens nothing. Signed with a secret of this process, which never leaves it, or with the
first of those that an operator gave to several: all of them are recognised, so that one can follow
another. None is ever stored beside what it opens.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec

from arco.errors import Invalid
from arco.runtime import Runtime
from arco.service.secrets import SECRETS_HINT, Unusable, secrets_in
from arco.service.settings import Settings
from arco.store.keys import Scope

FILES_PATH = "/api/v1/browser/files/"
QUERY = re.compile(rb"ends=([1-9][0-9]{0,11})&size=(0|[1-9][0-9]{0,14})&signature=([0-9a-f]{64})\Z")
MARK = b"signature="


class SignedFile(msgspec.Struct, frozen=True):
    """A file that a URL shows."""

    name: str
    size_bytes: int


class Signatures:
    """Signs and recognises the URLs of one workspace: those of this process, if it has no secrets
    in common with others.
    """

    def __init__(self, runtime: Runtime, scope: Scope, *, secrets: Sequence[bytes] = ()) -> None:
        self._runtime = runtime
        self._place = f"{scope.tenant}/{scope.workspace}\n".encode()
        self._secrets = tuple(secrets) or (runtime.entropy(256).to_bytes(32, "big"),)

    def signed(self, file: SignedFile, ends_at: datetime) -> str:
        """Path and query that show the file until then."""
        path = FILES_PATH + quote(file.name, safe="/")
        asked = f"{path}?ends={int(ends_at.timestamp())}&size={file.size_bytes}"
        return f"{asked}&signature={self._mac(asked.encode(), self._secrets[0])}"

    def is_good(self, method: str, raw_path: bytes, *, query: bytes) -> bool:
        """True for a URL of ours that is used as it was given away, and has not ended."""
        found = QUERY.match(query)
        if found is None:
            return False
        asked = raw_path + b"?" + query.partition(b"&signature=")[0]
        given = found[3].decode()
        # All are tried, so that time does not tell which one it was.
        matches = [hmac.compare_digest(self._mac(asked, each), given) for each in self._secrets]
        return any(matches) and method == "GET" and self._runtime.now().timestamp() < int(found[1])

    def _mac(self, asked: bytes, secret: bytes) -> str:
        return hmac.digest(secret, self._place + b"GET " + asked, "sha256").hex()


def read_secrets(settings: Settings) -> tuple[bytes, ...]:
    """The secrets that the settings name a file of, the one to sign with first; none: no file.

    Raises: Invalid URL_SECRETS_INVALID, which repeats none.
    """
    if not settings.url_secrets:
        return ()
    try:
        return secrets_in(settings.directory / settings.url_secrets)
    except Unusable as error:
        raise Invalid(
            "URL_SECRETS_INVALID", f"no URL can be signed so: {error}", hint=SECRETS_HINT
        ) from error


def is_signed(query: bytes) -> bool:
    """True for a request that claims to come by a signed URL."""
    return MARK in query


__all__ = ["FILES_PATH", "Signatures", "SignedFile", "is_signed", "read_secrets"]
