"""Schedules: when each fires on the clocks of its zone, and what its ticks came to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.paging import PAGE_SIZE, Cursor, page_of, read_cursor, write_cursor
from arco.api.session import Here, ask
from arco.model import State
from arco.orchestration.commands.schedules import find_schedule
from arco.orchestration.cron import zone_named
from arco.orchestration.schedules import ScheduleTick, TickOutcome
from arco.service.schedules import (
    ClockChange,
    ScheduleSummary,
    fires,
    newest_ticks,
    next_clock_change,
    schedule_summary,
    schedules,
)
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.listing import run_link
from arco.ui.parts import (
    badge,
    code,
    facts,
    grid,
    link,
    moment,
    more,
    note,
    nothing,
    prose,
    section,
    span,
    strip,
)
from arco.ui.queries import filled
from arco.wire.schedules import ScheduleList

FIRES = 10
TICKS = 100
SQUARES = 60
LIVE = "orchestration.schedules,orchestration.schedule_ticks"
LIST_SQL = """SELECT name, enabled, definition->>'$.cron' AS cron, next_at, last_tick_at,
  last_run_id
FROM system.orchestration.schedules WHERE NOT removed ORDER BY name"""
ONE_SQL = """SELECT scheduled_for, outcome, run_id, message
FROM system.orchestration.schedule_ticks WHERE schedule = {name}
ORDER BY scheduled_for DESC LIMIT 100"""
TONES = {
    TickOutcome.STARTED: "good",
    TickOutcome.FRESH: "good",
    TickOutcome.QUEUED: "calm",
    TickOutcome.DISABLED: "calm",
    TickOutcome.REMOVED: "calm",
    TickOutcome.OVERLAPPED: "warn",
    TickOutcome.MISSED: "warn",
    TickOutcome.REFUSED: "bad",
}
Name = Annotated[str, Parameter(max_length=200)]


class OneSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule: how it stands, when it fires, what became of its ticks."""

    schedule: ScheduleSummary
    fires: list[datetime]
    """The next ten times."""
    clock_change: ClockChange | None
    """The next change of its zone's clocks; null: there is none within a year."""
    ticks: list[ScheduleTick]
    """The newest hundred, newest first."""


@page_at("/schedules")
async def show_schedules(
    session: Here, caller: CallerHere, request: Asked, cursor: Cursor = ""
) -> Response[Any]:
    """Every schedule, by name."""
    after = read_cursor(cursor, "schedules", types=(str,))

    def look(state: State) -> ScheduleList:
        rows = schedules(state, after=str(after[0]) if after else "")
        found = page_of(rows, limit=PAGE_SIZE, key=lambda row: (row.name,))
        return ScheduleList(found.rows, write_cursor(found.behind, "schedules"))

    seen = await ask(session, look, caller=caller)
    page = Page(title="Schedules", section="Schedules", sql=LIST_SQL, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_list_body)


@page_at("/schedules/{name:str}")
async def show_schedule(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """One schedule."""
    plain, now = plain_name(name), session.workspace.runtime.now()
    seen = await ask(session, lambda state: one_schedule(state, plain, now=now), caller=caller)
    sql = filled(ONE_SQL, name=plain)
    page = Page(title=f"Schedule {plain}", section="Schedules", sql=sql, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_one_body)


def one_schedule(state: State, name: str, *, now: datetime) -> OneSchedule:
    """What is told of one schedule. Raises: NotFound SCHEDULE_UNKNOWN."""
    row = find_schedule(state, name)
    coming = fires(row)
    return OneSchedule(
        schedule=schedule_summary(state, row),
        fires=[each for _, each in zip(range(FIRES), coming, strict=False)],
        clock_change=next_clock_change(row, after=now),
        ticks=newest_ticks(state, name)[:TICKS],
    )


def outcome_badge(outcome: TickOutcome) -> Html:
    """What a tick came to, in a word."""
    return badge(outcome.value, TONES[outcome])


def state_badge(schedule: ScheduleSummary) -> Html:
    """Whether it is on."""
    return badge("ON", "good") if schedule.enabled else badge("OFF", "warn")


def wall_time(when: datetime, timezone: str) -> str:
    """A moment on the clocks of the zone.

    >>> wall_time(datetime.fromisoformat("2026-03-29T01:00:00+00:00"), "Europe/Berlin")
    'Sun 2026-03-29 03:00:00 UTC+02:00'
    """
    told = when.astimezone(_zone(timezone))
    return f"{told:%a %Y-%m-%d %H:%M:%S} {_distance(told)}"


def _zone(timezone: str) -> ZoneInfo:
    try:
        return zone_named(timezone)
    except ValueError:
        return ZoneInfo("UTC")


def _distance(told: datetime) -> str:
    shift = told.utcoffset() or timedelta(0)
    sign = "-" if shift < timedelta(0) else "+"
    hours, minutes = divmod(abs(shift) // timedelta(minutes=1), 60)
    return f"UTC{sign}{hours:02}:{minutes:02}"


def _list_body(found: ScheduleList) -> Child:
    rows = (
        (
            link(each.name, "schedules", each.name),
            state_badge(each),
            joined(code(each.cron), f" {each.timezone}"),
            moment(each.next_at) if each.enabled else nothing(),
            _last(each),
            " ".join((*each.selection, each.partition)).strip() or "everything",
        )
        for each in found.schedules
    )
    heads = ("Schedule", "State", "Fires", "Next", "Newest tick", "Runs")
    empty = joined(
        "No schedule is deployed, or you may not know of any. ",
        code("@schedule"),
        " on an asset declares one.",
    )
    return section(
        f"{len(found.schedules):,} schedules",
        grid(heads, rows, empty=empty),
        more(found.next_cursor, address("schedules", cursor=found.next_cursor)),
        name="schedules",
    )


def _last(each: ScheduleSummary) -> Child:
    if each.last_tick_at is None:
        return nothing()
    told = outcome_badge(each.last_outcome) if each.last_outcome else None
    return joined(told, " ", moment(each.last_tick_at))


def _one_body(page: OneSchedule) -> Child:
    schedule = page.schedule
    return (
        tag("p", prose(schedule.description), class_="lead") if schedule.description else None,
        section("About", facts(_about(schedule)), extra=_ways(schedule)),
        section("Next times", _fires(page), name="fires"),
        _clock_change(page.clock_change, schedule.timezone),
        section("Ticks", _course(page.ticks), _ticks(page.ticks)),
    )


def _about(schedule: ScheduleSummary) -> dict[str, Child]:
    newest = run_link(schedule.last_run_id) if schedule.last_run_id else nothing()
    return {
        "State": state_badge(schedule),
        "Fires": code(schedule.cron),
        "Zone": schedule.timezone,
        "Runs": " ".join((*schedule.selection, schedule.partition)).strip() or "everything",
        "Of these": schedule.which,
        "While one runs": schedule.overlap.replace("_", " "),
        "Started late": (
            f"the newest {schedule.catch_up_max:,}, late by at most ",
            span(schedule.catch_up_seconds),
        ),
        "Newest run": newest,
        "Project": schedule.project,
    }


def _ways(schedule: ScheduleSummary) -> Html:
    switch = ("Disable…", "disable") if schedule.enabled else ("Enable…", "enable")
    ways = (switch, ("Fire now…", "tick"))
    return tag(
        "span",
        *(
            tag("a", told, href=address("schedules", schedule.name, doing), class_="button")
            for told, doing in ways
        ),
        class_="buttons",
    )


def _fires(page: OneSchedule) -> Child:
    if not page.fires:
        return note("It never fires again.")
    off = note("It is off: these times are recorded and start nothing.", tone="warn")
    return (None if page.schedule.enabled else off, fires_grid(page.fires, page.schedule.timezone))


def fires_grid(found: Sequence[datetime], timezone: str) -> Html:
    """Times on the clocks of the zone; where the clocks changed in between, it says so."""
    before: timedelta | None = None
    rows = []
    for each in found:
        shift = each.astimezone(_zone(timezone)).utcoffset()
        changed = before is not None and shift != before
        mark = (" ", badge("CLOCKS CHANGED", "warn")) if changed else None
        rows.append(((wall_time(each, timezone), mark), moment(each)))
        before = shift
    return grid((f"On the clocks of {timezone}", "When"), rows, empty="")


def _clock_change(change: ClockChange | None, timezone: str) -> Child:
    if change is None:
        return None
    shift = change.minutes_after - change.minutes_before
    way = "forward" if shift > 0 else "back"
    told = (
        f"On {wall_time(change.changes_at, timezone)} the clocks of {timezone} have gone {way} by "
        f"{abs(shift):g} minutes. Around that it fires:"
    )
    return section(
        "When the clocks change",
        tag("p", told),
        fires_grid(change.fires, timezone),
        name="clock-change",
    )


def _course(ticks: Sequence[ScheduleTick]) -> Child:
    shown = ticks[:SQUARES][::-1]
    squares = [
        (TONES[each.outcome], f"{each.scheduled_for:%Y-%m-%d %H:%M} {each.outcome.lower()}")
        for each in shown
    ]
    bad = sum(tone in {"warn", "bad"} for tone, _ in squares)
    told = f"the newest {len(shown)} ticks: {bad} started nothing though they should have"
    return tag("p", strip(squares, told=told)) if shown else None


def _ticks(ticks: Sequence[ScheduleTick]) -> Html:
    rows = (
        (
            moment(each.scheduled_for),
            outcome_badge(each.outcome),
            run_link(each.run_id) if each.run_id else nothing(),
            joined(f"{each.missed:,} ticks. " if each.missed > 1 else None, each.message),
            each.actor or nothing(),
        )
        for each in ticks
    )
    heads = ("Due", "Came to", "Run", "Because", "Fired by")
    return grid(heads, rows, empty="It has not been due yet.")


__all__ = [
    "OneSchedule",
    "fires_grid",
    "one_schedule",
    "outcome_badge",
    "show_schedule",
    "show_schedules",
    "state_badge",
    "wall_time",
]
