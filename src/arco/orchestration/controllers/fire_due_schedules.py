"""Promise: every tick of every schedule is decided once: it starts a run, or says why it does not.

Law C1: what is decided lies before the schedule's next time. Law C4: a tick's row tells its
outcome. Exactly one run per tick: the run key is the tick. Must not know who executes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile

import msgspec

from arco.errors import Conflict
from arco.model import Event, State
from arco.orchestration.commands.runs import CancelRun, cancel_run, trigger_run
from arco.orchestration.cron import last_occurrences, next_occurrence, occurrences, parse_cron
from arco.orchestration.schedules import (
    DUE_SCHEDULES,
    QUEUED_TICKS,
    SCHEDULES,
    Schedule,
    ScheduleAdvanced,
    ScheduleTicked,
    TickOutcome,
)
from arco.orchestration.settling import is_running
from arco.orchestration.tables import RUNS
from arco.orchestration.ticking import ACTOR, RunScope, fired, run_of_tick, ticked, undecided

COUNTED_MAX = 1_000
"""Missed ticks are counted up to here: a schedule of every second misses many overnight."""
INSTANT = timedelta(microseconds=1)
UNKNOWN_ZONE_DELAY = timedelta(days=1)
"""A zone that the database lost may come back with the next one."""
WAITING_POLICIES = ("queue_one", "queue_all", "cancel_running")


class DueTicks(msgspec.Struct, frozen=True, kw_only=True):
    """What fell due at once: those to start, those that are given up, and what follows."""

    kept: tuple[datetime, ...] = ()
    missed: int = 0
    """Counted up to `COUNTED_MAX`."""
    last_missed: datetime | None = None
    next_at: datetime | None


class Clockwork:
    """The controller of one workspace's schedules."""

    def __init__(self, scope: RunScope) -> None:
        self._scope = scope

    def decide(self, state: State, now: datetime) -> Sequence[Event]:
        """Every tick that is due, and queued ones whose turn has come.

        Cost: the schedules that are due and the ticks that wait.
        """
        events: list[Event] = []
        for due in takewhile(lambda row: row.due_at <= now, state.range(DUE_SCHEDULES)):
            schedule = state.get(SCHEDULES, due.name)
            if schedule is not None:
                events += self._due(state, schedule, now=now)
        if not events:
            events += self._queued(state, now)
        return events

    def _due(self, state: State, schedule: Schedule, *, now: datetime) -> Iterator[Event]:
        try:
            ticks = due_ticks(schedule, now)
        except ValueError as error:
            yield from _unreadable(schedule, error, now=now)
            return
        if ticks.last_missed is not None:
            missed = undecided(schedule, ticks.last_missed, now=now)
            yield ticked(missed, outcome=TickOutcome.MISSED, missed=ticks.missed)
        running = is_running(state.get(RUNS, schedule.last_run_id))
        waiting = any(True for _ in state.range(QUEUED_TICKS, schedule.name))
        for scheduled_for in ticks.kept:
            tick = undecided(schedule, scheduled_for, now=now)
            held = _held(schedule, running=running, waiting=waiting)
            if held is not None:
                yield from _interrupted(state, schedule, now=now) if running else ()
                yield ticked(tick, outcome=held)
                waiting = waiting or held is TickOutcome.QUEUED
                continue
            run = self._fire(state, schedule, tick=tick)
            running = running or len(run) > 1
            yield from run
        yield Event(ScheduleAdvanced(name=schedule.name, next_at=ticks.next_at), ACTOR)

    def _queued(self, state: State, now: datetime) -> Iterator[Event]:
        """The first waiting tick of every schedule whose last run has ended."""
        seen: set[str] = set()
        for queued in state.range(QUEUED_TICKS):
            schedule = state.get(SCHEDULES, queued.schedule)
            if schedule is None or queued.schedule in seen:
                continue
            seen.add(queued.schedule)
            if is_running(state.get(RUNS, schedule.last_run_id)):
                continue
            tick = undecided(schedule, queued.scheduled_for, now=now)
            if schedule.enabled:
                yield from self._fire(state, schedule, tick=tick)
            else:
                yield ticked(tick, outcome=TickOutcome.DISABLED)

    def _fire(self, state: State, schedule: Schedule, *, tick: ScheduleTicked) -> Sequence[Event]:
        command = run_of_tick(schedule, tick, scope=self._scope)
        return fired(state, tick, command=command, trigger=trigger_run(command))


def due_ticks(schedule: Schedule, now: datetime) -> DueTicks:
    """What fell due since the schedule's next time.

    Cost: the ticks that are started and those that are counted, however long nobody looked.

    Raises: ValueError when its zone is no longer known.
    """
    definition, since = schedule.definition, schedule.next_at
    if since is None or since > now:
        return DueTicks(next_at=since)
    cron, timezone = parse_cron(definition.cron), definition.timezone
    oldest = max(since, now - timedelta(milliseconds=definition.catch_up_ms))
    kept = last_occurrences(cron, timezone, span=(oldest, now), count=definition.catch_up_max)
    ends = kept[0] if kept else now + INSTANT
    earlier = takewhile(lambda at: at < ends, occurrences(cron, timezone, after=since - INSTANT))
    missed = list(islice(earlier, COUNTED_MAX))
    return DueTicks(
        kept=tuple(kept),
        missed=len(missed),
        last_missed=missed[-1] if missed else None,
        next_at=next_occurrence(cron, timezone, after=now),
    )


def next_tick(state: State) -> datetime | None:
    """When `decide` will next have something to say if nothing else happens; None: never."""
    first = next(iter(state.range(DUE_SCHEDULES)), None)
    return first.due_at if first else None


def _held(schedule: Schedule, *, running: bool, waiting: bool) -> TickOutcome | None:
    """Why a tick does not start now; None: it does."""
    if not schedule.enabled:
        return TickOutcome.DISABLED
    overlap = schedule.definition.overlap
    if overlap == "allow" or not (running or waiting):
        return None
    if overlap == "queue_all" or (overlap in WAITING_POLICIES and not waiting):
        return TickOutcome.QUEUED
    return TickOutcome.OVERLAPPED


def _interrupted(state: State, schedule: Schedule, *, now: datetime) -> Iterator[Event]:
    """The run before is asked to stop, where the schedule says so and it can still be stopped."""
    run = state.get(RUNS, schedule.last_run_id)
    wanted = schedule.enabled and schedule.definition.overlap == "cancel_running"
    if not wanted or run is None or not is_running(run) or run.cancel_requested:
        return
    reason = f"schedule {schedule.name} was due again"
    try:
        yield from cancel_run(CancelRun(run_id=run.run_id, actor=ACTOR, reason=reason))(state, now)
    except Conflict:
        # It is being published: the tick waits for it.
        return


def _unreadable(schedule: Schedule, error: ValueError, *, now: datetime) -> Iterator[Event]:
    tick = undecided(schedule, schedule.next_at or now, now=now)
    yield ticked(tick, outcome=TickOutcome.REFUSED, message=str(error))
    yield Event(ScheduleAdvanced(name=schedule.name, next_at=now + UNKNOWN_ZONE_DELAY), ACTOR)


__all__ = ["Clockwork", "DueTicks", "due_ticks", "next_tick"]
