"""URLs of this server that show one file for a while: signed where the store cannot sign.

Law: a signature covers method, path, size and end, letter by letter; whatever is altered opens
nothing. Signed with a secret of this process, which never leaves it: a restart ends every URL.
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from urllib.parse import quote

import msgspec

from arco.runtime import Runtime

FILES_PATH = "/api/v1/browser/files/"
QUERY = re.compile(rb"ends=([1-9][0-9]{0,11})&size=(0|[1-9][0-9]{0,14})&signature=([0-9a-f]{64})\Z")
MARK = b"signature="


class SignedFile(msgspec.Struct, frozen=True):
    """A file that a URL shows."""

    name: str
    size_bytes: int


class Signatures:
    """Signs and recognises the URLs of one process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._secret = runtime.entropy(256).to_bytes(32, "big")

    def signed(self, file: SignedFile, ends_at: datetime) -> str:
        """Path and query that show the file until then."""
        path = FILES_PATH + quote(file.name, safe="/")
        asked = f"{path}?ends={int(ends_at.timestamp())}&size={file.size_bytes}"
        return f"{asked}&signature={self._mac(asked.encode())}"

    def is_good(self, method: str, raw_path: bytes, *, query: bytes) -> bool:
        """True for a URL of ours that is used as it was given away, and has not ended."""
        found = QUERY.match(query)
        if found is None:
            return False
        asked = raw_path + b"?" + query.partition(b"&signature=")[0]
        matches = hmac.compare_digest(self._mac(asked), found[3].decode())
        return matches and method == "GET" and self._runtime.now().timestamp() < int(found[1])

    def _mac(self, asked: bytes) -> str:
        return hmac.digest(self._secret, b"GET " + asked, "sha256").hex()


def is_signed(query: bytes) -> bool:
    """True for a request that claims to come by a signed URL."""
    return MARK in query


__all__ = ["FILES_PATH", "Signatures", "SignedFile", "is_signed"]
