"""Public keys of an issuer: from its file, or fetched from the one address an operator wrote down.

Law: bounded in time, bytes and frequency; no redirect is followed. An unknown key id makes us look
again, but not more than once a minute, however many tokens name one.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import msgspec

from arco.errors import Unavailable
from arco.runtime import Runtime
from arco.service.issuers import Issuer

BYTES_MAX = 1024 * 1024
KEYS_MAX = 100
SECONDS_MAX = 5.0
FRESH_SECONDS = 3_600.0
AGAIN_SECONDS = 60.0
Jwk = Mapping[str, Any]


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """An address that sends us elsewhere is not the address that was written down."""

    def redirect_request(self, *_: Any) -> None:
        """Nothing: the redirect is an error."""
        return


class KeySet:
    """The public keys of one issuer."""

    def __init__(self, issuer: Issuer, runtime: Runtime, *, directory: Path) -> None:
        self._issuer = issuer
        self._runtime = runtime
        self._directory = directory
        self._keys: list[Jwk] = []
        self._loaded: float | None = None
        self.fetched = 0

    async def find(self, key_id: str | None) -> Jwk | None:
        """The key with this id; without an id, the only key there is.

        Raises: Unavailable ISSUER_UNREACHABLE while nothing was ever read.
        """
        if self._is_older_than(FRESH_SECONDS):
            await self._load()
        found = self._found(key_id)
        if found is None and self._is_older_than(AGAIN_SECONDS):
            await self._load()
            found = self._found(key_id)
        return found

    def _found(self, key_id: str | None) -> Jwk | None:
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((each for each in self._keys if each.get("kid") == key_id), None)

    def _is_older_than(self, seconds: float) -> bool:
        return self._loaded is None or self._runtime.monotonic() - self._loaded > seconds

    async def _load(self) -> None:
        before = self._loaded
        # Set first: a slow or failing issuer is not asked by every request that waits.
        self._loaded = self._runtime.monotonic()
        try:
            data = await self._runtime.thread(self._read)
            self._keys = _usable(msgspec.json.decode(data))
        except (OSError, URLError, HTTPException, msgspec.MsgspecError, ValueError) as error:
            if before is None:
                self._loaded = None
                raise Unavailable(
                    "ISSUER_UNREACHABLE",
                    f"the keys of {self._issuer.url} cannot be read",
                    hint="ask again in a moment; the server's operator can check `jwks_url`",
                ) from error

    def _read(self) -> bytes:
        if self._issuer.jwks_file:
            return (self._directory / self._issuer.jwks_file).read_bytes()
        self.fetched += 1
        # A proxy of the environment would see who signs in here; none is used.
        opener = urllib.request.build_opener(NoRedirects, urllib.request.ProxyHandler({}))
        try:
            with opener.open(self._issuer.jwks_url, timeout=SECONDS_MAX) as answer:
                data: bytes = answer.read(BYTES_MAX + 1)
        except HTTPError as refused:
            refused.close()
            raise
        if len(data) > BYTES_MAX:
            raise ValueError("the set of keys is too large")
        return data


def _usable(document: Any) -> list[Jwk]:
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or len(keys) > KEYS_MAX:
        raise ValueError("this is no set of keys")
    return [each for each in keys if isinstance(each, dict) and each.get("use", "sig") == "sig"]


__all__ = ["Jwk", "KeySet", "NoRedirects"]
