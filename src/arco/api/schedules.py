"""Schedules over HTTP: list, show, their ticks, on and off, fire one now.

A route parses, a command decides, the answer names the slot. Must not know when a schedule fires.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from litestar import Response, get, post
from litestar.params import Parameter

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.changing import Told, change, change_one
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import CHANGES_ONE, TELLS_ONE
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, Session, read, read_one
from arco.model import Decision, Event, State
from arco.orchestration.commands.schedules import (
    FireSchedule,
    disable_schedule,
    enable_schedule,
    find_schedule,
)
from arco.orchestration.schedules import ScheduleTick
from arco.orchestration.ticking import RunScope
from arco.service.permits import permitted_fire, permitted_on_schedule
from arco.service.schedules import ScheduleDetail, newest_ticks, schedule_detail, schedules, tick_at
from arco.wire.schedules import ScheduleList, TickList

Name = Annotated[str, Parameter(title="Schedule", max_length=200, description="Its name.")]


@get(
    "/schedules",
    summary="List schedules",
    tags=["orchestration"],
    response_description="The schedules.",
    responses=refusals(),
)
async def show_schedules(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[ScheduleList]:
    """Every schedule of the deployed projects, by name, with when it fires next."""
    after = read_cursor(cursor, "schedules", types=(str,))

    def page(state: State) -> ScheduleList:
        rows = schedules(state, after=str(after[0]) if after else "")
        found = page_of(rows, limit=limit, key=lambda row: (row.name,))
        return ScheduleList(found.rows, write_cursor(found.behind, "schedules"))

    return await read(session, page, caller=caller, fields=fields)


@get(
    "/schedules/{name:str}",
    summary="Get a schedule",
    tags=["orchestration"],
    response_description="The schedule.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_schedule(
    session: Here, caller: CallerHere, name: Name, fields: Fields = ""
) -> Response[ScheduleDetail]:
    """One schedule with the next times it fires and its newest ticks."""
    return await read_one(
        session, lambda state: schedule_detail(state, name), caller=caller, fields=fields
    )


@get(
    "/schedules/{name:str}/ticks",
    summary="List the ticks of a schedule",
    tags=["orchestration"],
    response_description="The ticks.",
    responses=refusals(404),
)
async def show_ticks(
    session: Here,
    caller: CallerHere,
    name: Name,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[TickList]:
    """What each tick came to, newest first: a run, or why there is none. The last thousand."""
    before = read_cursor(cursor, "ticks", name, types=(int,))

    def page(state: State) -> TickList:
        find_schedule(state, name)
        rows = (tick for tick in newest_ticks(state, name) if not before or _at(tick) < before)
        found = page_of(rows, limit=limit, key=_at)
        return TickList(found.rows, write_cursor(found.behind, "ticks", name))

    return await read(session, page, caller=caller, fields=fields)


@post(
    "/schedules/{name:str}/enable",
    operation_id="enable_schedule",
    summary="Switch a schedule on",
    tags=["orchestration"],
    status_code=200,
    response_description="The schedule.",
    responses=refusals(403, 404),
    opt={CHANGES_ONE: True},
)
async def enable(session: Here, caller: CallerHere, name: Name) -> Response[ScheduleDetail]:
    """Its ticks start runs, from the next one on. Nothing of the past is started."""
    return await _switched(session, caller, name=name, decision=enable_schedule)


@post(
    "/schedules/{name:str}/disable",
    operation_id="disable_schedule",
    summary="Switch a schedule off",
    tags=["orchestration"],
    status_code=200,
    response_description="The schedule.",
    responses=refusals(403, 404),
    opt={CHANGES_ONE: True},
)
async def disable(session: Here, caller: CallerHere, name: Name) -> Response[ScheduleDetail]:
    """Its ticks are recorded and start nothing, until it is switched on."""
    return await _switched(session, caller, name=name, decision=disable_schedule)


@post(
    "/schedules/{name:str}/tick",
    operation_id="fire_schedule",
    summary="Fire a schedule now",
    tags=["orchestration"],
    status_code=202,
    response_description="The tick, and the run it started.",
    responses=refusals(403, 404),
)
async def fire(session: Here, caller: CallerHere, name: Name) -> Response[ScheduleTick]:
    """Start what the schedule starts, whatever runs now, and though it is off.

    A tick of its own: the times at which the schedule fires stay what they were.
    """
    workspace = session.workspace
    scope = RunScope(workspace.settings.scope.tenant, workspace.settings.scope.workspace)
    command = FireSchedule(name=name, scope=scope, actor=caller.principal)
    permitted = permitted_fire(command, caller=caller, authority=workspace.authority)
    fired_at: list[datetime] = []

    def decide(state: State, now: datetime) -> Sequence[Event]:
        fired_at[:] = [now]
        return permitted(state, now)

    def tell(state: State) -> Told[ScheduleTick]:
        return Told(tick_at(state, name, moment=fired_at[0]), 202)

    return await change(session, decide, tell=tell, caller=caller)


async def _switched(
    session: Session, caller: Caller, *, name: str, decision: Callable[..., Decision]
) -> Response[ScheduleDetail]:
    authority = session.workspace.authority
    wanted = decision(name, actor=caller.principal)
    return await change_one(
        session,
        permitted_on_schedule(name, wanted, caller=caller, authority=authority),
        tell=partial(schedule_detail, name=name),
        caller=caller,
    )


def _at(tick: ScheduleTick) -> tuple[int]:
    return (int(tick.scheduled_for.timestamp() * 1_000_000),)


ROUTES = (show_schedules, show_schedule, show_ticks, enable, disable, fire)

__all__ = ["ROUTES", "disable", "enable", "fire", "show_schedule", "show_schedules", "show_ticks"]
