"""Lanes that are collected as soon as they are folded, under every fault: also a writer that slept
since before its lane was sealed, folded, deleted and forgotten loses nothing it acknowledges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from arco.engine.database import Database
from arco.engine.lanes import collecting, keeping
from arco.engine.lanes.collecting import collect_below, watermarks
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import BACKLOG_SECONDS_MAX, Ingester
from arco.engine.lanes.lane import LaneWriter
from arco.model import State
from arco.store import keys
from arco.testing.ledger import LEDGER, noted
from arco.testing.world import CALM, Faults, Violation, World
from tests.property.driven import Driven
from tests.simulation.lane_stages import (
    SILENT_SECONDS,
    LaneStage,
    check_counted_once,
    play,
    rough,
)

SEEDS = range(40)
SEEDS_TO_CATCH = range(400)


class CollectingFolder(Folder):
    """Deletes whatever is folded, at once."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, silent_seconds=SILENT_SECONDS)

    async def step(self) -> int:
        folded = await super().step()
        marks = await self._database.asked(watermarks)
        await collect_below(self._database, marks)
        return folded


def performed(seed: int, faults: Faults, **parts: Any) -> tuple[LaneStage, dict[str, Any]]:
    """The stage of this seed and its rows, after a play in which nothing was lost or doubled."""
    stage = LaneStage(World(seed, faults=faults), folder=CollectingFolder, **parts)
    rows = play(stage)
    check_counted_once(stage, rows)
    for fact in rows["quarantine"]:
        key = keys.lane_slot(fact.lane, fact.slot)
        if key not in stage.world.store.objects:
            raise Violation("L6 every named object exists", f"{key} of a quarantined fact is gone")
    return stage, rows


@pytest.mark.parametrize("seed", SEEDS)
def test_collecting_at_once_loses_nothing_and_counts_nothing_twice(seed: int) -> None:
    performed(seed, rough(seed))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_folded_does_not_stay_but_where_quarantined_facts_stand(seed: int) -> None:
    stage, rows = performed(seed, CALM)
    # Whoever comes to a roster slot that was deleted at once writes a lane that nobody counts,
    # finds that out, and writes again elsewhere: of such a lane there is no row.
    known = {*rows["lanes"]}
    standing = {key for key in stage.world.store.objects if known & {*key.split("/")}}
    spared = {(fact.lane, fact.slot) for fact in rows["quarantine"]}
    assert len(rows["notes"]) > 0
    assert standing == {keys.lane_slot(lane, slot) for lane, slot in spared}
    assert rows["lanes"].keys() == {*rows["open"], *(lane for lane, _ in spared)}


def test_a_process_whose_folded_lane_was_forgotten_goes_on_taking_facts() -> None:
    driven = Driven([LEDGER])

    async def work(database: Database) -> int:
        ingester, folder = Ingester(database), Folder(database)
        await ingester.append([noted("a", 0)])
        await ingester.close()
        await folder.step()
        await collect_below(database, await database.asked(watermarks))
        await database.runtime.sleep(2 * BACKLOG_SECONDS_MAX)
        await ingester.append([noted("a", 1)])
        return await folder.step()

    assert driven.do("p0", work) == 1


def written_unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slot that was won is taken for one that is read."""

    async def believed(self: LaneWriter, *place: object) -> bool:
        return True

    monkeypatch.setattr(LaneWriter, "_is_read", believed)


def quarantine_not_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is deleted although a later release may fold what stands in it."""
    monkeypatch.setattr(collecting, "_quarantined", lambda *lane: [])


def released_beyond_the_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch more is released than was folded."""
    lanes, end = collecting.watermarks, keeping.folded_to

    def further(state: State) -> dict[str, int]:
        return {name: slot + 1 for name, slot in lanes(state).items()}

    def later(state: State, lane: str) -> int | None:
        folded = end(state, lane)
        return None if folded is None else folded + 1

    monkeypatch.setattr("tests.simulation.test_lane_collecting.watermarks", further)
    monkeypatch.setattr(keeping, "folded_to", later)


CAUGHT: list[tuple[Callable[[pytest.MonkeyPatch], None], str]] = [
    (written_unproven, "L2"),
    (quarantine_not_spared, "L6"),
    (released_beyond_the_fold, "L2"),
]


@pytest.mark.parametrize(("sin", "law"), CAUGHT, ids=[sin.__name__ for sin, _ in CAUGHT])
def test_a_wrong_collector_of_lanes_breaks_its_law(
    sin: Callable[[pytest.MonkeyPatch], None], law: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sin(monkeypatch)
    for seed in SEEDS_TO_CATCH:
        try:
            performed(seed, rough(seed))
        except Violation as violation:
            assert str(violation).startswith(law)
            return
    raise AssertionError(f"survived {len(SEEDS_TO_CATCH)} seeds")
