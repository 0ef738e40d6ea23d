"""What can be done to a sensor: switch it on or off, look now; each says first what follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.session import Here, Seen, Session
from arco.api.strictness import PRESENT_ONLY
from arco.model import Decision, State
from arco.orchestration.commands.sensors import (
    ask_sensor,
    disable_sensor,
    enable_sensor,
    find_sensor,
)
from arco.service.permits import permitted_on_sensor
from arco.service.sensors import SensorSummary, sensor_summary
from arco.ui.acting import Action, button
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.parts import code, link, note, section

Name = Annotated[str, Parameter(max_length=200)]


class SensorChange(msgspec.Struct, frozen=True, kw_only=True):
    """What would be changed of a sensor."""

    sensor: SensorSummary
    is_change: bool
    """False: it is so already."""


class _Way(msgspec.Struct, frozen=True):
    """One thing that can be done to a sensor."""

    doing: str
    title: str
    """With `{}` for the sensor's name."""
    label: str
    already: str
    """What is said when there is nothing to do."""
    decision: Callable[..., Decision]
    follows: Callable[[SensorSummary], tuple[Child, ...]]


@page_at("/sensors/{name:str}/enable", opt={PRESENT_ONLY: True})
async def show_enable_sensor(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """What switching it on would do."""
    return await _shown(Visit(session, caller, request), name, way=ENABLE)


@page_at("/sensors/{name:str}/disable", opt={PRESENT_ONLY: True})
async def show_disable_sensor(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """What switching it off would do."""
    return await _shown(Visit(session, caller, request), name, way=DISABLE)


@page_at("/sensors/{name:str}/tick", opt={PRESENT_ONLY: True})
async def show_ask_sensor(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """What a look now would do."""
    return await _shown(Visit(session, caller, request), name, way=LOOK)


async def _shown(visit: Visit, name: str, *, way: _Way) -> Response[Any]:
    session = visit.session
    seen = await _change(session, visit.caller, name=name, decision=way.decision)
    action = Action(
        path=f"/api/v1/sensors/{name}/{way.doing}",
        body={},
        label=way.label,
        then=f"/sensors/{name}",
    )
    do = button(action, session.workspace.runtime, back=link("Not now", "sensors", name))
    page = Page(title=way.title.format(name), section="Sensors", script="act.js")
    return visit.shown(seen, page, body=partial(_body, way=way, do=do))


async def _change(
    session: Session, caller: Caller, *, name: str, decision: Callable[..., Decision]
) -> Seen[SensorChange]:
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    decided = decision(name, actor=caller.principal)
    decide = permitted_on_sensor(name, decided, caller=caller, authority=workspace.authority)

    def look(state: State, now: datetime) -> SensorChange:
        is_change = bool(decide(state, now))
        return SensorChange(sensor=sensor_summary(find_sensor(state, name)), is_change=is_change)

    now = workspace.runtime.now()
    seen = await workspace.database.asked(lambda state: look(state, now))
    return Seen(seen, workspace.database.token)


def _body(shown: SensorChange, *, way: _Way, do: Html) -> Child:
    sensor = shown.sensor
    if not shown.is_change:
        its_page = link("Its page", "sensors", sensor.name)
        return note(f"{way.already}: there is nothing to do. ", its_page)
    follows = (tag("li", each) for each in way.follows(sensor))
    return section("This would happen", tag("ul", *follows), do)


def _cursor(sensor: SensorSummary) -> Child:
    return code(sensor.cursor) if sensor.cursor else "nothing, as at its first look"


def _on_enabling(sensor: SensorSummary) -> tuple[Child, ...]:
    waiting = f"{sensor.waiting:,} messages that wait would be looked at"
    return (
        ("it would be looked at again; it finds as its cursor ", _cursor(sensor)),
        *((waiting,) if sensor.kind == "push" else ()),
    )


def _on_disabling(sensor: SensorSummary) -> tuple[Child, ...]:
    messages = "messages that come would wait until it is switched on"
    return (
        "nobody would look at it until it is switched on; its cursor stays",
        "a look that is under way would start nothing",
        "a run that it asked for goes on",
        *((messages,) if sensor.kind == "push" else ()),
    )


def _on_looking(sensor: SensorSummary) -> tuple[Child, ...]:
    off = "it is off, and stays off: this look is made all the same"
    return (
        ("whoever leads would look at it once; it finds as its cursor ", _cursor(sensor)),
        "the runs that it asks for would be started",
        *(() if sensor.enabled else (off,)),
    )


ENABLE = _Way(
    "enable", "Switch {} on", "Switch it on", "It is on already", enable_sensor, _on_enabling
)
DISABLE = _Way(
    "disable", "Switch {} off", "Switch it off", "It is off already", disable_sensor, _on_disabling
)
LOOK = _Way(
    "tick", "Look at {} now", "Look now", "Somebody has asked for a look", ask_sensor, _on_looking
)

__all__ = ["SensorChange", "show_ask_sensor", "show_disable_sensor", "show_enable_sensor"]
