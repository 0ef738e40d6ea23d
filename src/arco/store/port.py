"""The Store port: bytes under keys, and one promise: `create` succeeds for one caller per key.

Expected contention is a value, not an exception. Must not know what the bytes mean.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec

from arco.errors import Unavailable

ASK_AGAIN = "ask again; the outcome is resolved by the log"


class Entry(msgspec.Struct, frozen=True):
    """One listed object."""

    key: str
    size_bytes: int
    modified_at: float
    """Unix seconds, by the store's own clock."""


class StoreFault(Unavailable):
    """The store did not give a definite answer: what was asked may have happened or not."""

    def __init__(self, message: str, *, fatal: bool = False, hint: str = ASK_AGAIN) -> None:
        super().__init__("STORE_FAULT", message, hint=hint)
        self.fatal = fatal
        """True: this process must not write again (for example, after a failed fsync)."""


class Store(Protocol):
    """Objects under `/`-separated keys relative to one root."""

    async def create(self, key: str, data: bytes) -> bool:
        """True: the object is durable and ours. False: the name is taken (by anyone, even by us).

        Raises: StoreFault when neither is known.
        """
        ...

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        """The bytes in `[start, end)`, or None when there is no such object."""
        ...

    async def put(self, key: str, data: bytes) -> None:
        """Overwrite a hint. Never used for anything that must be true."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the object if it is there."""
        ...

    async def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[Entry]:
        """Objects under a folder prefix (ends in `/`), sorted by key; those whose keys come after
        `after`, at most `limit` of them. Never on a request path.
        """
        ...

    async def confirm(self, key: str) -> None:
        """Make sure an object that somebody else created survives a power loss.

        Call it before building on the object or serving it.
        """
        ...

    def location(self, key: str) -> str:
        """Where an outside reader finds the object: a path, or a URL with what it takes to get
        there (region, endpoint) after a `?`, and never a credential.
        """
        ...


class Lock(Protocol):
    """A lock that is held until it is released or its process dies."""

    def release(self) -> None:
        """Let the next one have it. Releasing twice does nothing."""
        ...


@runtime_checkable
class Locks(Protocol):
    """What a store on one machine offers besides `Store`: locks that die with their holder.

    A shortcut to notice at once that a leader is gone, never an authority: that is `create`.
    """

    async def try_lock(self, key: str) -> Lock | None:
        """The lock of this name, or None when somebody else holds it. Never waits."""
        ...


@runtime_checkable
class Certifiable(Protocol):
    """What a store offers besides `Store` when its promises are kept by somebody else's service."""

    @property
    def identity(self) -> tuple[str, str, str]:
        """Place, endpoint and driver: what a certificate vouches for."""
        ...


@runtime_checkable
class SignsUrls(Store, Protocol):
    """What a store offers besides `Store`, when readers can fetch an object without its rights."""

    async def signed_url(self, key: str, seconds: int) -> str:
        """A URL with which anyone may read this one object, whole or in ranges, and do nothing
        else, for so many seconds: one to a week. It is a right: audit it, and never log it.

        Raises: Invalid for another time, or a name that a URL has to escape; StoreFault.
        """
        ...


__all__ = [
    "ASK_AGAIN",
    "Certifiable",
    "Entry",
    "Lock",
    "Locks",
    "SignsUrls",
    "Store",
    "StoreFault",
]
