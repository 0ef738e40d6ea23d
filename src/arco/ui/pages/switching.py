"""What can be done to a schedule: switch it on or off, fire it; each says first what follows."""

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
from arco.orchestration.commands.schedules import (
    FireSchedule,
    disable_schedule,
    enable_schedule,
    find_schedule,
)
from arco.orchestration.ticking import RunScope
from arco.service.permits import permitted_fire, permitted_on_schedule
from arco.service.schedules import ScheduleSummary, schedule_summary
from arco.ui.acting import Action, button
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.pages.materialize import Planned, planned, planned_grid
from arco.ui.pages.schedules import wall_time
from arco.ui.parts import link, note, section

Name = Annotated[str, Parameter(max_length=200)]


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """What switching a schedule would change."""

    schedule: ScheduleSummary
    is_change: bool
    """False: it is so already."""


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """What a tick now would start."""

    schedule: ScheduleSummary
    tasks: int
    """0: everything it selects is fresh."""
    assets: list[Planned]


@page_at("/schedules/{name:str}/enable", opt={PRESENT_ONLY: True})
async def show_enable(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """What switching it on would do."""
    seen = await _switch(session, caller, name=name, decision=enable_schedule)
    body = partial(_enable_body, do=_button(session, name, doing="enable", label="Switch it on"))
    return Visit(session, caller, request).shown(seen, _page(f"Switch {name} on"), body=body)


@page_at("/schedules/{name:str}/disable", opt={PRESENT_ONLY: True})
async def show_disable(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """What switching it off would do."""
    seen = await _switch(session, caller, name=name, decision=disable_schedule)
    body = partial(_disable_body, do=_button(session, name, doing="disable", label="Switch it off"))
    return Visit(session, caller, request).shown(seen, _page(f"Switch {name} off"), body=body)


@page_at("/schedules/{name:str}/tick", opt={PRESENT_ONLY: True})
async def show_firing(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """What a tick now would start."""
    workspace = session.workspace
    scope = workspace.settings.scope
    command = FireSchedule(
        name=name, scope=RunScope(scope.tenant, scope.workspace), actor=caller.principal
    )
    await session.terms.brought(workspace.database)
    now = workspace.runtime.now()
    decide = permitted_fire(command, caller=caller, authority=workspace.authority)

    def look(state: State) -> Firing:
        assets = planned(decide(state, now))
        return Firing(
            schedule=schedule_summary(state, find_schedule(state, name)),
            tasks=sum(each.tasks for each in assets),
            assets=assets,
        )

    seen = Seen(await workspace.database.asked(look), workspace.database.token)
    do = _button(session, name, doing="tick", label="Fire it now")
    body = partial(_firing_body, do=do)
    return Visit(session, caller, request).shown(seen, _page(f"Fire {name} now"), body=body)


async def _switch(
    session: Session, caller: Caller, *, name: str, decision: Callable[..., Decision]
) -> Seen[Switch]:
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    decide = permitted_on_schedule(
        name, decision(name, actor=caller.principal), caller=caller, authority=workspace.authority
    )

    def look(state: State, now: datetime) -> Switch:
        is_change = bool(decide(state, now))
        return Switch(
            schedule=schedule_summary(state, find_schedule(state, name)), is_change=is_change
        )

    now = workspace.runtime.now()
    seen = await workspace.database.asked(lambda state: look(state, now))
    return Seen(seen, workspace.database.token)


def _page(title: str) -> Page:
    return Page(title=title, section="Schedules", script="act.js")


def _button(session: Session, name: str, *, doing: str, label: str) -> Html:
    action = Action(
        path=f"/api/v1/schedules/{name}/{doing}",
        body={},
        label=label,
        then=f"/schedules/{name}",
    )
    return button(action, session.workspace.runtime, back=link("Not now", "schedules", name))


def _enable_body(shown: Switch, *, do: Html) -> Child:
    if not shown.is_change:
        return note("It is on already: there is nothing to do. ", _way(shown.schedule))
    told = shown.schedule
    when = wall_time(told.next_at, told.timezone) if told.next_at else "never again"
    return section(
        "This would happen",
        tag(
            "ul",
            tag("li", f"its ticks would start runs again; the next one is due {when}"),
            tag("li", "nothing of the time in which it was off would be started"),
        ),
        do,
    )


def _disable_body(shown: Switch, *, do: Html) -> Child:
    if not shown.is_change:
        return note("It is off already: there is nothing to do. ", _way(shown.schedule))
    return section(
        "This would happen",
        tag(
            "ul",
            tag("li", "its ticks would be recorded and start nothing, until it is switched on"),
            tag("li", "a run that it started goes on"),
        ),
        do,
    )


def _firing_body(shown: Firing, *, do: Html) -> Child:
    off = note("It is off; this tick starts its run all the same.", tone="warn")
    if not shown.tasks:
        told = (
            "Everything that it selects is fresh: a tick now would be recorded and start nothing."
        )
        return (note(told, tone="good"), section("This would happen", do))
    return (
        None if shown.schedule.enabled else off,
        section(
            "This would run",
            planned_grid(shown.assets),
            tag("p", "The times at which it fires stay what they are."),
            do,
        ),
    )


def _way(schedule: ScheduleSummary) -> Html:
    return link("Its page", "schedules", schedule.name)


__all__ = ["Firing", "Switch", "show_disable", "show_enable", "show_firing"]
