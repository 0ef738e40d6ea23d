"""How fresh a read is, what it costs, and what a token from another history does."""

from __future__ import annotations

import pytest

from arco.engine.database import Database
from arco.engine.tokens import REMEMBERED_SLOTS, StateToken, Trail, parse_token
from arco.errors import Invalid, Precondition
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.store.port import Store, StoreFault
from arco.testing.registry import NAMES, REGISTRY, add, take_name
from arco.testing.stores import Call, CountingStore, Fault, FaultyStore, LatencyStore

RUNTIME = AsyncioRuntime()


async def opened(store: Store) -> Database:
    return await Database.open(store, RUNTIME, domains=(REGISTRY,), writer="test")


def test_a_token_of_a_slot_that_was_applied_costs_nothing() -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        database = await opened(store)
        receipt = await database.transact(add("c", 1, token="t"))
        store.reset()
        await database.reads.reach(StateToken(receipt.seq, receipt.hash))
        assert store.counts() == {}

    run(main())


def test_a_token_that_is_ahead_makes_the_reader_look_and_then_see_the_write() -> None:
    async def main() -> None:
        memory = MemoryStore()
        counting = CountingStore(memory)
        writer, reader = await opened(memory), await opened(counting)
        receipt = await writer.transact(take_name("a", "t"))
        counting.reset()
        await reader.reads.reach(StateToken(receipt.seq, receipt.hash))
        assert [row.name for row in reader.state.range(NAMES)] == ["a"]
        assert counting.counts("log/*")["get"] >= 1
        assert reader.reads.rollback is None

    run(main())


def test_a_token_from_another_history_is_refused_and_noted_and_stops_nothing() -> None:
    async def main() -> None:
        database = await opened(MemoryStore())
        receipt = await database.transact(take_name("a", "t"))
        for token in (StateToken(receipt.seq, "0" * 64), StateToken(receipt.seq + 5, "0" * 64)):
            with pytest.raises(Precondition) as caught:
                await database.reads.reach(token)
            assert caught.value.code == "HISTORY_ROLLBACK"
            assert database.reads.rollback == token
        await database.transact(take_name("b", "t2"))

    run(main())


def test_a_token_of_a_slot_long_past_is_checked_against_the_log() -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        database = await opened(store)
        old = database.token
        database.reads.trail = Trail()
        database.reads.trail.add(database.seq + 1, "f" * 64)
        store.reset()
        await database.reads.reach(old)
        assert store.counts("log/*") == {"get": 1}

    run(main())


def test_reads_that_arrive_together_share_one_look() -> None:
    async def main() -> None:
        slow = LatencyStore(CountingStore(MemoryStore()), RUNTIME, {"get": 0.02})
        counting = CountingStore(slow)
        database = await opened(counting)
        counting.reset()
        await RUNTIME.gather(database.refresh() for _ in range(50))
        # The first found nobody looking; the others came after it had begun.
        assert counting.counts("log/*") == {"get": 2}

    run(main())


def test_a_read_never_joins_a_look_that_began_before_it() -> None:
    async def main() -> None:
        memory = MemoryStore()
        counting = CountingStore(LatencyStore(memory, RUNTIME, {"get": 0.1}))
        writer, reader = await opened(memory), await opened(counting)
        counting.reset()
        early = RUNTIME.spawn(reader.refresh(), "early")
        await RUNTIME.sleep(0.08)
        receipt = await writer.transact(take_name("a", "t"))
        assert await reader.refresh() == receipt.seq
        await early.join()

    run(main())


def test_a_bounded_read_looks_at_most_once_per_interval() -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        database = await opened(store)
        store.reset()
        for _ in range(10):
            await database.reads.recent(20.0)
        assert store.counts("log/*") == {"get": 1}
        await database.reads.recent(0.0)
        assert store.counts("log/*") == {"get": 2}

    run(main())


def test_whoever_shares_a_look_shares_its_failure_and_the_next_look_begins_anew() -> None:
    class Down:
        is_down = False

        def fault(self, call: Call) -> Fault | None:
            return Fault.LOST if self.is_down else None

    class Impatient(AsyncioRuntime):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(0)

    async def main() -> None:
        line, runtime = Down(), Impatient()
        store = FaultyStore(MemoryStore(), line)
        database = await Database.open(store, runtime, domains=(REGISTRY,), writer="test")
        line.is_down = True

        async def failed() -> bool:
            try:
                await database.refresh()
            except StoreFault:
                return True
            return False

        assert await runtime.gather(failed() for _ in range(3)) == [True] * 3
        line.is_down = False
        assert await database.refresh() == database.seq

    run(main())


@pytest.mark.parametrize("text", ["", "7", "7.x", "-1." + "0" * 64, "07." + "0" * 64, "1.0x"])
def test_a_token_that_nobody_gave_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_token(text)
    assert caught.value.code == "STATE_TOKEN_INVALID"


def test_the_trail_is_bounded_and_forgets_over_a_gap() -> None:
    trail = Trail()
    for seq in range(REMEMBERED_SLOTS + 10):
        trail.add(seq, f"h{seq}")
    assert trail.hash_at(9) is None
    assert trail.hash_at(10) == "h10"
    assert trail.hash_at(trail.newest + 1) is None
    trail.add(trail.newest + 2, "far")
    assert trail.hash_at(10) is None
    assert trail.hash_at(trail.newest) == "far"


def test_a_token_reads_back_as_it_was_written() -> None:
    token = StateToken(17, "ab" * 32)
    assert parse_token(str(token)) == token
