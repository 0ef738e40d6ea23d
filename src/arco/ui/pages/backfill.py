"""Backfill: how many partitions would be made again, in which order, and the button for it."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, get_args

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, Seen
from arco.api.strictness import PRESENT_ONLY
from arco.ids import new_ulid
from arco.orchestration.backfill_events import BackfillCreated
from arco.orchestration.backfills import RunsPer, Wanted
from arco.orchestration.commands.backfills import CHUNK_SIZE, CONCURRENCY, CreateBackfill
from arco.service.permits import permitted_backfill
from arco.ui.acting import Action, button
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.parts import grid, link, links, note, number, section
from arco.wire.backfills import BackfillRequest

ASSETS_NAMED = 6
WORDS = {
    "all": "every one, fresh or not",
    "missing": "those never made",
    "failed": "those whose last attempt failed",
    "stale": "those missing or stale",
    "partition": "a run for each partition",
    "chunk": "a run for each chunk",
}
Selection = Annotated[
    str, Parameter(max_length=4096, description="Terms of the selection language, by spaces.")
]
Ranges = Annotated[
    str, Parameter(max_length=100_000, description="Partitions or ranges, one a line; none: all.")
]
OfWhich = Annotated[Wanted, Parameter(description="Which of them, when their turn comes.")]
PerRun = Annotated[RunsPer, Parameter(description="What a run is for.")]
Size = Annotated[int, Parameter(description="How many partitions are in a chunk.")]
AtOnce = Annotated[int, Parameter(description="How many of its runs there may be at once.")]


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Assets that are made together."""

    assets: list[str]
    partitions: int


class Backfilling(msgspec.Struct, frozen=True, kw_only=True):
    """What a backfill would do, had it been created at this slot."""

    request: BackfillRequest
    total: int
    runs: int
    """At most so many runs would start."""
    stages: list[Stage]
    """Upstream first."""


@page_at("/backfill", opt={PRESENT_ONLY: True})
async def show_backfilling(
    session: Here,
    caller: CallerHere,
    request: Asked,
    selection: Selection = "",
    partitions: Ranges = "",
    which: OfWhich = "all",
    runs_per: PerRun = "partition",
    chunk_size: Size = CHUNK_SIZE,
    concurrency: AtOnce = CONCURRENCY,
) -> Response[Any]:
    """What a backfill of these partitions would do."""
    wanted = BackfillRequest(
        selection=tuple(selection.split()),
        partitions=tuple(filter(None, map(str.strip, partitions.splitlines()))),
        which=which,
        runs_per=runs_per,
        chunk_size=chunk_size,
        concurrency=concurrency,
    )
    visit = Visit(session, caller, request)
    page = Page(title="Backfill", section="Backfills", script="act.js")
    if not wanted.selection:
        token = session.workspace.database.token
        asked = Backfilling(request=wanted, total=0, runs=0, stages=[])
        return visit.shown(Seen(asked, token), page, body=_asking)
    seen = await _seen(visit, wanted)
    action = Action(
        path="/api/v1/backfills",
        body=wanted,
        label=f"Backfill {seen.value.total:,} partition{'s' if seen.value.total != 1 else ''}",
        then="/backfills/{backfill_id}",
    )
    do = button(action, session.workspace.runtime, back=link("Not now", "backfills"))
    return visit.shown(seen, page, body=partial(_body, do=do))


async def _seen(visit: Visit, wanted: BackfillRequest) -> Seen[Backfilling]:
    workspace = visit.session.workspace
    await visit.session.terms.brought(workspace.database)
    await workspace.authority.acquainted(visit.caller)
    command = CreateBackfill(
        backfill_id=new_ulid(workspace.runtime),
        **msgspec.structs.asdict(wanted),
        actor=visit.caller.principal,
    )
    decide = permitted_backfill(command, caller=visit.caller, authority=workspace.authority)
    now = workspace.runtime.now()
    events = await workspace.database.asked(lambda state: list(decide(state, now)))
    created = events[0].payload
    assert isinstance(created, BackfillCreated)
    counts = [each.partitions for each in created.stages]
    per = 1 if wanted.runs_per == "partition" else wanted.chunk_size
    shown = Backfilling(
        request=wanted,
        total=sum(counts),
        runs=sum(-(-count // per) for count in counts),
        stages=[
            Stage(assets=list(each.assets), partitions=each.partitions) for each in created.stages
        ],
    )
    return Seen(shown, workspace.database.token)


def _asking(shown: Backfilling) -> Child:
    return (_form(shown), note("Name what to make again; nothing happens before you say so."))


def _body(shown: Backfilling, *, do: Html) -> Child:
    rows = (
        (place + 1, _assets(stage.assets), number(stage.partitions))
        for place, stage in enumerate(shown.stages)
    )
    only = shown.request.which
    told = (
        tag("li", f"{shown.total:,} partitions, by at most {shown.runs:,} runs"),
        tag("li", f"at most {shown.request.concurrency:,} of them at once"),
        tag("li", f"of these only {WORDS[only]}, as it is when their turn comes")
        if only != "all"
        else None,
        tag("li", "it can be paused, resumed and cancelled on its page"),
    )
    return (
        _form(shown),
        section(
            "This would happen",
            tag("ul", *told),
            grid(("Stage", "Assets", "Partitions"), rows, empty="", numbers=(2,)),
            do,
        ),
    )


def _assets(names: list[str]) -> Child:
    rest = len(names) - ASSETS_NAMED
    return (links(names[:ASSETS_NAMED], "assets"), f" and {rest:,} more" if rest > 0 else None)


def _form(shown: Backfilling) -> Html:
    asked = shown.request
    fields = (
        tag(
            "label",
            "Selection, such as staging.flights+",
            tag("input", name="selection", value=" ".join(asked.selection), required=True),
        ),
        tag(
            "label",
            "Partitions or ranges, one a line",
            tag(
                "textarea",
                "\n".join(asked.partitions),
                name="partitions",
                rows=2,
                placeholder="2013-01..2013-06 (none: all)",
            ),
        ),
        _choice("Which", "which", chosen=asked.which, values=get_args(Wanted)),
        _choice("Runs", "runs_per", chosen=asked.runs_per, values=get_args(RunsPer)),
        _count("Partitions a chunk", "chunk_size", value=asked.chunk_size),
        _count("Runs at once", "concurrency", value=asked.concurrency),
    )
    return tag(
        "form",
        *fields,
        tag("button", "Show what would run"),
        action="/backfill",
        class_="filters",
    )


def _choice(label: str, name: str, *, chosen: str, values: tuple[str, ...]) -> Html:
    options = (tag("option", WORDS[each], value=each, selected=each == chosen) for each in values)
    return tag("label", label, tag("select", *options, name=name))


def _count(label: str, name: str, *, value: int) -> Html:
    return tag("label", label, tag("input", name=name, value=value, type="number", min=1))


__all__ = ["Backfilling", "Stage", "show_backfilling"]
