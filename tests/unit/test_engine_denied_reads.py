"""A log whose store suddenly denies reading: what may have been written is never called failed."""

from __future__ import annotations

import pytest

from arco.engine.database import Database
from arco.engine.log import Log
from arco.errors import Forbidden, Unavailable
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.store.port import StoreFault
from arco.testing.registry import NAMES, REGISTRY, take_name

RUNTIME = AsyncioRuntime()


class Denying(MemoryStore):
    """Applies a create, loses the answer, and then denies every read."""

    denies = False

    async def create(self, key: str, data: bytes) -> bool:
        created = await super().create(key, data)
        return created and not self.denies

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes | None:
        if self.denies:
            raise Forbidden("STORE_READ_DENIED", "403", hint="grant s3:GetObject")
        return await super().get(key, start=start, end=end)


def test_a_slot_that_may_not_be_read_is_unknown_and_not_lost() -> None:
    store = Denying()
    store.denies = True
    with pytest.raises(StoreFault) as fault:
        run(Log(store, RUNTIME).create(0, b"commit"))
    assert not fault.value.fatal
    assert fault.value.hint == "grant s3:GetObject"


def test_a_commit_that_was_applied_before_reading_was_denied_is_found_later() -> None:
    async def main() -> None:
        store = Denying()
        database = await Database.open(store, RUNTIME, domains=(REGISTRY,), writer="test")
        store.denies = True
        with pytest.raises(Unavailable) as unknown:
            await database.transact(take_name("orders", "token-1"))
        assert unknown.value.code == "OUTCOME_UNKNOWN"
        store.denies = False
        await database.transact(take_name("orders", "token-1"))
        row = database.state.get(NAMES, "orders")
        assert row is not None
        assert row.token == "token-1"

    run(main())


def test_a_denied_read_is_told_at_once() -> None:
    store = Denying()
    store.denies = True
    before = RUNTIME.monotonic()
    with pytest.raises(Forbidden):
        run(Database.open(store, RUNTIME, domains=(REGISTRY,), writer="test"))
    assert RUNTIME.monotonic() - before < 1
