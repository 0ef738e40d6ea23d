"""Processes that publish snapshots all the time and race each other: state is still one slot's."""

from __future__ import annotations

import msgspec
import pytest

from arco.testing.actors import Cast, Stage
from arco.testing.campaign import Play, Tally, campaign, judge, shrunk
from arco.testing.network import Fate, Weather
from arco.testing.scheduler import SECOND_US
from arco.testing.world import CALM, Faults, Mishaps, World
from tests.simulation.stages import findings, open_with_snapshots

CAMPAIGN = "snapshots"
SHARE_OF_SEEDS = 50
ROUGH = Weather(
    rates={
        Fate.UNANSWERED: 0.05,
        Fate.REPEATED: 0.05,
        Fate.REFUSED: 0.05,
        Fate.TRUNCATED: 0.05,
        Fate.FLIPPED: 0.05,
        Fate.HINT_STALE: 0.2,
    }
)
# Absences stay short: snapshots are published by the clock, and every tick of a lonely night costs.
CRASHES = Mishaps(
    crash=True,
    pause=True,
    interval_us=(50_000, 2 * SECOND_US),
    absence_us=(1_000, 20 * SECOND_US),
    pause_us=(1_000, 20 * SECOND_US),
)
PLAY = Play(
    open_with_snapshots,
    Cast(processes=3, clients=2, wishes=8),
    Faults(weather=ROUGH, mishaps=CRASHES, heal_after_us=60 * SECOND_US),
)


@pytest.mark.timeout(0)
def test_no_world_with_snapshots_breaks_a_law(shard: range, tally: Tally) -> None:
    failure = campaign(PLAY, shard, tally=tally)
    assert failure is None, shrunk(PLAY, failure).report()


def test_a_new_life_reads_snapshot_and_tail_as_if_it_had_folded_the_whole_log() -> None:
    stage = Stage(World(3, faults=CALM), open_with_snapshots)
    cast = Cast(processes=2, clients=2, wishes=20, kinds=("take", "free", "add"))
    world = judge(stage, cast)
    published = [key for key in world.store.objects if key.endswith("/index.json")]
    assert len(published) > 3
    assert findings(world) == []


def test_racing_publishers_never_name_the_same_file() -> None:
    rough = msgspec.structs.replace(PLAY, faults=Faults(weather=Weather(rates={Fate.SLOW: 0.3})))
    for seed in range(5):
        stage = Stage(World(seed, faults=rough.faults), open_with_snapshots)
        world = judge(stage, rough.cast)
        created = [
            applied.operation.key
            for applied in world.store.journal
            if applied.operation.verb == "create" and applied.operation.key.startswith("data/")
        ]
        assert len(created) == len(set(created))
