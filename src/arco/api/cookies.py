"""The cookie by which a browser is signed in: written, read, taken back.

Law: the cookie is the credential itself and no session is kept, so it opens what the credential
opens at that moment, and for pages of this server only. Must not know who is behind it.
"""

from __future__ import annotations

import re

from litestar.datastructures import Headers

from arco.errors import Invalid
from arco.service.identity import credentials_invalid

NAME = "arco_session"
SECONDS_MAX = 12 * 60 * 60
CREDENTIAL_CHARACTERS_MAX = 4_000
"""Browsers drop a longer cookie without a word: 4096 bytes with its name (RFC 6265, 6.1)."""
# RFC 6265, section 4.1.1: cookie-octet.
SAFE = re.compile(r"[!#-+\--:<-\[\]-~]+\Z")
FOUND = re.compile(rf"(?:^|;)[ \t]*{NAME}=([^;]*)")
OURS = frozenset({"same-origin", "none"})
"""What browsers say of requests by our own pages, and by whoever types an address."""


def signing_in(credential: str, *, scheme: str) -> str:
    """The `Set-Cookie` that signs a browser in.

    Raises: Invalid CREDENTIAL_TOO_LONG; Unauthenticated CREDENTIALS_INVALID.
    """
    if len(credential) > CREDENTIAL_CHARACTERS_MAX:
        raise Invalid(
            "CREDENTIAL_TOO_LONG",
            f"no browser keeps a credential of over {CREDENTIAL_CHARACTERS_MAX:,} characters",
            hint="sign in with an API key, or with a token that names fewer groups",
        )
    if not SAFE.match(credential):
        raise credentials_invalid("it has characters that no cookie has")
    return _written(credential, seconds=SECONDS_MAX, scheme=scheme)


def signing_out(*, scheme: str) -> str:
    """The `Set-Cookie` that makes a browser forget."""
    return _written("", seconds=0, scheme=scheme)


def authorization_in(headers: Headers) -> str:
    """What the cookie says as an `Authorization`; empty: none, or another site had the request
    sent.

    Two cookies of the name are none: one may have been put there by a neighbouring host.
    """
    if headers.get("sec-fetch-site", "same-origin") not in OURS:
        return ""
    found = {each for line in headers.getall("cookie", []) for each in FOUND.findall(line)}
    credential = found.pop() if len(found) == 1 else ""
    return f"Bearer {credential}" if credential else ""


def _written(value: str, *, seconds: int, scheme: str) -> str:
    parts = (f"{NAME}={value}", "HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={seconds}")
    return "; ".join((*parts, "Secure") if scheme == "https" else parts)


__all__ = ["NAME", "authorization_in", "signing_in", "signing_out"]
