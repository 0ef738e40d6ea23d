"""What it takes to come to the newest slot from nothing: round trips, exactly, and any hint."""

from __future__ import annotations

import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.head import FAR, HINT_EVERY
from arco.engine.log import Hint, Log
from arco.engine.sizes import Sizes
from arco.errors import Corrupt
from arco.runtime import AsyncioRuntime, Runtime, run
from arco.store import keys
from arco.store.memory import MemoryStore
from arco.store.port import Store
from arco.testing.registry import REGISTRY, add, free_name, take_name
from arco.testing.round_trips import FarStore

RUNTIME = AsyncioRuntime()
COLD = Sizes(small_rows=0, small_bytes=0)
"""No table is so small that all of it is read at once."""
HINT_AND_FORMAT = 1
WHERE_THE_LOG_ENDS = 1
INDEX_AND_TAIL = 1
ROWS_THAT_THE_TAIL_LOOKS_AT = 2
WHAT_THE_DECISION_LOOKS_AT = 2
CREATE = 1


async def opened(store: Store, runtime: Runtime) -> Database:
    return await Database.open(store, runtime, domains=(REGISTRY,), writer="cold", sizes=COLD)


async def lived(*, names: int, tail: int, hinted: bool = True) -> MemoryStore:
    """A store with a snapshot of so many names and so many commits after it, each of another."""
    store = MemoryStore(RUNTIME)
    database = await opened(store, RUNTIME)
    takes = (take_name(f"n{number:04}", f"taken {number}") for number in range(names))
    await RUNTIME.gather(database.transact(each) for each in takes)
    await snapshot.publish(database)
    for number in range(tail):
        await database.transact(free_name(f"n{number * names // tail:04}", f"freed {number}"))
    if hinted:
        await database.close()
    else:
        await store.delete(keys.HEAD)
    return store


async def nothing_hinted(length: int) -> MemoryStore:
    """Slots that say nothing; where a log ends does not hang on what it says."""
    store = MemoryStore(RUNTIME)
    for seq in range(length):
        await store.create(keys.slot(seq), b"a commit")
    return store


@pytest.mark.parametrize("tail", [0, 1, 20, 60])
def test_a_cold_process_is_at_the_newest_slot_within_five_round_trips(tail: int) -> None:
    far = FarStore(run(lived(names=400, tail=tail)))
    found = far.measured(opened)
    rows = ROWS_THAT_THE_TAIL_LOOKS_AT if tail else 0
    assert found.round_trips <= HINT_AND_FORMAT + WHERE_THE_LOG_ENDS + INDEX_AND_TAIL + rows
    assert found.result.seq == 2 + tail


def test_a_cold_process_has_written_within_eight_round_trips() -> None:
    async def first_write(store: Store, runtime: Runtime) -> int:
        database = await opened(store, runtime)
        receipt = await database.transact(take_name("first", "first"))
        return receipt.seq

    far = FarStore(run(lived(names=400, tail=60)))
    found = far.measured(first_write)
    to_read = HINT_AND_FORMAT + WHERE_THE_LOG_ENDS + INDEX_AND_TAIL + ROWS_THAT_THE_TAIL_LOOKS_AT
    assert found.round_trips <= to_read + WHAT_THE_DECISION_LOOKS_AT + CREATE
    assert found.requests["create"] == 1 and found.requests["list"] == 0


def test_a_tail_of_several_windows_takes_one_round_trip_more_for_each() -> None:
    async def without_snapshot() -> MemoryStore:
        store = MemoryStore(RUNTIME)
        database = await opened(store, RUNTIME)
        for number in range(200):
            await database.transact(add("c", 1, token=str(number)))
        await database.close()
        return store

    found = FarStore(run(without_snapshot())).measured(opened)
    assert found.result.seq == 200
    assert found.round_trips <= HINT_AND_FORMAT + WHERE_THE_LOG_ENDS + 4


@pytest.mark.parametrize("hint", [0, 1, 9, 99, 100, 400, 5_000, 10**15])
@pytest.mark.parametrize("length", [0, 1, 2, HINT_EVERY, 17, 63, 64, 65, 100, 400, 1_300])
def test_whatever_the_hint_the_end_of_the_log_is_found(length: int, hint: int) -> None:
    async def head(store: Store, runtime: Runtime) -> int:
        return (await Log(store, runtime).newest(Hint(hint))).seq

    far = FarStore(run(nothing_hinted(length)))
    found = far.measured(head)
    assert found.result == length - 1
    assert found.round_trips <= 5
    if hint < length <= hint + HINT_EVERY:
        assert (found.round_trips, found.requests["get"]) == (1, HINT_EVERY + 1 + len(FAR))


def test_a_slot_that_is_gone_from_the_tail_stops_whoever_starts() -> None:
    async def main() -> None:
        store = await lived(names=3, tail=3)
        await store.delete(keys.slot(await Log(store, RUNTIME).head() - 1))
        with pytest.raises(Corrupt) as caught:
            await opened(store, RUNTIME)
        assert caught.value.code == "SLOT_MISSING"

    run(main())


def test_a_lost_hint_costs_round_trips_and_nothing_else() -> None:
    found = FarStore(run(lived(names=60, tail=60, hinted=False))).measured(opened)
    assert found.result.seq == 62
    assert found.round_trips <= 8
