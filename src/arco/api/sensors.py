"""Sensors over HTTP: list, show, their looks, on and off, ask one, move its cursor, tell it.

A route parses, a command decides, the answer names the slot. Must not know what a sensor does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, Parameter

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.changing import Told, change, change_one
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import CHANGES_ONE, TELLS_ONE
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, Session, read, read_one
from arco.model import Decision, Event, State
from arco.orchestration.commands.sensors import (
    SendMessage,
    ask_sensor,
    disable_sensor,
    enable_sensor,
    find_sensor,
    send_message,
    set_sensor_cursor,
)
from arco.service.authority import require_on_workspace
from arco.service.permits import permitted_on_sensor
from arco.service.sensors import (
    MessageTaken,
    SensorDetail,
    as_cursor,
    message_of,
    newest_evaluations,
    sensor_detail,
    sensors,
)
from arco.wire.sensors import CursorRequest, EvaluationList, MessageRequest, SensorList

Name = Annotated[str, Parameter(title="Sensor", max_length=200, description="Its name.")]


@get(
    "/sensors",
    summary="List sensors",
    tags=["orchestration"],
    response_description="The sensors.",
    responses=refusals(),
)
async def show_sensors(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[SensorList]:
    """Every sensor of the deployed projects, by name, with when it is looked at next."""
    after = read_cursor(cursor, "sensors", types=(str,))

    def page(state: State) -> SensorList:
        rows = sensors(state, after=str(after[0]) if after else "")
        found = page_of(rows, limit=limit, key=lambda row: (row.name,))
        return SensorList(found.rows, write_cursor(found.behind, "sensors"))

    return await read(session, page, caller=caller, fields=fields)


@get(
    "/sensors/{name:str}",
    summary="Get a sensor",
    tags=["orchestration"],
    response_description="The sensor.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_sensor(
    session: Here, caller: CallerHere, name: Name, fields: Fields = ""
) -> Response[SensorDetail]:
    """One sensor with its cursor and its newest looks."""
    return await read_one(
        session, lambda state: sensor_detail(state, name), caller=caller, fields=fields
    )


@get(
    "/sensors/{name:str}/evaluations",
    summary="List the looks at a sensor",
    tags=["orchestration"],
    response_description="The looks.",
    responses=refusals(404),
)
async def show_sensor_evaluations(
    session: Here,
    caller: CallerHere,
    name: Name,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[EvaluationList]:
    """What each look came to, newest first: runs, or why there are none. The last thousand."""
    before = read_cursor(cursor, "evaluations", name, types=(int,))

    def page(state: State) -> EvaluationList:
        find_sensor(state, name)
        rows = (
            row
            for row in newest_evaluations(state, name)
            if not before or row.number < int(before[0])
        )
        found = page_of(rows, limit=limit, key=lambda row: (row.number,))
        return EvaluationList(found.rows, write_cursor(found.behind, "evaluations", name))

    return await read(session, page, caller=caller, fields=fields)


@post(
    "/sensors/{name:str}/enable",
    operation_id="enable_sensor",
    summary="Switch a sensor on",
    tags=["orchestration"],
    status_code=200,
    response_description="The sensor.",
    responses=refusals(403, 404),
    opt={CHANGES_ONE: True},
)
async def enable(session: Here, caller: CallerHere, name: Name) -> Response[SensorDetail]:
    """It is looked at again, from where it was."""
    decision = enable_sensor(name, actor=caller.principal)
    return await _managed(session, caller, name=name, decision=decision)


@post(
    "/sensors/{name:str}/disable",
    operation_id="disable_sensor",
    summary="Switch a sensor off",
    tags=["orchestration"],
    status_code=200,
    response_description="The sensor.",
    responses=refusals(403, 404),
    opt={CHANGES_ONE: True},
)
async def disable(session: Here, caller: CallerHere, name: Name) -> Response[SensorDetail]:
    """Nobody looks at it until it is switched on; a look that is under way starts nothing."""
    decision = disable_sensor(name, actor=caller.principal)
    return await _managed(session, caller, name=name, decision=decision)


@post(
    "/sensors/{name:str}/tick",
    operation_id="ask_sensor",
    summary="Look at a sensor now",
    tags=["orchestration"],
    status_code=202,
    response_description="The sensor, which is looked at next.",
    responses=refusals(403, 404, 409),
    opt={CHANGES_ONE: True},
)
async def tick_sensor(session: Here, caller: CallerHere, name: Name) -> Response[SensorDetail]:
    """Whoever leads looks at it, though it is off. What came of it is listed with its looks."""
    decision = ask_sensor(name, actor=caller.principal)
    return await _managed(session, caller, name=name, decision=decision, status=202)


@post(
    "/sensors/{name:str}/cursor",
    operation_id="set_sensor_cursor",
    summary="Move a sensor's cursor",
    tags=["orchestration"],
    status_code=200,
    response_description="The sensor.",
    responses=refusals(403, 404),
    opt={CHANGES_ONE: True},
)
async def move_cursor(
    session: Here, caller: CallerHere, name: Name, data: JSONBody[CursorRequest]
) -> Response[SensorDetail]:
    """The next look starts from there; one that is under way counts no more."""
    decision = set_sensor_cursor(name, as_cursor(data.cursor), actor=caller.principal)
    return await _managed(session, caller, name=name, decision=decision)


@post(
    "/sensors/{name:str}/messages",
    operation_id="send_sensor_message",
    summary="Tell a sensor something",
    tags=["orchestration"],
    status_code=202,
    response_description="The message is kept until the sensor was asked about it.",
    responses=refusals(403, 404, 409),
)
async def take_message(
    session: Here, caller: CallerHere, name: Name, data: JSONBody[MessageRequest]
) -> Response[MessageTaken]:
    """One message; sent again under its id it changes nothing."""
    command = SendMessage(
        name=name,
        message_id=data.message_id,
        payload=msgspec.json.encode(data.payload).decode(),
        actor=caller.principal,
    )
    return await told_message(session, caller, command=command, privilege=Privilege.RUN)


async def told_message(
    session: Session, caller: Caller, *, command: SendMessage, privilege: Privilege | None
) -> Response[MessageTaken]:
    """What became of the message, which the caller may send who holds the privilege."""
    visible = session.workspace.authority.visible
    known = [False]

    def decide(state: State, now: datetime) -> Sequence[Event]:
        if privilege is not None:
            find_sensor(visible(state, caller), command.name)
            require_on_workspace(state, caller, privilege=privilege)
        known[0] = message_of(state, command.name, message_id=command.message_id) is not None
        return send_message(command)(state, now)

    def tell(state: State) -> Told[MessageTaken]:
        taken = MessageTaken(sensor=command.name, message_id=command.message_id, is_known=known[0])
        return Told(taken, 202)

    return await change(session, decide, tell=tell, caller=caller)


async def _managed(
    session: Session, caller: Caller, *, name: str, decision: Decision, status: int = 200
) -> Response[SensorDetail]:
    authority = session.workspace.authority
    return await change_one(
        session,
        permitted_on_sensor(name, decision, caller=caller, authority=authority),
        tell=partial(sensor_detail, name=name),
        caller=caller,
        status=status,
    )


ROUTES = (
    show_sensors,
    show_sensor,
    show_sensor_evaluations,
    enable,
    disable,
    tick_sensor,
    move_cursor,
    take_message,
)

__all__ = [
    "ROUTES",
    "disable",
    "enable",
    "move_cursor",
    "show_sensor",
    "show_sensor_evaluations",
    "show_sensors",
    "take_message",
    "tick_sensor",
    "told_message",
]
