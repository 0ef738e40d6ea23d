"""A patrol beside ingesters, folders and a collector under every fault: it accuses nobody wrongly,
and brings what nobody announced to the state.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arco.engine.database import Database
from arco.engine.lanes.collecting import collect_below, watermarks
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.ingest import Ingester
from arco.engine.lanes.lane import LaneWriter
from arco.engine.rounds.patrol import Patrol
from arco.engine.rounds.standing import standing
from arco.ids import new_ulid
from arco.testing.world import Violation, World
from tests.simulation.lane_stages import (
    SILENT_SECONDS,
    LaneStage,
    check_counted_once,
    play,
    rough,
)

SEEDS = range(40)
KINDS = ("log", "snapshots", "lanes", "strays")
ROUNDS_PER_LIFE = 3
EVERY = timedelta(seconds=1)


class Patroller(Folder):
    """Goes round after its first folds, and folds what that brought to light."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, silent_seconds=SILENT_SECONDS)
        self._patrol = Patrol(database, every=EVERY)
        self._rounds = 0

    async def step(self) -> int:
        folded = await super().step()
        if self._rounds == ROUNDS_PER_LIFE:
            return folded
        self._rounds += 1
        await self._database.runtime.sleep(2 * EVERY.total_seconds())
        for _ in KINDS:
            await self._patrol.step()
            harms = await self._database.asked(lambda state: standing(state).harms)
            if harms:
                raise Violation("nobody is accused wrongly", str(harms[0]))
        return folded + await super().step()


class CollectingPatroller(Patroller):
    """Deletes whatever is folded, at once: what is gone rightly is not damage."""

    async def step(self) -> int:
        folded = await super().step()
        await collect_below(self._database, await self._database.asked(watermarks))
        return folded


class Unannounced(LaneWriter):
    """Its lanes are on no roster, though it takes them for registered."""

    async def _opened(self) -> str:
        if not self._lane:
            self._lane, self._next = new_ulid(self._database.runtime), 0
            self._number = 10**9
        return self._lane


def unannounced(database: Database) -> Ingester:
    made = Ingester(database)
    made._lane = Unannounced(database)
    return made


def performed(stage: LaneStage) -> dict[str, Any]:
    """The rows after a play in which nothing was lost or doubled."""
    rows = play(stage)
    check_counted_once(stage, rows)
    return rows


@pytest.mark.parametrize("seed", SEEDS)
def test_a_patrol_finds_nothing_where_nothing_is_damaged(seed: int) -> None:
    performed(LaneStage(World(seed, faults=rough(seed)), folder=CollectingPatroller))


@pytest.mark.parametrize("seed", SEEDS)
def test_facts_of_lanes_that_nobody_announced_are_folded_all_the_same(seed: int) -> None:
    stage = LaneStage(World(seed, faults=rough(seed)), folder=Patroller, ingester=unannounced)
    assert performed(stage)["notes"]
