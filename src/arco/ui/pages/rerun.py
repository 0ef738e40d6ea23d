"""Run again: what a rerun would make, what it would take over, and the button that starts it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Annotated, Any, get_args

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, Seen
from arco.api.strictness import PRESENT_ONLY
from arco.ids import new_ulid
from arco.model import State
from arco.orchestration.commands.reruns import RerunRun, RerunWhich
from arco.orchestration.events import RunTriggered
from arco.orchestration.states import RunState
from arco.runtime import Runtime
from arco.service.reruns import RepeatedTask, Rerunning
from arco.service.summaries import RunSummary, find_run, run_summary
from arco.ui.acting import Action, button
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.pages.materialize import Planned, planned, planned_grid
from arco.ui.parts import grid, link, note, section
from arco.wire.runs import RerunRequest

TASKS_SHOWN = 100
WORDS = {"unsuccessful": "what did not succeed", "all": "every task of it"}
REASONS = {
    "ASKED": "all of it was asked for",
    "PUBLISHED": "its result stands in its table already",
    "STAGED_DATA_EXPIRED": "its files are given up",
    "CODE_CHANGED": "its code changed",
    "UPSTREAM_RUNS_AGAIN": "something upstream runs again",
    "UPSTREAM_CHANGED": "what it read has been published anew",
    "MERGES_AGAIN": "it merges into what is published now",
}
RunNamed = Annotated[str, Parameter(max_length=64)]
OfWhich = Annotated[RerunWhich | None, Parameter(description="How much of it runs again.")]


class Repeating(msgspec.Struct, frozen=True, kw_only=True):
    """What running a run again would do."""

    run: RunSummary
    which: RerunWhich
    tasks: int
    assets: list[Planned]
    adopted: int
    """Tasks whose result would be taken over."""
    repeated: list[RepeatedTask]
    """Tasks that succeeded and would run all the same."""


@page_at("/rerun/{run_id:str}", opt={PRESENT_ONLY: True})
async def show_rerun(
    session: Here, caller: CallerHere, request: Asked, run_id: RunNamed, which: OfWhich = None
) -> Response[Any]:
    """What running the run again would do."""
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    now = workspace.runtime.now()
    await workspace.authority.acquainted(caller)

    def look(state: State) -> Repeating:
        run = find_run(workspace.authority.visible(state, caller), plain_name(run_id))
        scope = workspace.settings.scope
        chosen: RerunWhich = which or ("all" if run.state is RunState.SUCCEEDED else "unsuccessful")
        command = RerunRun(
            run_id=new_ulid(workspace.runtime),
            tenant=scope.tenant,
            workspace=scope.workspace,
            parent=run.run_id,
            which=chosen,
            actor=caller.principal,
        )
        rerunning = Rerunning(command, caller=caller, authority=workspace.authority)
        events = list(rerunning.decide(state, now))
        assets = planned(events)
        taken = [each.payload for each in events if isinstance(each.payload, RunTriggered)]
        return Repeating(
            run=run_summary(run),
            which=chosen,
            tasks=sum(each.tasks for each in assets),
            assets=assets,
            adopted=sum(len(each.adopted) for each in taken),
            repeated=list(rerunning.repeated),
        )

    seen = Seen(await workspace.database.asked(look), workspace.database.token)
    page = Page(title=f"Run {seen.value.run.run_id} again", section="Runs", script="act.js")
    body = partial(_body, do=_button(seen.value, workspace.runtime))
    return Visit(session, caller, request).shown(seen, page, body=body)


def _button(shown: Repeating, runtime: Runtime) -> Html:
    action = Action(
        path=f"/api/v1/runs/{shown.run.run_id}/rerun",
        body=RerunRequest(which=shown.which),
        label="Run it again",
        then="/runs/{run_id}",
    )
    return button(action, runtime, back=link("Leave it", "runs", shown.run.run_id))


def _body(shown: Repeating, *, do: Html) -> Child:
    runs = shown.tasks - shown.adopted
    told = [
        tag("li", f"{runs:,} tasks would run"),
        tag(
            "li",
            f"{shown.adopted:,} results would be taken over, because nothing about them changed",
        )
        if shown.adopted
        else None,
        tag("li", "everything would be published together, once all of it succeeded"),
    ]
    return (
        _choice(shown),
        section("This would run", tag("ul", *told), planned_grid(shown.assets), do),
        _repeated(shown.repeated),
    )


def _choice(shown: Repeating) -> Child:
    if shown.run.state is RunState.SUCCEEDED:
        return note("It succeeded: all of it would be made anew, from what is published now.")
    options = [
        tag("option", WORDS[each], value=each, selected=each == shown.which)
        for each in get_args(RerunWhich)
    ]
    return tag(
        "form",
        tag("label", "Which", tag("select", *options, name="which")),
        tag("button", "Show what would run"),
        action=address("rerun", shown.run.run_id),
        class_="filters",
    )


def _repeated(tasks: list[RepeatedTask]) -> Child:
    if not tasks:
        return None
    counts = Counter(each.reason for each in tasks)
    why = ", ".join(f"{count:,} because {_reason(each)}" for each, count in counts.items())
    rows = (
        (each.task_key.removesuffix(":materialize"), _reason(each.reason))
        for each in tasks[:TASKS_SHOWN]
    )
    rest = len(tasks) - TASKS_SHOWN
    return section(
        "Succeeded, and would run all the same",
        tag("p", why),
        grid(("Task", "Because"), rows, empty=""),
        tag("p", f"and {rest:,} more") if rest > 0 else None,
        name="repeated",
    )


def _reason(reason: str) -> str:
    return REASONS.get(reason, reason.lower().replace("_", " "))


__all__ = ["Repeating", "show_rerun"]
