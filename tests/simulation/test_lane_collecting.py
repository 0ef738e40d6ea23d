"""Lanes that are collected as soon as they are folded, under every fault: also a writer that slept
since before its lane was sealed, folded, deleted and forgotten loses nothing it acknowledges.
"""

from __future__ import annotations

from typing import Any

import pytest

from arco.engine.database import Database
from arco.engine.lanes.collecting import collect_below, watermarks
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.lane import LaneWriter
from arco.store import keys
from arco.testing.world import CALM, Faults, Violation, World
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


class Unproven(LaneWriter):
    """A slot that was won is taken for one that is read."""

    async def _is_read(self, lane: str, slot: int) -> bool:
        return True


def performed(seed: int, faults: Faults, **parts: Any) -> tuple[LaneStage, dict[str, Any]]:
    """The stage of this seed and its rows, after a play in which nothing was lost or doubled."""
    stage = LaneStage(World(seed, faults=faults), folder=CollectingFolder, **parts)
    rows = play(stage)
    check_counted_once(stage, rows)
    return stage, rows


@pytest.mark.parametrize("seed", SEEDS)
def test_collecting_at_once_loses_nothing_and_counts_nothing_twice(seed: int) -> None:
    performed(seed, rough(seed))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_folded_does_not_stay_but_where_quarantined_facts_stand(seed: int) -> None:
    stage, rows = performed(seed, CALM)
    standing = {key for key in stage.world.store.objects if key.startswith("lanes/")}
    spared = {(fact.lane, fact.slot) for fact in rows["quarantine"]}
    assert len(rows["notes"]) > 0
    assert standing == {keys.lane_slot(lane, slot) for lane, slot in spared}
    assert rows["lanes"].keys() == {*rows["open"], *(lane for lane, _ in spared)}


def test_a_writer_that_does_not_ask_the_log_loses_what_it_acknowledged() -> None:
    def ingester(database: Database) -> Ingester:
        made = Ingester(database)
        made._lane = Unproven(database)
        return made

    for seed in SEEDS_TO_CATCH:
        try:
            performed(seed, rough(seed), ingester=ingester)
        except Violation as violation:
            assert str(violation).startswith("L2")
            return
    raise AssertionError(f"survived {len(SEEDS_TO_CATCH)} seeds")
