"""A process that has just opened a store with a snapshot: nothing of it is in memory yet."""

from __future__ import annotations

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import LeaseTaken
from arco.model import Event
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.testing.registry import NAMES, take_name
from arco.testing.registry import REGISTRY as DOMAIN

RUNTIME = AsyncioRuntime()


async def opened(store: MemoryStore) -> Database:
    return await Database.open(store, RUNTIME, domains=(DOMAIN,), writer="test")


async def cold() -> Database:
    store = MemoryStore()
    first = await opened(store)
    taken = LeaseTaken(epoch=7, writer="first", address="", taken_at=RUNTIME.now())
    await first.transact(lambda state, now: [Event(taken)])
    await first.transact(take_name("n1", "t1"))
    assert await snapshot.publish(first)
    return await opened(store)


def test_the_first_decision_after_a_start_loads_what_its_commit_repeats() -> None:
    async def main() -> None:
        database = await cold()
        receipt = await database.transact(take_name("n2", "t2"))
        slot = await database.log.read(receipt.seq)
        assert slot is not None
        assert slot.commit.epoch == 7
        assert slot.commit.snapshot is not None
        assert len(await database.asked(lambda state: list(state.range(NAMES)))) == 2

    run(main())
