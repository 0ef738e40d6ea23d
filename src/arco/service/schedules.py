"""Schedules as people see them: what they run, when they fire next, what their ticks came to.

Must not know HTTP or terminals.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

import msgspec

from arco.errors import NotFound
from arco.model import State
from arco.orchestration.commands.schedules import find_schedule
from arco.orchestration.cron import occurrences, parse_cron
from arco.orchestration.cron.stretches import Stretch, stretches
from arco.orchestration.definitions import Overlap, Which
from arco.orchestration.schedules import (
    SCHEDULE_TICKS,
    SCHEDULES,
    Schedule,
    ScheduleTick,
    TickOutcome,
)

FIRES_SHOWN = 5
TICKS_SHOWN = 10
BEFORE_CHANGE_SHOWN = 2
AFTER_CHANGE_SHOWN = 3
CHANGE_WITHIN = timedelta(days=400)
LOOKED_BACK = (timedelta(hours=1), timedelta(days=2), timedelta(days=40), CHANGE_WITHIN)
"""So far back the times before a change are looked for, until there are enough of them."""


class ScheduleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule: when it fires, what it runs, and how it stands."""

    name: str
    project: str
    cron: str
    """Its expression."""
    timezone: str
    selection: list[str]
    """Terms of the selection language; empty: every asset."""
    partition: str
    which: Which
    """Which of their partitions run."""
    overlap: Overlap
    """What a tick does while the run before has not ended."""
    catch_up_seconds: float
    """How late a tick may still be started."""
    catch_up_max: int
    """How many late ticks are started."""
    enabled: bool
    """Its ticks start runs."""
    description: str
    next_at: datetime | None
    """When it fires next; null: never again."""
    last_tick_at: datetime | None
    """When its newest tick was due."""
    last_outcome: TickOutcome | None
    """What its newest tick came to."""
    last_run_id: str
    """The newest run it started."""


class ScheduleDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule, the times it fires next, and its newest ticks."""

    schedule: ScheduleSummary
    """How it stands."""
    fires: list[datetime]
    """The next five times."""
    ticks: list[ScheduleTick]
    """The newest ten, newest first."""


class ClockChange(msgspec.Struct, frozen=True, kw_only=True):
    """The next time at which the clocks of a schedule's zone change, and how it fires then."""

    changes_at: datetime
    """The first moment of the other distance to UTC."""
    minutes_before: float
    """The distance to UTC until then."""
    minutes_after: float
    """The distance to UTC from then on."""
    fires: list[datetime]
    """The last two times before it and the first three from it on."""


def schedules(state: State, *, after: str = "") -> Iterator[ScheduleSummary]:
    """Every schedule that is deployed, by name, behind the name `after`."""
    rows = state.range(SCHEDULES, after=(after,) if after else None)
    return (schedule_summary(state, row) for row in rows if not row.removed)


def schedule_summary(state: State, row: Schedule) -> ScheduleSummary:
    """The schedule in one line."""
    definition = row.definition
    return ScheduleSummary(
        name=row.name,
        project=row.project,
        cron=definition.cron,
        timezone=definition.timezone,
        selection=list(definition.selection),
        partition=definition.partition,
        which=definition.which,
        overlap=definition.overlap,
        catch_up_seconds=definition.catch_up_ms / 1000,
        catch_up_max=definition.catch_up_max,
        enabled=row.enabled,
        description=definition.description,
        next_at=row.next_at,
        last_tick_at=row.last_tick_at,
        last_outcome=_last_outcome(state, row),
        last_run_id=row.last_run_id,
    )


def schedule_detail(state: State, name: str) -> ScheduleDetail:
    """One schedule with what comes and what was.

    Raises: NotFound SCHEDULE_UNKNOWN.
    """
    row = find_schedule(state, name)
    return ScheduleDetail(
        schedule=schedule_summary(state, row),
        fires=list(islice(fires(row), FIRES_SHOWN)),
        ticks=newest_ticks(state, name)[:TICKS_SHOWN],
    )


def fires(row: Schedule) -> Iterator[datetime]:
    """When the schedule fires, from its next time on; nothing when its zone is no longer known."""
    if row.next_at is None:
        return
    yield row.next_at
    definition = row.definition
    try:
        yield from occurrences(parse_cron(definition.cron), definition.timezone, after=row.next_at)
    except ValueError:
        return


def next_clock_change(row: Schedule, *, after: datetime) -> ClockChange | None:
    """The next change of the clocks that the schedule meets within some 13 months, if any.

    Cost: the times at which it fires in the hour, or the days, before the change.
    """
    try:
        found = _next_change(row.definition.timezone, after=after.astimezone(UTC))
        return None if found is None else _change(row, found)
    except ValueError:
        return None


def newest_ticks(state: State, name: str) -> list[ScheduleTick]:
    """The ticks that are kept, newest first; at most a thousand."""
    return list(state.range(SCHEDULE_TICKS, name))[::-1]


def tick_at(state: State, name: str, *, moment: datetime) -> ScheduleTick:
    """What the tick of this moment came to.

    Raises: NotFound TICK_UNKNOWN.
    """
    tick = state.get(SCHEDULE_TICKS, name, moment)
    if tick is None:
        raise NotFound(
            "TICK_UNKNOWN",
            f"Schedule {name!r} has no tick on record for {moment.isoformat()}.",
            hint="`arco schedule show` lists the newest ones.",
        )
    return tick


def _next_change(timezone: str, *, after: datetime) -> Stretch | None:
    floor = after.replace(tzinfo=None)
    near = takewhile(lambda each: each.begins < floor + CHANGE_WITHIN, stretches(timezone, floor))
    changes = (each for each in near if each.begins > floor and each.offset != each.before)
    return next(changes, None)


def _change(row: Schedule, stretch: Stretch) -> ClockChange:
    cron, zone = parse_cron(row.definition.cron), row.definition.timezone
    moment = stretch.begins.replace(tzinfo=UTC)
    before: list[datetime] = []
    for back in LOOKED_BACK:
        fired = occurrences(cron, zone, after=moment - back)
        before = list(takewhile(lambda each: each < moment, fired))
        if len(before) >= BEFORE_CHANGE_SHOWN:
            break
    behind = occurrences(cron, zone, after=moment - timedelta(microseconds=1))
    return ClockChange(
        changes_at=moment,
        minutes_before=stretch.before / timedelta(minutes=1),
        minutes_after=stretch.offset / timedelta(minutes=1),
        fires=[*before[-BEFORE_CHANGE_SHOWN:], *islice(behind, AFTER_CHANGE_SHOWN)],
    )


def _last_outcome(state: State, row: Schedule) -> TickOutcome | None:
    if row.last_tick_at is None:
        return None
    tick = state.get(SCHEDULE_TICKS, row.name, row.last_tick_at)
    return tick.outcome if tick else None


__all__ = [
    "ClockChange",
    "ScheduleDetail",
    "ScheduleSummary",
    "fires",
    "newest_ticks",
    "next_clock_change",
    "schedule_detail",
    "schedule_summary",
    "schedules",
    "tick_at",
]
