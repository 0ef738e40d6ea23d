"""Processes that crash, sleep, crowd and trust wrong clocks: the engine's laws hold."""

from __future__ import annotations

from functools import partial

import msgspec
import pytest

from arco.store import keys
from arco.testing.actors import Cast, Kind, Stage
from arco.testing.campaign import judge
from arco.testing.network import Fate, Weather
from arco.testing.process import Process
from arco.testing.scheduler import SECOND_US
from arco.testing.world import CALM, DAY_US, HOUR_US, YEAR_US, Faults, Mishaps, World
from tests.simulation.stages import SLOTS, client, fault, open_database, play, verdicts

REVIVAL_US = SECOND_US
WISHES: tuple[tuple[Kind, str], ...] = (
    ("take", "a"),
    ("tally", "counter"),
    ("read", ""),
    ("free", "a"),
)


def crashing(seed: int) -> tuple[Stage, Process]:
    """A process with something to lose, beside one that competes with it."""
    stage = Stage(World(seed, faults=CALM), open_database)
    victim = stage.world.process("victim")
    victim.revival_us = REVIVAL_US
    stage.host(victim, [client("v", *WISHES), client("w", *WISHES)])
    stage.host(stage.world.process("other"), [client("o", *WISHES)])
    return stage, victim


def turns(seed: int) -> int:
    """How many steps the victim takes when nobody crashes it."""
    stage, victim = crashing(seed)
    judge(stage, Cast(processes=0))
    return victim.life.turns


@pytest.mark.parametrize("seed", range(3))
def test_a_crash_instead_of_any_step_loses_nothing(seed: int) -> None:
    for turn in range(1, turns(seed) + 1):
        stage, victim = crashing(seed)
        victim.crash_at_turn(turn)
        judge(stage, Cast(processes=0))
        assert len(stage.history.answers) == 9


@pytest.mark.parametrize("late_us", [REVIVAL_US // 10, 60 * SECOND_US])
def test_a_crash_after_any_step_leaves_requests_that_land_later_and_loses_nothing(
    late_us: int,
) -> None:
    for turn in range(1, turns(1) + 1):
        stage, victim = crashing(1)
        fault(Fate.LATE, key=SLOTS, process="victim", times=2, late_us=late_us)(stage.world)
        victim.crash_after_turn(turn)
        judge(stage, Cast(processes=0))
        assert len(stage.history.answers) == 9


@pytest.mark.parametrize("pause_us", [SECOND_US, 60 * SECOND_US, HOUR_US, 2 * DAY_US])
def test_a_pause_at_any_moment_is_survived(pause_us: int) -> None:
    for moment_us in range(10_000, 500_000, 35_000):
        stage, victim = crashing(2)
        stage.world.scheduler.after(moment_us, partial(victim.pause, pause_us))
        judge(stage, Cast(processes=0))


def test_a_suspended_machine_wakes_into_a_changed_world_and_follows() -> None:
    for moment_us in range(10_000, 500_000, 35_000):
        stage, victim = crashing(3)
        stage.world.scheduler.after(moment_us, partial(victim.suspend, 2 * DAY_US))
        judge(stage, Cast(processes=0))


@pytest.mark.parametrize(
    ("shift_us", "rate_ppm"),
    [(YEAR_US, 1_000_000), (-YEAR_US, 1_000_000), (-HOUR_US, 0), (0, 0), (0, 1_050_000)],
)
def test_no_wall_clock_orders_anything(shift_us: int, rate_ppm: int) -> None:
    for seed in range(10):
        stage = Stage(World(seed, faults=CALM), open_database)
        wrong = stage.world.process("p0")
        wrong.step_clock(shift_us)
        wrong.pace_clock(rate_ppm)
        judge(stage, Cast(processes=3, clients=1, wishes=4))


def test_clocks_that_jump_all_the_time_change_no_outcome() -> None:
    jumpy = Mishaps(step=True, freeze=True, drift=True, interval_us=(10_000, 100_000))
    for seed in range(20):
        play(seed=seed, faults=Faults(mishaps=jumpy))


def test_commit_times_never_go_back_unless_a_clock_was_far_ahead() -> None:
    stage = Stage(World(5, faults=CALM), open_database)
    stage.world.process("p0").step_clock(-60 * SECOND_US)
    stage.world.process("p1").step_clock(60 * SECOND_US)
    judge(stage, Cast(processes=2, clients=2, wishes=4, kinds=("add",)))
    objects = stage.world.store.objects
    slots = sorted(key for key in objects if key.startswith("log/"))
    times = [msgspec.json.decode(objects[key])["committed_at"] for key in slots]
    assert times == sorted(times)


def test_ten_writers_all_get_their_turn() -> None:
    stage = play(cast=Cast(processes=10, clients=1, wishes=6, kinds=("add",)))
    assert verdicts(stage, "add") == ["acknowledged"] * 60


def test_of_a_thousand_clients_who_create_one_name_exactly_one_succeeds() -> None:
    rough = Weather(rates={Fate.UNANSWERED: 0.2, Fate.ECHOED: 0.1, Fate.REFUSED: 0.1})
    stage = Stage(World(11, faults=Faults(weather=rough)), open_database)
    for number in range(10):
        clients = [client(f"p{number}.c{n}", ("take", "the-name")) for n in range(100)]
        stage.host(stage.world.process(f"p{number}"), clients)
    judge(stage, Cast(processes=0))
    told = verdicts(stage, "take")
    assert (told.count("acknowledged"), told.count("refused")) == (1, 999)


def test_two_processes_that_find_an_empty_store_agree_on_one_beginning() -> None:
    for seed in range(30):
        stage = play(seed=seed, cast=Cast(processes=4, clients=1, wishes=1, kinds=("read",)))
        creators = [
            applied
            for applied in stage.world.store.journal
            if applied.operation.key == keys.slot(0) and applied.answer is True
        ]
        assert len(creators) == 1
