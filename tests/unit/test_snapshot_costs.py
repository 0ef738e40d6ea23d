"""What snapshots cost when an answer is lost, and when garbage is looked for again and again."""

from __future__ import annotations

import pytest

from arco.engine import snapshot
from arco.engine.retention import Policy
from arco.runtime import run
from arco.store import creating
from arco.store.port import StoreFault
from arco.testing.registry import take_name
from arco.testing.stores import CountingStore, Fault, FaultyStore, Rule, ScriptedFaults
from tests.unit.garbage_world import POLICY, Garden, names_in, with_policy

EVERY_SNAPSHOT: Policy = with_policy(snapshots_newest=1_000)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "RETRY_SECONDS", 0.0)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.UNANSWERED])
@pytest.mark.parametrize("glob", ["*.parquet", "*index.json"])
def test_one_lost_answer_costs_a_snapshot_one_request_and_not_the_attempt(
    glob: str, fault: Fault
) -> None:
    async def main() -> None:
        garden = Garden()
        counting = CountingStore(garden.store)
        store = FaultyStore(counting, ScriptedFaults([Rule("create", glob, 2, fault)]))
        database = await garden.opened(store)
        await garden.grow(database, "a", "b")
        assert len(store.faults) == 1
        attempts = {key.split("/")[2] for key in await garden.files()}
        assert len(attempts) == 2
        assert await garden.problems() == []
        assert await names_in(await garden.opened()) == ["a", "b"]

    run(main())


def test_a_store_that_stays_silent_fails_the_attempt_and_the_next_one_publishes() -> None:
    async def main() -> None:
        garden = Garden()
        silent = Rule("create", "data/*", 1, Fault.LOST, creating.TRIES)
        store = FaultyStore(garden.store, ScriptedFaults([silent]))
        database = await garden.opened(store)
        await database.transact(take_name("a", "token"))
        with pytest.raises(StoreFault):
            await snapshot.publish(database)
        assert await snapshot.publish(database)
        assert await garden.problems() == []

    run(main())


def test_looking_for_garbage_again_reads_the_indexes_that_came_since_and_no_others() -> None:
    async def main() -> None:
        garden = Garden(EVERY_SNAPSHOT)
        store = CountingStore(garden.store)
        database = await garden.opened(store)
        await garden.grow(database, *"abcdefgh")
        garden.wait(hours=2)
        await garden.collect(database)
        store.calls.clear()
        await garden.collect(database)
        assert indexes(store) == []
        await garden.grow(database, "i")
        store.calls.clear()
        await garden.collect(database)
        assert len(indexes(store)) <= 1
        assert await garden.problems() == []

    run(main())


def test_what_was_remembered_of_a_snapshot_that_went_keeps_nothing() -> None:
    async def main() -> None:
        garden = Garden(EVERY_SNAPSHOT)
        database = await garden.opened()
        await garden.grow(database, *"abcdefgh")
        garden.wait(hours=2)
        unneeded = (await garden.collect(database)).areas[0].condemned
        before = await garden.files()
        garden.policy = POLICY
        for _ in range(3):
            garden.wait(hours=2)
            await garden.collect(database)
        assert len(await garden.files()) < len(before) - unneeded
        assert await garden.problems() == []
        assert await names_in(await garden.opened()) == list("abcdefgh")

    run(main())


def indexes(store: CountingStore) -> list[str]:
    """The indexes that were read."""
    return [call.key for call in store.calls if call.verb == "get" and "index" in call.key]
