"""How schedules are defined, switched, and move from tick to tick.

Laws F3 and F5: a repeated event changes nothing, and no event raises. Must not know calendars: when
a schedule fires next stands in the event.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.definitions import ScheduleDefinition
from arco.orchestration.schedules import (
    DUE_SCHEDULES,
    QUEUED_TICKS,
    SCHEDULE_TICKS,
    SCHEDULES,
    TICKS_KEPT,
    DefinedSchedule,
    DueSchedule,
    QueuedTick,
    Schedule,
    ScheduleAdvanced,
    ScheduleDisabled,
    ScheduleEnabled,
    SchedulesDefined,
    ScheduleTick,
    ScheduleTicked,
    TickOutcome,
)
from arco.orchestration.settling import Changes


def schedules_defined(state: State, event: SchedulesDefined) -> Iterable[Change]:
    """The project's schedules are these; those it no longer names stop."""
    named = {each.definition.name for each in event.schedules}
    changes: Changes = []
    for row in state.range(SCHEDULES):
        if row.project == event.project and row.name not in named and not row.removed:
            changes += _removed(state, row, event=event)
    for each in event.schedules:
        changes += _defined(state, each, event=event)
    return changes


def schedule_enabled(state: State, event: ScheduleEnabled) -> Iterable[Change]:
    """Its ticks start runs again."""
    row = state.get(SCHEDULES, event.name)
    return [] if row is None or row.enabled else [Put(SCHEDULES, replace(row, enabled=True))]


def schedule_disabled(state: State, event: ScheduleDisabled) -> Iterable[Change]:
    """Its ticks start nothing."""
    row = state.get(SCHEDULES, event.name)
    return [Put(SCHEDULES, replace(row, enabled=False))] if row is not None and row.enabled else []


def schedule_ticked(state: State, event: ScheduleTicked) -> Iterable[Change]:
    """The tick is on record; one that was decided stays what it was decided to be."""
    row = state.get(SCHEDULES, event.name)
    known = state.get(SCHEDULE_TICKS, event.name, event.scheduled_for)
    if row is None or (known is not None and known.outcome is not TickOutcome.QUEUED):
        return []
    if known is not None and event.outcome is TickOutcome.QUEUED:
        return []
    changes: Changes = [Put(SCHEDULE_TICKS, _tick(event))]
    changes += _queue(event, known)
    moved = replace(
        row,
        last_tick_at=max(row.last_tick_at or event.scheduled_for, event.scheduled_for),
        last_run_id=event.run_id or row.last_run_id,
        ticks=row.ticks if known is not None else row.ticks + 1,
    )
    if moved.ticks > TICKS_KEPT:
        forgotten = _oldest(state, moved, besides=event.scheduled_for)
        moved = replace(moved, ticks=moved.ticks - len(forgotten))
        changes += forgotten
    return [Put(SCHEDULES, moved), *changes]


def schedule_advanced(state: State, event: ScheduleAdvanced) -> Iterable[Change]:
    """The schedule falls due later than it did, or never again."""
    row = state.get(SCHEDULES, event.name)
    if row is None or row.removed or row.next_at is None:
        return []
    if event.next_at is not None and event.next_at <= row.next_at:
        return []
    return _due(row, replace(row, next_at=event.next_at))


def _defined(state: State, defined: DefinedSchedule, *, event: SchedulesDefined) -> Changes:
    definition = defined.definition
    row = state.get(SCHEDULES, definition.name)
    if row is not None and row.project != event.project and not row.removed:
        return []
    fresh = Schedule(
        name=definition.name,
        project=event.project,
        deployment_id=event.deployment_id,
        definition=definition,
        enabled=definition.enabled,
        next_at=defined.next_at,
    )
    if row is None:
        return _due(fresh, fresh)
    if not row.removed and row.definition == definition:
        return []
    kept = not row.removed and _same_times(row.definition, definition)
    switched = row.removed or row.definition.enabled != definition.enabled
    moved = replace(
        row,
        project=event.project,
        deployment_id=event.deployment_id,
        definition=definition,
        enabled=definition.enabled if switched else row.enabled,
        removed=False,
        next_at=row.next_at if kept else defined.next_at,
    )
    return _due(row, moved)


def _same_times(before: ScheduleDefinition, after: ScheduleDefinition) -> bool:
    return (before.cron, before.timezone) == (after.cron, after.timezone)


def _removed(state: State, row: Schedule, *, event: SchedulesDefined) -> Changes:
    gone = replace(row, removed=True, next_at=None, deployment_id=event.deployment_id)
    changes = _due(row, gone)
    for queued in state.range(QUEUED_TICKS, row.name):
        changes.append(Drop(QUEUED_TICKS, (row.name, queued.scheduled_for)))
        tick = state.get(SCHEDULE_TICKS, row.name, queued.scheduled_for)
        if tick is not None:
            removed = replace(tick, outcome=TickOutcome.REMOVED, decided_at=event.defined_at)
            changes.append(Put(SCHEDULE_TICKS, removed))
    return changes


def _due(before: Schedule, after: Schedule) -> Changes:
    """The row, and its place among those that fall due."""
    changes: Changes = []
    if before.next_at is not None and before.next_at != after.next_at:
        changes.append(Drop(DUE_SCHEDULES, (before.next_at, before.name)))
    if after.next_at is not None:
        changes.append(Put(DUE_SCHEDULES, DueSchedule(due_at=after.next_at, name=after.name)))
    return [Put(SCHEDULES, after), *changes]


def _tick(event: ScheduleTicked) -> ScheduleTick:
    return ScheduleTick(
        schedule=event.name,
        scheduled_for=event.scheduled_for,
        outcome=event.outcome,
        decided_at=event.decided_at,
        run_id=event.run_id,
        message=event.message,
        missed=event.missed,
        actor=event.actor,
    )


def _queue(event: ScheduleTicked, known: ScheduleTick | None) -> Changes:
    if event.outcome is TickOutcome.QUEUED:
        queued = QueuedTick(schedule=event.name, scheduled_for=event.scheduled_for)
        return [Put(QUEUED_TICKS, queued)]
    return [Drop(QUEUED_TICKS, (event.name, event.scheduled_for))] if known is not None else []


def _oldest(state: State, row: Schedule, *, besides: datetime) -> Changes:
    """The oldest tick goes; one that still waits is kept until it has started."""
    oldest = next(iter(state.range(SCHEDULE_TICKS, row.name)), None)
    if oldest is None or oldest.scheduled_for == besides:
        return []
    waits = oldest.outcome is TickOutcome.QUEUED
    return [] if waits else [Drop(SCHEDULE_TICKS, (row.name, oldest.scheduled_for))]


__all__ = [
    "schedule_advanced",
    "schedule_disabled",
    "schedule_enabled",
    "schedule_ticked",
    "schedules_defined",
]
