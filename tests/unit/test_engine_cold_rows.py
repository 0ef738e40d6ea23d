"""A database opened from a snapshot loads what a commit needs, the engine's own rows too."""

from __future__ import annotations

from datetime import UTC, datetime

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import LEADER, LEASES, LeaseTaken
from arco.model import Event, State
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.testing.registry import REGISTRY as DOMAIN
from arco.testing.registry import take_name

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TAKEN = LeaseTaken(epoch=3, writer="before", address="", taken_at=NOON)


async def opened(store: Store) -> Database:
    return await Database.open(store, AsyncioRuntime(), domains=(DOMAIN,), writer="test")


def take_lease(state: State, now: datetime) -> list[Event]:
    return [Event(TAKEN)]


def test_the_first_commit_after_a_cold_start_names_the_epoch_of_the_snapshot() -> None:
    async def main() -> None:
        store = MemoryStore()
        before = await opened(store)
        await before.transact(take_lease)
        await before.transact(take_name("first", "1"))
        assert await snapshot.publish(before)
        cold = await opened(store)
        receipt = await cold.transact(take_name("second", "2"))
        slot = await cold.log.read(receipt.seq)
        assert slot is not None
        assert slot.commit.epoch == 3
        lease = await cold.asked(lambda state: state.get(LEASES, LEADER))
        assert lease is not None and lease.writer == "before"

    run(main())
