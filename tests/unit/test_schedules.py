"""Schedules: each tick is decided once, and what becomes of it is on record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from arco.errors import Conflict, Forbidden, Invalid, NotFound
from arco.model import Decision, Event, State
from arco.orchestration.commands.runs import TriggerRun
from arco.orchestration.commands.schedules import (
    DefineSchedules,
    FireSchedule,
    define_schedules,
    disable_schedule,
    enable_schedule,
    fire_schedule,
    schedule_problems,
)
from arco.orchestration.controllers import next_due
from arco.orchestration.definitions import ScheduleDefinition
from arco.orchestration.domain import DOMAIN
from arco.orchestration.rows import Run
from arco.orchestration.schedules import (
    QUEUED_TICKS,
    SCHEDULE_TICKS,
    SCHEDULES,
    TICKS_KEPT,
    DefinedSchedule,
    Schedule,
    SchedulesDefined,
    ScheduleTick,
    TickOutcome,
)
from arco.orchestration.states import RunState
from arco.orchestration.tables import RUNS
from arco.testing.folding import MemoryState
from arco.testing.orchestration_samples import SCOPE, START, Bench, asset

HOUR = 3600.0


def scheduled(bench: Bench, *definitions: ScheduleDefinition, project: str = "demo") -> Bench:
    """The bench, with these schedules and no others."""
    command = DefineSchedules(project=project, deployment_id="D", schedules=definitions)
    bench.ask(define_schedules(command))
    return bench


def shop(**declared: Any) -> Bench:
    """Two assets, and a schedule of every hour."""
    bench = Bench()
    bench.deploy(asset("raw.orders"), asset("marts.sales", "raw.orders"))
    return scheduled(bench, hourly(**declared))


def hourly(**declared: Any) -> ScheduleDefinition:
    return ScheduleDefinition(**{"name": "hourly", "cron": "@hourly", **declared})


def row(bench: Bench) -> Schedule:
    found = bench.state.get(SCHEDULES, "hourly")
    assert found is not None
    return found


def ticks(bench: Bench) -> list[tuple[str, TickOutcome]]:
    """The hour and minute of every tick, and what it came to."""
    rows = bench.state.range(SCHEDULE_TICKS, "hourly")
    return [(each.scheduled_for.strftime("%H:%M"), each.outcome) for each in rows]


def runs(bench: Bench) -> list[Run]:
    return sorted(bench.state.range(RUNS), key=lambda run: run.number)


def finish(bench: Bench) -> None:
    """The newest run ends well."""
    run_id = runs(bench)[-1].run_id
    for key in ("raw.orders", "marts.sales"):
        bench.succeed(run_id, key)


def test_a_tick_starts_one_run_and_the_next_one_is_due() -> None:
    bench = shop()
    bench.wait(HOUR)
    assert ticks(bench) == [("13:00", TickOutcome.STARTED)]
    (run,) = runs(bench)
    assert run.run_key == f"sched:hourly:{int(bench.now.timestamp())}"
    assert row(bench).last_run_id == run.run_id
    assert next_due(bench.state) == START + timedelta(hours=2)
    assert not bench.look(), "the same instant has nothing more to say"


def test_a_source_runs_again_at_every_tick_and_so_does_what_is_made_from_it() -> None:
    bench = shop()
    for _ in range(2):
        bench.wait(HOUR)
        finish(bench)
    assert [run.total for run in runs(bench)] == [2, 2]


def test_with_nothing_stale_a_schedule_of_stale_partitions_says_so() -> None:
    bench = shop(which="stale", selection=("raw.orders",))
    bench.wait(HOUR)
    bench.succeed(runs(bench)[-1].run_id, "raw.orders")
    bench.wait(HOUR)
    assert ticks(bench)[-1] == ("14:00", TickOutcome.FRESH)


def test_a_tick_during_the_run_before_is_skipped() -> None:
    bench = shop()
    bench.wait(HOUR)
    bench.wait(HOUR)
    assert ticks(bench)[-1] == ("14:00", TickOutcome.OVERLAPPED)
    assert len(runs(bench)) == 1


def test_queue_one_keeps_the_first_tick_waiting_and_skips_the_others() -> None:
    bench = shop(overlap="queue_one")
    for _ in range(3):
        bench.wait(HOUR)
    outcomes = [TickOutcome.STARTED, TickOutcome.QUEUED, TickOutcome.OVERLAPPED]
    assert [outcome for _, outcome in ticks(bench)] == outcomes
    finish(bench)
    assert [outcome for _, outcome in ticks(bench)][1] is TickOutcome.STARTED
    assert len(runs(bench)) == 2


def test_queue_all_starts_every_tick_one_after_another() -> None:
    bench = shop(overlap="queue_all")
    for _ in range(4):
        bench.wait(HOUR)
    for _ in range(4):
        finish(bench)
    assert {outcome for _, outcome in ticks(bench)} == {TickOutcome.STARTED}
    assert len(runs(bench)) == 4
    assert not list(bench.state.range(QUEUED_TICKS))


def test_cancel_running_stops_the_run_before_and_takes_its_place() -> None:
    bench = shop(overlap="cancel_running")
    bench.wait(HOUR)
    bench.wait(HOUR)
    first = runs(bench)[0]
    assert first.cancel_requested
    assert ticks(bench)[-1] == ("14:00", TickOutcome.QUEUED)
    bench.fail(first.run_id, "raw.orders")
    assert [run.state for run in runs(bench)] == [RunState.CANCELLED, RunState.RUNNING]


def test_allowed_ticks_overlap() -> None:
    bench = shop(overlap="allow")
    bench.wait(HOUR)
    bench.wait(HOUR)
    assert len(runs(bench)) == 2


def test_after_a_pause_the_newest_ticks_are_caught_up_and_the_others_count_as_missed() -> None:
    bench = shop(catch_up_max=2, overlap="allow")
    bench.wait(5 * HOUR)
    assert ticks(bench) == [
        ("15:00", TickOutcome.MISSED),
        ("16:00", TickOutcome.STARTED),
        ("17:00", TickOutcome.STARTED),
    ]
    missed = next(iter(bench.state.range(SCHEDULE_TICKS, "hourly")))
    assert missed.missed == 3


def test_what_is_older_than_the_catch_up_window_is_missed() -> None:
    bench = shop(catch_up_ms=60_000)
    bench.wait(HOUR + 61)
    assert ticks(bench) == [("13:00", TickOutcome.MISSED)]
    bench.wait(HOUR - 61)
    assert ticks(bench)[-1] == ("14:00", TickOutcome.STARTED)


def test_a_year_without_anybody_is_caught_up_in_one_step() -> None:
    bench = shop(cron="* * * * * *", catch_up_max=3, overlap="allow")
    bench.wait(365 * 24 * HOUR)
    found = list(bench.state.range(SCHEDULE_TICKS, "hourly"))
    assert [each.outcome for each in found] == [TickOutcome.MISSED, *[TickOutcome.STARTED] * 3]
    assert found[0].missed == 1000, "counted so far and no further"


def test_a_schedule_that_is_off_records_its_ticks_and_starts_nothing() -> None:
    bench = shop()
    bench.ask(disable_schedule("hourly"))
    bench.wait(HOUR)
    assert ticks(bench) == [("13:00", TickOutcome.DISABLED)]
    bench.ask(enable_schedule("hourly"))
    assert not runs(bench), "switching on starts nothing of the past"
    bench.wait(HOUR)
    assert ticks(bench)[-1] == ("14:00", TickOutcome.STARTED)


def test_switching_twice_changes_nothing() -> None:
    bench = shop()
    assert bench.ask(disable_schedule("hourly"))
    assert not bench.ask(disable_schedule("hourly"))
    assert bench.ask(enable_schedule("hourly"))
    assert not bench.ask(enable_schedule("hourly"))


def test_an_edited_expression_never_runs_the_past() -> None:
    bench = shop()
    bench.now += timedelta(hours=3, minutes=10)
    scheduled(bench, hourly(cron="*/30 * * * *"))
    assert not ticks(bench)
    assert row(bench).next_at == START + timedelta(hours=3, minutes=30)


def test_an_edit_of_anything_else_keeps_what_is_due() -> None:
    bench = shop()
    bench.now += timedelta(hours=1, minutes=10)
    command = DefineSchedules(
        project="demo", deployment_id="D2", schedules=(hourly(description="Every hour."),)
    )
    said = bench.ask(define_schedules(command))
    assert isinstance(said[0], SchedulesDefined)
    assert ticks(bench) == [("13:00", TickOutcome.STARTED)]


def test_an_operator_s_switch_outlives_a_deployment() -> None:
    bench = shop()
    bench.ask(disable_schedule("hourly"))
    scheduled(bench, hourly(description="Every hour."))
    assert not row(bench).enabled
    scheduled(bench, hourly(enabled=False))
    scheduled(bench, hourly(enabled=True))
    assert row(bench).enabled


def test_a_schedule_removed_from_the_code_stops_and_lets_go_of_what_waits() -> None:
    bench = shop(overlap="queue_one")
    bench.wait(HOUR)
    bench.wait(HOUR)
    scheduled(bench)
    finish(bench)
    bench.wait(2 * HOUR)
    assert ticks(bench) == [("13:00", TickOutcome.STARTED), ("14:00", TickOutcome.REMOVED)]
    assert len(runs(bench)) == 1
    assert next_due(bench.state) is None
    with pytest.raises(NotFound, match="no schedule"):
        bench.ask(enable_schedule("hourly"))


def test_a_schedule_that_comes_back_begins_again() -> None:
    bench = shop()
    scheduled(bench)
    bench.wait(3 * HOUR)
    scheduled(bench, hourly())
    assert not ticks(bench)
    assert row(bench).next_at == START + timedelta(hours=4)


def test_a_run_that_cannot_be_planned_is_refused_and_the_next_tick_comes() -> None:
    bench = shop(selection=("gone.*",))
    bench.wait(HOUR)
    (tick,) = bench.state.range(SCHEDULE_TICKS, "hourly")
    assert tick.outcome is TickOutcome.REFUSED
    assert "gone.*" in tick.message
    assert row(bench).next_at == START + timedelta(hours=2)


def test_a_schedule_is_fired_by_hand_though_it_is_off() -> None:
    bench = shop()
    bench.ask(disable_schedule("hourly"))
    bench.wait(60)
    command = FireSchedule(name="hourly", scope=SCOPE, actor="ann")
    bench.ask(fire_schedule(command))
    (tick,) = bench.state.range(SCHEDULE_TICKS, "hourly")
    assert (tick.outcome, tick.actor) == (TickOutcome.STARTED, "ann")
    assert runs(bench)[0].actor == "ann"
    assert not bench.ask(fire_schedule(command)), "the same instant fires once"
    assert row(bench).next_at == START + timedelta(hours=1)


def test_who_may_not_run_it_is_refused_and_leaves_no_tick() -> None:
    bench = shop()

    def forbidding(run: TriggerRun) -> Decision:
        def refuse(state: State, now: datetime) -> Sequence[Event]:
            raise Forbidden("ACCESS_DENIED", f"{run.actor} may not run it")

        return refuse

    command = FireSchedule(name="hourly", scope=SCOPE, actor="eve")
    with pytest.raises(Forbidden, match="eve may not"):
        bench.ask(fire_schedule(command, forbidding))
    assert not ticks(bench)


def test_another_project_s_schedule_is_not_taken() -> None:
    bench = shop()
    with pytest.raises(Conflict, match="belongs to project 'demo'"):
        scheduled(bench, hourly(), project="other")


def test_old_ticks_are_forgotten_as_others_come() -> None:
    bench = shop(cron="* * * * *", which="stale")
    bench.ask(disable_schedule("hourly"))
    for _ in range(TICKS_KEPT + 5):
        bench.wait(60)
    assert len(list(bench.state.range(SCHEDULE_TICKS, "hourly"))) == TICKS_KEPT
    assert row(bench).ticks == TICKS_KEPT


def test_every_event_a_second_time_changes_nothing() -> None:
    bench = shop(overlap="queue_one", catch_up_max=3)
    bench.wait(HOUR)
    bench.wait(3 * HOUR)
    finish(bench)
    again = MemoryState(DOMAIN)
    for payload in bench.history:
        again.fold([payload, payload])
    assert again.dump() == bench.state.dump()


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"cron": "61 * * * *"}, "is no minute"),
        ({"cron": "0 0 30 2 *"}, "never fires"),
        ({"timezone": "Mars/Olympus"}, "is no time zone"),
        ({"name": "No Name"}, "its name is lower-case"),
        ({"catch_up_max": 0}, "it is 1 to 1000"),
        ({"catch_up_ms": -1}, "is negative"),
        ({"selection": ("nothing.*",)}, "No asset matches"),
    ],
)
def test_what_cannot_be_deployed_is_a_sentence(declared: dict[str, Any], says: str) -> None:
    assets = {"raw.orders": asset("raw.orders")}
    problems = [sentence for _, sentence in schedule_problems([hourly(**declared)], assets)]
    assert len(problems) == 1
    assert says in problems[0]


def test_two_schedules_of_one_name_are_refused() -> None:
    assets = {"raw.orders": asset("raw.orders")}
    problems = list(schedule_problems([hourly(), hourly()], assets))
    assert "defined 2 times" in problems[0][1]


def test_a_zone_that_cannot_be_read_is_not_deployed() -> None:
    with pytest.raises(Invalid, match="is no time zone"):
        shop(timezone="Mars/Olympus")


def test_a_zone_that_the_database_lost_is_told_and_tried_again_a_day_later() -> None:
    bench = shop()
    lost = DefinedSchedule(hourly(timezone="Mars/Olympus"), START + timedelta(hours=1))
    bench.state.fold(
        [SchedulesDefined(project="demo", deployment_id="D2", schedules=(lost,), defined_at=START)]
    )
    bench.wait(HOUR)
    assert ticks(bench) == [("13:00", TickOutcome.REFUSED)]
    assert row(bench).next_at == bench.now + timedelta(days=1)


def first_tick(bench: Bench) -> ScheduleTick:
    return next(iter(bench.state.range(SCHEDULE_TICKS, "hourly")))


def test_the_tick_tells_when_it_was_due_and_when_it_was_decided() -> None:
    bench = shop()
    bench.wait(HOUR + 5)
    tick = first_tick(bench)
    assert tick.scheduled_for == datetime(2026, 3, 1, 13, tzinfo=UTC)
    assert tick.decided_at == tick.scheduled_for + timedelta(seconds=5)
