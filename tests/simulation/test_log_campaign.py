"""Seeded worlds full of faults: no seed breaks a law, and the same seed is the same history."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given

from arco.testing.actors import Cast
from arco.testing.campaign import Play, Tally, attempt, campaign, perform, shrunk
from arco.testing.network import Fate
from arco.testing.strategies import casts, fault_sets, seed_numbers
from arco.testing.world import Faults, Mishaps
from tests.simulation.shards import WORLDS_MIN, shards_of
from tests.simulation.stages import open_database

ROOT = Path(__file__).parents[2]
CAMPAIGN = "log"
LOG = Play(open_database)
SAME_SEEDS = range(12)


@pytest.mark.timeout(0)
def test_no_world_breaks_a_law_of_the_log(shard: range, tally: Tally) -> None:
    failure = campaign(LOG, shard, tally=tally)
    assert failure is None, shrunk(LOG, failure).report()
    assert tally.schedules == len(shard)


@pytest.mark.parametrize("seeds", [1, 20, 200, 4_999, 50_000])
@pytest.mark.parametrize("share", [1, 25, 200])
def test_the_shards_of_a_campaign_are_each_of_its_seeds_once(seeds: int, share: int) -> None:
    shards = shards_of(seeds, first=7, share=share)
    worlds = max(min(seeds, WORLDS_MIN), seeds // share)
    assert [seed for shard in shards for seed in shard] == list(range(7, 7 + worlds))


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
    tally = Tally()
    assert campaign(LOG, range(200), tally=tally) is None
    mishaps = Mishaps(*[True] * 6).kinds()
    assert tally.faults.keys() == {*Fate, *mishaps} - {Fate.DELIVERED}
    assert tally.answers.keys() == {"acknowledged", "refused", "unknown", "read"}
