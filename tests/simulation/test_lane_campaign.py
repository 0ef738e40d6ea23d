"""Ingesters, sealers and racing folders under every fault: nothing acknowledged is lost, nothing
counts twice, at whatever point a process dies.
"""

from __future__ import annotations

from functools import partial

import pytest

from arco.engine.lanes.folder import Folder
from arco.testing.campaign import Tally
from arco.testing.world import CALM, World
from tests.simulation.lane_stages import LaneStage, judge_lanes, perform_lanes

CAMPAIGN = "lanes"
SHARE_OF_SEEDS = 25
CRASHES_MAX = 400


@pytest.mark.timeout(0)
def test_no_world_with_lanes_breaks_a_law(shard: range, tally: Tally) -> None:
    for seed in shard:
        try:
            tally.add(perform_lanes(seed).world)
        except Exception as error:
            raise AssertionError(f"seed={seed}: {error!r}") from error


def test_facts_that_are_known_by_keys_count_once_too() -> None:
    for seed in range(40):
        perform_lanes(seed, keyed=True)


@pytest.mark.parametrize("kind", ["crash_at_turn", "crash_after_turn"])
def test_a_process_may_die_at_any_step_of_ingesting_and_folding(kind: str) -> None:
    for turn in range(1, CRASHES_MAX, 3):
        stage = LaneStage(World(5, faults=CALM))
        process = stage.world.process("p0")
        process.revival_us = 1_000_000
        getattr(process, kind)(turn)
        judge_lanes(stage)
        assert process.lives == 2 or turn > 20


def test_lanes_of_the_living_are_sealed_and_followed_by_new_ones() -> None:
    stage = perform_lanes(11, faults=CALM, folder=partial(Folder, silent_seconds=0.0))
    lanes = {told.accepted.lane for told in stage.told}
    assert len(lanes) > 3


def test_the_same_seed_is_the_same_history() -> None:
    first, second = perform_lanes(8), perform_lanes(8)
    assert first.world.trace.lines == second.world.trace.lines


def test_racing_folders_fold_every_fact_once() -> None:
    for seed in range(10):
        stage = perform_lanes(seed, faults=CALM, folder=partial(Folder, silent_seconds=60.0))
        commits = [key for key in stage.world.store.objects if key.startswith("log/")]
        folders = {
            applied.process
            for applied in stage.world.store.journal
            if applied.operation.key in commits and applied.answer is True
        }
        assert len(folders) > 1
