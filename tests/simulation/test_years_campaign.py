"""Years of virtual time: a workspace runs by itself, whatever dies, sleeps or loses its answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arco.testing.campaign import Tally
from arco.testing.process import BEGINNING
from arco.testing.world import CALM, World
from tests.simulation.years_endings import lived
from tests.simulation.years_stages import paced, rough

CAMPAIGN = "years"
SHARE_OF_SEEDS = 5_000
DAYS = 150
"""Of trouble in each life; then it heals and rests. Twenty lives are more than ten years."""
MONTH = timedelta(days=30)


@pytest.fixture(autouse=True)
def _pace(monkeypatch: pytest.MonkeyPatch) -> None:
    paced(monkeypatch)


def life(seed: int):  # type: ignore[no-untyped-def]
    """The life of this seed: it begins in some month of some year."""
    world = World(seed, faults=rough(World(seed, faults=CALM), days=DAYS))
    return lived(world, days=DAYS, begins=BEGINNING + seed % 60 * MONTH)


@pytest.mark.timeout(0)
def test_years_pass_and_nothing_is_missed_doubled_or_left(shard: range, tally: Tally) -> None:
    for seed in shard:
        try:
            stage, account = life(seed)
        except Exception as error:
            replay = f"replay: pytest tests/simulation/test_years_campaign.py --seed {seed}"
            raise AssertionError(f"seed={seed}: {error}\n{replay}") from error
        tally.add(stage.world)
        tally.answers.update(account.met)
