"""Nobody waits for ever: writers that never rest take turns, and an occasional one gets its own."""

from __future__ import annotations

import pytest

from arco.engine.fairness import Fairness
from arco.testing.actors import Cast, Kind, Stage
from arco.testing.campaign import judge
from arco.testing.network import Weather
from arco.testing.scheduler import SECOND_US
from arco.testing.world import Faults, World
from tests.simulation.stages import client, open_database

ROUND_TRIP_US = 50_000
BUSY: list[tuple[Kind, str]] = [("add", "busy")] * 60
RARE: list[tuple[Kind, str]] = [("add", "rare"), ("read", "")] * 4


@pytest.mark.parametrize("writers", [2, 4])
@pytest.mark.parametrize("seed", range(5))
def test_writers_that_never_rest_wait_at_most_two_seconds_for_each_other(
    seed: int, writers: int
) -> None:
    assert max(waits_us(seed, writers=writers)) <= 2 * SECOND_US


def test_writers_that_take_no_turns_keep_each_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def go_on(self: Fairness) -> None:
        return

    monkeypatch.setattr(Fairness, "give_way", go_on)
    monkeypatch.setattr(Fairness, "let_pass", go_on)
    assert any(max(waits_us(seed, writers=4)) > 2 * SECOND_US for seed in range(5))


def waits_us(seed: int, *, writers: int) -> list[int]:
    """How long each answer took, of clients that never rest."""
    weather = Weather(latency_us=(ROUND_TRIP_US // 2 - 1_000, ROUND_TRIP_US // 2))
    stage = Stage(World(seed, faults=Faults(weather=weather)), open_database)
    for writer in range(writers):
        crowd = [client(f"w{writer}.{number}", *BUSY[:30]) for number in range(4)]
        for hurried in crowd:
            hurried.think_us = (0, 0)
        stage.host(stage.world.process(f"writer-{writer}"), crowd)
    judge(stage, Cast(processes=0))
    waits = [answer.answered_us - answer.asked_us for answer in stage.history.answers]
    assert len(waits) == 4 * writers * 30
    return waits


@pytest.mark.parametrize("seed", range(10))
def test_an_occasional_writer_waits_at_most_two_seconds_beside_a_busy_one(seed: int) -> None:
    weather = Weather(latency_us=(ROUND_TRIP_US // 2 - 1_000, ROUND_TRIP_US // 2))
    stage = Stage(World(seed, faults=Faults(weather=weather)), open_database)
    busy = [client(f"b{number}", *BUSY) for number in range(4)]
    for hurried in busy:
        hurried.think_us = (0, 0)
    stage.host(stage.world.process("busy"), busy)
    stage.host(stage.world.process("occasional"), [client("o", *RARE)])
    judge(stage, Cast(processes=0))
    waits = [
        answer.answered_us - answer.asked_us
        for answer in stage.history.answers
        if answer.process == "occasional"
    ]
    assert len(waits) == 4
    assert max(waits) <= 2 * SECOND_US
