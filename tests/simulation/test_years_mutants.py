"""Mistakes in what runs by itself for years: each is caught by the law it breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from arco.execution import notifying
from arco.model import Event, State
from arco.orchestration import choosing, judging, plan, pools, run_limits
from arco.orchestration.bridging import Bridged
from arco.orchestration.commands import evaluations
from arco.orchestration.controllers import (
    admit_queued_runs,
    advance_backfills,
    dispatch_ready_tasks,
    fire_due_schedules,
    watch_freshness,
)
from arco.orchestration.freshness import FreshnessMissed
from arco.orchestration.reducers import joining
from arco.orchestration.run_limits import QUEUED_RUNS, RUN_QUEUE, QueuedRun
from arco.orchestration.states import RunState
from arco.orchestration.tables import READY, RUNS
from arco.service.loop import Leader
from arco.testing.process import BEGINNING
from arco.testing.world import CALM, Violation, World
from tests.simulation.years_endings import lived
from tests.simulation.years_stages import paced, rough

DAYS = 60
SEEDS = range(8)
GAP = timedelta(days=9)
Mutant = Callable[[pytest.MonkeyPatch], None]


def a_leader_repeats_the_last_tick_after_a_gap(patch: pytest.MonkeyPatch) -> None:
    due = fire_due_schedules.due_ticks

    def again(schedule: Any, now: datetime) -> Any:
        ticks, last = due(schedule, now), schedule.last_tick_at
        if ticks.kept and last is not None and now - last > GAP:
            return msgspec.structs.replace(ticks, kept=(last, *ticks.kept))
        return ticks

    patch.setattr(fire_due_schedules, "due_ticks", again)


def catching_up_forgets_one(patch: pytest.MonkeyPatch) -> None:
    due = fire_due_schedules.due_ticks

    def fewer(schedule: Any, now: datetime) -> Any:
        ticks = due(schedule, now)
        return msgspec.structs.replace(ticks, kept=ticks.kept[-1:])

    patch.setattr(fire_due_schedules, "due_ticks", fewer)


def what_was_missed_is_not_told(patch: pytest.MonkeyPatch) -> None:
    due = fire_due_schedules.due_ticks

    def silent(schedule: Any, now: datetime) -> Any:
        return msgspec.structs.replace(due(schedule, now), missed=0, last_missed=None)

    patch.setattr(fire_due_schedules, "due_ticks", silent)


def a_tick_that_waits_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def nothing(*asked: Any) -> Iterator[Event]:
        return iter(())

    patch.setattr(fire_due_schedules.Clockwork, "_queued", nothing)


def the_cursor_moves_without_the_runs(patch: pytest.MonkeyPatch) -> None:
    def nothing(state: State, now: datetime, **asked: Any) -> Bridged:
        return Bridged(requested=len(asked["requests"]))

    patch.setattr(evaluations, "bridged", nothing)


def a_condition_is_judged_by_another_clock(patch: pytest.MonkeyPatch) -> None:
    tick = judging._tick

    def ahead(term: Any, since: datetime, *, now: datetime) -> datetime | None:
        return tick(term, since, now=now + timedelta(hours=12))

    patch.setattr(judging, "_tick", ahead)


def a_miss_is_told_twice(patch: pytest.MonkeyPatch) -> None:
    judged = watch_freshness._judged

    def twice(row: Any, now: datetime) -> Iterator[Any]:
        for payload in judged(row, now):
            yield from [payload] * (1 + isinstance(payload, FreshnessMissed))

    patch.setattr(watch_freshness, "_judged", twice)


def a_backfill_keeps_the_place_of_a_run_that_ended(patch: pytest.MonkeyPatch) -> None:
    ended = advance_backfills._ended_runs

    def fewer(state: State, row: Any) -> Sequence[Any]:
        return [each for each in ended(state, row) if each.run_id[-1] in "02468ACEGJMPRTWY"]

    patch.setattr(advance_backfills, "_ended_runs", fewer)


def a_slot_is_given_to_whoever_asks(patch: pytest.MonkeyPatch) -> None:
    def everybody(state: State, slots: Any) -> Iterator[Any]:
        known = run_limits.considered_through(state)
        return (row for row in state.range(READY) if row.run_number <= known)

    patch.setattr(dispatch_ready_tasks, "startable", everybody)


def a_slot_of_what_failed_is_never_given_back(patch: pytest.MonkeyPatch) -> None:
    taken = pools.Slots.taken

    def leaking(slots: Any, name: str) -> int:
        return taken(slots, name) + failed(slots._state)

    patch.setattr(pools.Slots, "taken", leaking)


def everybody_who_waits_is_let_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(admit_queued_runs, "admissible", in_turn)


def who_came_last_is_let_in_first(patch: pytest.MonkeyPatch) -> None:
    admissible = run_limits.admissible

    def last(state: State) -> Iterator[QueuedRun]:
        first = next(admissible(state), None)
        alike = [row for row in in_turn(state) if first and row.limits == first.limits]
        yield from alike[-1:]

    patch.setattr(admit_queued_runs, "admissible", last)


def a_hurry_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def first_come(state: State) -> Iterator[QueuedRun]:
        waiting = sorted(state.range(QUEUED_RUNS), key=lambda row: row.number)
        room = {row.run_id for row in run_limits.admissible(state)}
        yield from [row for row in waiting[:1] if room]

    patch.setattr(admit_queued_runs, "admissible", first_come)


def a_place_of_what_failed_is_never_given_back(patch: pytest.MonkeyPatch) -> None:
    running = run_limits.running_under

    def leaking(state: State) -> Any:
        found = running(state)
        found["*"] += failed(state)
        return found

    patch.setattr(run_limits, "running_under", leaking)


def in_turn(state: State) -> Iterator[QueuedRun]:
    for place in sorted(state.range(RUN_QUEUE), key=lambda place: (place.rank, place.number)):
        row = state.get(QUEUED_RUNS, place.run_id)
        assert row is not None
        yield row


def failed(state: State) -> int:
    return sum(row.state is RunState.FAILED for row in state.range(RUNS))


def who_takes_over_forgets_what_is_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Leader, "_take_over", lambda leader, state: None)


def somebody_who_was_not_there_counts_as_told(patch: pytest.MonkeyPatch) -> None:
    told = notifying.told

    async def content(workspace: Any, delivery: Any, **how: Any) -> str:
        await told(workspace, delivery, **how)
        return ""

    patch.setattr(notifying, "told", content)


def whoever_is_made_with_another_is_handed_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(plan, "_follows", lambda asset, places: False)


def one_runs_without_what_is_made_with_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(choosing, "with_families", lambda definitions, keys: tuple(sorted(keys)))


def an_attempt_forgets_what_it_made_beside(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(joining, "_waiting", lambda state, event: iter(()))


TICKS = ("every tick once", "no tick missed")
MUTANTS: Sequence[tuple[Mutant, str | tuple[str, ...]]] = (
    (a_leader_repeats_the_last_tick_after_a_gap, TICKS),
    (catching_up_forgets_one, TICKS),
    (what_was_missed_is_not_told, TICKS),
    (a_tick_that_waits_is_forgotten, "nothing is left that nobody moves"),
    (the_cursor_moves_without_the_runs, "the cursor never moves without its runs"),
    (a_condition_is_judged_by_another_clock, "conditions hold as the model says"),
    (a_miss_is_told_twice, "a miss is told once"),
    (a_backfill_keeps_the_place_of_a_run_that_ended, "nothing is left that nobody moves"),
    (a_slot_is_given_to_whoever_asks, "no slot is given twice"),
    (a_slot_of_what_failed_is_never_given_back, "nothing is left that nobody moves"),
    (everybody_who_waits_is_let_in, "no more runs than fit"),
    (who_came_last_is_let_in_first, "nobody is passed over"),
    (a_hurry_is_forgotten, "nobody is passed over"),
    (a_place_of_what_failed_is_never_given_back, "who has room is let in"),
    (who_takes_over_forgets_what_is_out, "nothing is left that nobody moves"),
    (somebody_who_was_not_there_counts_as_told, "everybody is told"),
    (whoever_is_made_with_another_is_handed_out, "one attempt makes what is made together"),
    (one_runs_without_what_is_made_with_it, "what is made together runs together"),
    (an_attempt_forgets_what_it_made_beside, "one attempt makes what is made together"),
)


def broken() -> str:
    """The law that the first of some lives breaks; empty: none does."""
    for seed in SEEDS:
        world = World(seed, faults=rough(World(seed, faults=CALM), days=DAYS))
        try:
            lived(world, days=DAYS, begins=BEGINNING)
        except Violation as violation:
            return violation.law
    return ""


@pytest.mark.timeout(0)
@pytest.mark.parametrize(("mutant", "law"), MUTANTS, ids=[each.__name__ for each, _ in MUTANTS])
def test_a_mistake_is_caught_by_the_law_it_breaks(
    mutant: Mutant, law: str | tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    paced(monkeypatch)
    mutant(monkeypatch)
    assert broken() in ((law,) if isinstance(law, str) else law)
