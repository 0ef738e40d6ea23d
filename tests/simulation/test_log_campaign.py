"""Seeded worlds full of faults: no seed breaks a law, and the same seed is the same history."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given

from arco.testing.actors import Cast, Stage
from arco.testing.campaign import Play, attempt, campaign, judge, perform, shrunk
from arco.testing.network import Fate
from arco.testing.strategies import casts, fault_sets, seed_numbers
from arco.testing.world import Faults, World
from tests.simulation.stages import open_database

ROOT = Path(__file__).parents[2]
LOG = Play(open_database)
SAME_SEEDS = range(12)
SHARDS = 4


@pytest.mark.timeout(0)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_world_breaks_a_law_of_the_log(seeds: range, shard: int) -> None:
    failure = campaign(LOG, seeds[shard::SHARDS])
    assert failure is None, shrunk(LOG, failure).report()


@given(seed_numbers, fault_sets(), casts())
def test_no_combination_of_faults_breaks_a_law_of_the_log(
    seed: int, faults: Faults, cast: Cast
) -> None:
    failure = attempt(Play(open_database, cast, faults), seed)
    assert failure is None, failure.report()


def test_a_seed_twice_is_the_same_history() -> None:
    for seed in SAME_SEEDS:
        first, second = perform(LOG, seed), perform(LOG, seed)
        assert first.trace.lines == second.trace.lines


def test_a_tape_replays_the_history_it_was_recorded_from() -> None:
    for seed in SAME_SEEDS:
        world = perform(LOG, seed)
        assert perform(LOG, seed, tape=world.tape).trace.hash() == world.trace.hash()


def test_other_processes_with_other_hash_seeds_see_the_same_histories() -> None:
    ours = [perform(LOG, seed).trace.hash() for seed in SAME_SEEDS]
    assert hashes_elsewhere("1") == ours
    assert hashes_elsewhere("4242") == ours


def hashes_elsewhere(hash_seed: str) -> list[str]:
    """The trace hashes that a fresh interpreter computes."""
    program = (
        "from tests.simulation.test_log_campaign import LOG, SAME_SEEDS, perform\n"
        "for seed in SAME_SEEDS: print(perform(LOG, seed).trace.hash())"
    )
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


def test_seeds_differ_from_each_other() -> None:
    assert len({perform(LOG, seed).trace.hash() for seed in SAME_SEEDS}) == len(SAME_SEEDS)


def test_the_campaign_meets_every_fault_and_every_answer() -> None:
    lines: list[str] = []
    verdicts: set[str] = set()
    for seed in range(80):
        stage = Stage(World(seed), open_database)
        lines += judge(stage, Cast()).trace.lines
        verdicts |= {answer.verdict for answer in stage.history.answers}
    words = {word for line in lines for word in line.split()}
    assert {fate.value for fate in Fate} <= words
    assert {"crashed", "restarted", "paused", "woke", "stepped", "paced"} <= words
    assert verdicts == {"acknowledged", "refused", "unknown"}
