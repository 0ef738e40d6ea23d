"""A store confined to one tenant and workspace.

Keeps law L9: the scope's prefix is added to checked keys only, so no argument expresses another
prefix. Must not know what is stored.
"""

from __future__ import annotations

import msgspec

from arco.errors import Invalid
from arco.store.keys import Scope
from arco.store.names import checked_key, checked_prefix
from arco.store.port import Entry, Lock, Locks, SignsUrls, Store


class ScopedStore:
    """Another store's objects under one scope, by their names inside that scope."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self._store = store
        self._prefix = scope.prefix()

    async def create(self, key: str, data: bytes) -> bool:
        return await self._store.create(self._inside(key), data)

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        return await self._store.get(self._inside(key), start=start, end=end)

    async def put(self, key: str, data: bytes) -> None:
        await self._store.put(self._inside(key), data)

    async def delete(self, key: str) -> None:
        await self._store.delete(self._inside(key))

    async def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[Entry]:
        entries = await self._store.list(
            self._prefix + checked_prefix(prefix),
            after=self._prefix + after if after else "",
            limit=limit,
        )
        return [
            msgspec.structs.replace(entry, key=entry.key.removeprefix(self._prefix))
            for entry in entries
        ]

    async def confirm(self, key: str) -> None:
        await self._store.confirm(self._inside(key))

    def location(self, key: str) -> str:
        return self._store.location(self._inside(key))

    @property
    def has_locks(self) -> bool:
        """True when the store can say at once that a holder is gone."""
        return isinstance(self._store, Locks)

    async def try_lock(self, key: str) -> Lock | None:
        if isinstance(self._store, Locks):
            return await self._store.try_lock(self._inside(key))
        # None would mean that somebody holds it, and then nobody would ever lead.
        raise Invalid(
            "STORE_LOCKS_ABSENT",
            "this store has no locks",
            hint="take the lease by an event in the log; locks exist only on one machine",
        )

    @property
    def signs_urls(self) -> bool:
        """True when readers can fetch an object without the store's rights."""
        return isinstance(self._store, SignsUrls)

    async def signed_url(self, key: str, seconds: int) -> str:
        if isinstance(self._store, SignsUrls):
            return await self._store.signed_url(self._inside(key), seconds)
        raise Invalid(
            "STORE_URLS_UNSIGNED",
            "this store cannot sign URLs",
            hint="let the reader fetch the object through the server",
        )

    def _inside(self, key: str) -> str:
        return self._prefix + checked_key(key)


__all__ = ["ScopedStore"]
