"""What can be done to a condition: switch it on or off; each says first what follows."""

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
from arco.orchestration.commands.conditions import (
    disable_condition,
    enable_condition,
    find_condition,
)
from arco.service.conditions import ConditionSummary, condition_summary
from arco.service.permits import permitted_on_condition
from arco.ui.acting import Action, button
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.parts import code, link, note, section

Name = Annotated[str, Parameter(max_length=200)]


class ConditionChange(msgspec.Struct, frozen=True, kw_only=True):
    """What switching a condition would change."""

    condition: ConditionSummary
    is_change: bool
    """False: it is so already."""


@page_at("/conditions/{name:str}/enable", opt={PRESENT_ONLY: True})
async def show_enable_condition(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """What switching it on would do."""
    seen = await _change(session, caller, asset=name, decision=enable_condition)
    do = _button(session, name, doing="enable", label="Switch it on")
    page = _page(f"Switch the condition of {name} on")
    return Visit(session, caller, request).shown(seen, page, body=partial(_enable_body, do=do))


@page_at("/conditions/{name:str}/disable", opt={PRESENT_ONLY: True})
async def show_disable_condition(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """What switching it off would do."""
    seen = await _change(session, caller, asset=name, decision=disable_condition)
    do = _button(session, name, doing="disable", label="Switch it off")
    page = _page(f"Switch the condition of {name} off")
    return Visit(session, caller, request).shown(seen, page, body=partial(_disable_body, do=do))


async def _change(
    session: Session, caller: Caller, *, asset: str, decision: Callable[..., Decision]
) -> Seen[ConditionChange]:
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    decided = decision(asset, actor=caller.principal)
    decide = permitted_on_condition(asset, decided, caller=caller, authority=workspace.authority)

    def look(state: State, now: datetime) -> ConditionChange:
        is_change = bool(decide(state, now))
        summary = condition_summary(state, find_condition(state, asset))
        return ConditionChange(condition=summary, is_change=is_change)

    now = workspace.runtime.now()
    seen = await workspace.database.asked(lambda state: look(state, now))
    return Seen(seen, workspace.database.token)


def _page(title: str) -> Page:
    return Page(title=title, section="Conditions", script="act.js")


def _button(session: Session, asset: str, *, doing: str, label: str) -> Html:
    action = Action(
        path=f"/api/v1/conditions/{asset}/{doing}",
        body={},
        label=label,
        then=f"/conditions/{asset}",
    )
    return button(action, session.workspace.runtime, back=link("Not now", "conditions", asset))


def _enable_body(shown: ConditionChange, *, do: Html) -> Child:
    if not shown.is_change:
        return note("It is on already: there is nothing to do. ", _way(shown.condition))
    told = code(shown.condition.condition)
    return section(
        "This would happen",
        tag(
            "ul",
            tag("li", told, " would be judged at once, and a run started of what it holds of"),
            tag("li", "times at which a clock struck while it was off would start nothing"),
        ),
        do,
    )


def _disable_body(shown: ConditionChange, *, do: Html) -> Child:
    if not shown.is_change:
        return note("It is off already: there is nothing to do. ", _way(shown.condition))
    told = code(shown.condition.condition)
    return section(
        "This would happen",
        tag(
            "ul",
            tag("li", told, " would not be judged until it is switched on"),
            tag("li", "a run that it started goes on"),
        ),
        do,
    )


def _way(condition: ConditionSummary) -> Html:
    return link("Its page", "conditions", condition.asset)


__all__ = ["ConditionChange", "show_disable_condition", "show_enable_condition"]
