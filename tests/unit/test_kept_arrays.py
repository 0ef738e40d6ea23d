"""Arrays that are kept: the next process takes them, and no damage to them changes an answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.keeping_arrays import unpacked
from arco.engine.sizes import Sizes
from arco.lineage.domain import DOMAIN
from arco.lineage.events import ObservedRead, ReadsRecorded
from arco.lineage.walks import Step, walk_down
from arco.model import Event, State
from arco.runtime import AsyncioRuntime, run
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.testing.stores import CountingStore, Fault, FaultyStore, Rule, ScriptedFaults, Verb

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SIZES = Sizes(small_rows=0)
EXPECTED = [Step(1, "a.a", "b.b"), Step(1, "a.a", "c.c"), Step(2, "b.b", "c.c")]
FILES = "data/lineage/*/consumers-*.parquet"
ARRAYS = "data/lineage/*/arrays"


def steps_of(state: State) -> list[Step]:
    return list(walk_down(state, "a.a", hops=9).steps)


async def opened(store: Store) -> Database:
    return await Database.open(
        store, AsyncioRuntime(), domains=(DOMAIN,), writer="test", sizes=SIZES
    )


async def filled(store: Store) -> None:
    """A snapshot of three edges stands, and somebody asked for lineage."""
    database = await opened(store)
    ends = (("a.a", "b.b"), ("a.a", "c.c"), ("b.b", "c.c"))
    reads = tuple(ObservedRead(upstream=up, downstream=down) for up, down in ends)
    event = Event(ReadsRecorded(run_id="r", reads=reads, recorded_at=NOON))
    await database.transact(lambda state, now: [event])
    assert await snapshot.publish(database)
    asking = await opened(store)
    assert await asking.asked(steps_of) == EXPECTED


def test_the_next_process_reads_the_arrays_and_no_file_they_were_made_of() -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        await filled(store)
        store.reset()
        database = await opened(store)
        assert await database.asked(steps_of) == EXPECTED
        assert store.counts(ARRAYS)["get"] == 1
        assert store.counts(FILES)["get"] == 0

    run(main())


def test_questions_at_the_same_time_wait_for_the_same_arrays() -> None:
    async def main() -> None:
        store = CountingStore(MemoryStore())
        await filled(store)
        store.reset()
        database = await opened(store)
        answers = await AsyncioRuntime().gather(database.asked(steps_of) for _ in range(4))
        assert answers == [EXPECTED] * 4
        assert store.counts(ARRAYS)["get"] == 1

    run(main())


@pytest.mark.parametrize(
    ("verb", "fault"),
    [
        ("get", Fault.LOST),
        ("get", Fault.FLIPPED),
        ("get", Fault.TRUNCATED),
        ("put", Fault.LOST),
        ("put", Fault.LATE),
    ],
)
def test_arrays_that_cannot_be_read_or_kept_are_made_again(verb: Verb, fault: Fault) -> None:
    async def main() -> None:
        rules = [Rule(verb, ARRAYS, 1, fault, times=99)]
        store = FaultyStore(MemoryStore(), ScriptedFaults(rules))
        await filled(store)
        database = await opened(store)
        assert await database.asked(steps_of) == EXPECTED
        assert store.faults

    run(main())


def test_bytes_of_something_else_are_no_arrays() -> None:
    nothing = (b"", b"{}", bytes(64), (8).to_bytes(8, "little") + b"{}      ", b"\xff" * 40)
    assert [unpacked(data, width=1) for data in nothing] == [None] * len(nothing)
