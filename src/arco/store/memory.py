"""A store in this process's memory, for tests and throw-away workspaces.

Keeps law L1 (one winner per name) for tasks and threads of one process. Must not know that disks
exist.
"""

from __future__ import annotations

import msgspec

from arco.runtime import AsyncioRuntime, Runtime
from arco.store.names import checked_key, checked_prefix
from arco.store.port import Entry, Lock


class _Held(msgspec.Struct, frozen=True, eq=False):
    """One object and when it was written; the winner of a race is told by identity."""

    data: bytes
    modified_at: float


class _MemoryLock:
    """A held name."""

    def __init__(self, holders: dict[str, _MemoryLock], key: str) -> None:
        self._holders = holders
        self._key = key

    def release(self) -> None:
        if self._holders.get(self._key) is self:
            del self._holders[self._key]


class MemoryStore:
    """Objects in a dictionary; gone with the process."""

    def __init__(self, runtime: Runtime | None = None) -> None:
        self._runtime = runtime or AsyncioRuntime()
        self._objects: dict[str, _Held] = {}
        self._holders: dict[str, _MemoryLock] = {}

    async def create(self, key: str, data: bytes) -> bool:
        mine = self._held(data)
        # `setdefault` decides between threads too: the dictionary does it in one step.
        return self._objects.setdefault(checked_key(key), mine) is mine

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        held = self._objects.get(checked_key(key))
        return None if held is None else held.data[start:end]

    async def put(self, key: str, data: bytes) -> None:
        self._objects[checked_key(key)] = self._held(data)

    async def delete(self, key: str) -> None:
        self._objects.pop(checked_key(key), None)

    async def list(self, prefix: str, *, after: str = "", limit: int | None = None) -> list[Entry]:
        folder = checked_prefix(prefix)
        keys = sorted(key for key in self._objects.copy() if key.startswith(folder) and key > after)
        return [self._entry(key) for key in keys[:limit]]

    async def confirm(self, key: str) -> None:
        checked_key(key)

    def location(self, key: str) -> str:
        return f"memory://{checked_key(key)}"

    async def try_lock(self, key: str) -> Lock | None:
        mine = _MemoryLock(self._holders, checked_key(key))
        return mine if self._holders.setdefault(key, mine) is mine else None

    def _entry(self, key: str) -> Entry:
        held = self._objects[key]
        return Entry(key, len(held.data), held.modified_at)

    def _held(self, data: bytes) -> _Held:
        return _Held(bytes(data), self._runtime.now().timestamp())


__all__ = ["MemoryStore"]
