"""Numbered objects beside the log: each name is created once, and every ambiguous answer is asked
again with the same bytes until it is definite.

Laws L1, L2 and L7, for lanes and their roster. Law L8: nothing here lists.
Source: storage format, "Committing".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from arco.errors import Corrupt
from arco.runtime import Runtime
from arco.store.port import Store, StoreFault

RETRY_SECONDS = 0.05
RETRY_SECONDS_MAX = 5.0
READS_MAX = 20
REREADS = 3
T = TypeVar("T")
Check = Callable[[bytes], object]


class Slots:
    """Creates and reads numbered objects."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._store = store
        self._runtime = runtime

    async def occupy(self, key: str, data: bytes, *, check: Check) -> bytes | None:
        """None: the name is ours and durable. Bytes: somebody else's, which stand there.

        `check` raises Corrupt for bytes that nobody wrote. Raises: StoreFault when this process
        must stop writing. Cost: 1 PUT; 1 GET more when contended.
        """
        tries = 0
        while True:
            try:
                if await self._store.create(key, data):
                    return None
                standing = await self.read(key, decode=partial(_checked, check=check))
                if standing is not None:
                    await self._store.confirm(key)
                    return None if standing == data else standing
            except StoreFault as fault:
                if fault.fatal:
                    raise
            except Corrupt as damage:
                # What stands there may be ours: nobody may hear that it failed.
                raise StoreFault(damage.message, hint=damage.hint) from damage
            await self._pause(tries)
            tries += 1

    async def read(self, key: str, *, decode: Callable[[bytes], T]) -> T | None:
        """What stands under `key`, decoded, or None when the name is free.

        Raises: Corrupt when it is unreadable again and again; StoreFault. Cost: 1 GET.
        """
        for reread in range(REREADS):
            data = await self._get(key)
            if data is None:
                return None
            try:
                return decode(data)
            except Corrupt:
                if reread == REREADS - 1:
                    raise
                await self._pause(reread)
        raise AssertionError("every reading returns or raises")

    async def _get(self, key: str) -> bytes | None:
        for tries in range(READS_MAX):
            try:
                return await self._store.get(key)
            except StoreFault as fault:
                if fault.fatal or tries == READS_MAX - 1:
                    raise
            await self._pause(tries)
        raise AssertionError("every try returns or raises")

    async def _pause(self, tries: int) -> None:
        await pause(self._runtime, tries)


async def pause(runtime: Runtime, tries: int) -> None:
    """Some time passes, more after every try."""
    ceiling = min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2 ** min(tries, 10))
    await runtime.sleep(ceiling * (0.5 + runtime.entropy(16) / 131072))


def _checked(data: bytes, *, check: Check) -> bytes:
    check(data)
    return data


__all__ = ["Check", "Slots", "pause"]
