"""Materialize: what a run would do, and the button that starts it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated, Any, get_args

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, Seen
from arco.api.strictness import PRESENT_ONLY
from arco.ids import new_ulid
from arco.model import Event
from arco.orchestration.commands.runs import TriggerRun
from arco.orchestration.definitions import Which
from arco.orchestration.events import RunTriggered
from arco.orchestration.partitions import display
from arco.service.permits import permitted_trigger
from arco.ui.acting import Action, button
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.parts import grid, link, note, number, section
from arco.wire.runs import TriggerRequest

NAMED = 3
ASSETS_SHOWN = 200
PRESENT = {PRESENT_ONLY: True}
WORDS = {
    "stale": "what is missing or stale",
    "refresh": "that, and what is read from outside",
    "all": "everything",
}
Selection = Annotated[
    str, Parameter(max_length=4096, description="Terms of the selection language, by spaces.")
]
Partition = Annotated[str, Parameter(max_length=1024, description="Only these partitions.")]
OfWhich = Annotated[Which, Parameter(description="Which partitions.")]


class Planned(msgspec.Struct, frozen=True):
    """What a run would make of one asset."""

    asset: str
    tasks: int
    partitions: tuple[str, ...]
    """The first of them."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do, had it been triggered at this slot."""

    selection: str
    partition: str
    which: Which
    tasks: int
    """0: everything is fresh."""
    assets: list[Planned]
    """In the order of the plan."""


@page_at("/materialize", opt=PRESENT)
async def show_materialize(
    session: Here,
    caller: CallerHere,
    request: Asked,
    selection: Selection = "",
    partition: Partition = "",
    which: OfWhich = "stale",
) -> Response[Any]:
    """What a run of this selection would do."""
    workspace = session.workspace
    command = TriggerRun(
        run_id=new_ulid(workspace.runtime),
        tenant=workspace.settings.scope.tenant,
        workspace=workspace.settings.scope.workspace,
        selection=tuple(selection.split()),
        partition=partition,
        which=which,
        actor=caller.principal,
    )
    await session.terms.brought(workspace.database)
    decide = permitted_trigger(command, caller=caller, authority=workspace.authority)
    now = workspace.runtime.now()
    events = await workspace.database.asked(lambda state: list(decide(state, now)))
    shown = preview(events, command)
    wanted = TriggerRequest(selection=command.selection, partition=partition, which=which)
    action = Action(
        path="/api/v1/runs",
        body=wanted,
        label=f"Run {shown.tasks:,} task{'s' if shown.tasks != 1 else ''}",
        then="/runs/{run_id}",
        otherwise="Everything is fresh meanwhile: nothing had to run.",
    )
    do = button(action, workspace.runtime, back=link("Not now", "assets"))
    page = Page(title="Materialize", section="Assets", script="act.js")
    seen = Seen(shown, workspace.database.token)
    return Visit(session, caller, request).shown(seen, page, body=partial(_body, do=do))


def preview(events: Iterable[Event], command: TriggerRun) -> Preview:
    """What the trigger's events would make happen."""
    assets = planned(events)
    return Preview(
        selection=" ".join(command.selection),
        partition=command.partition,
        which=command.which,
        tasks=sum(each.tasks for each in assets),
        assets=assets,
    )


def planned(events: Iterable[Event]) -> list[Planned]:
    """What the run that is triggered would make, in the order of its plan."""
    found: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event.payload, RunTriggered):
            for task in event.payload.tasks:
                found.setdefault(task.asset, []).append(task.partition_key)
    return [
        Planned(asset, len(keys), tuple(display(key) for key in keys[:NAMED] if key))
        for asset, keys in found.items()
    ]


def planned_grid(assets: Sequence[Planned]) -> Child:
    """What a run would make, asset by asset."""
    rows = (
        (link(each.asset, "assets", each.asset), number(each.tasks), _named(each))
        for each in assets[:ASSETS_SHOWN]
    )
    heads = ("Asset", "Tasks", "Partitions")
    rest = len(assets) - ASSETS_SHOWN
    return (
        grid(heads, rows, empty="", numbers=(1,)),
        tag("p", f"and {rest:,} more assets") if rest > 0 else None,
    )


def _body(shown: Preview, *, do: Html) -> Child:
    if not shown.tasks:
        said = "Everything that is selected is fresh: there is nothing to run."
        return (_form(shown), note(said, tone="good"))
    return (_form(shown), section("This would run", planned_grid(shown.assets), do))


def _named(each: Planned) -> str:
    rest = each.tasks - len(each.partitions)
    told = ", ".join(each.partitions)
    return f"{told} and {rest:,} more" if told and rest > 0 else told


def _form(shown: Preview) -> Html:
    options = [
        tag("option", WORDS[each], value=each, selected=each == shown.which)
        for each in get_args(Which)
    ]
    return tag(
        "form",
        tag(
            "label",
            "Selection, such as raw.flights+",
            tag("input", name="selection", value=shown.selection, placeholder="every asset"),
        ),
        tag(
            "label",
            "Partitions, such as 2013-05",
            tag("input", name="partition", value=shown.partition, placeholder="as below"),
        ),
        tag("label", "Which", tag("select", *options, name="which")),
        tag("button", "Show what would run"),
        action="/materialize",
        class_="filters",
    )


__all__ = ["Planned", "Preview", "planned", "planned_grid", "preview", "show_materialize"]
