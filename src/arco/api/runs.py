"""Runs over HTTP: list, show, trigger, run again, cancel.

A route parses, a command decides, the answer names the slot. Must not know how runs are decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter, QueryParameter

from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.changing import Told, change
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import CHANGES_ONE, TELLS_ONE
from arco.api.paging import Cursor, page_of, read_cursor, write_cursor
from arco.api.session import Here, read, read_one
from arco.ids import new_ulid
from arco.model import Event, State
from arco.orchestration.commands.reruns import RerunRun
from arco.orchestration.commands.runs import (
    CancelRun,
    TriggerRun,
    cancel_run,
    triggered_run,
)
from arco.orchestration.states import RunState
from arco.orchestration.tables import NEWEST_RUNS, RUNS
from arco.service.permits import permitted_trigger, require_on_run
from arco.service.reruns import Rerun, Rerunning
from arco.service.summaries import (
    RunDetail,
    RunSummary,
    find_run,
    run_detail,
    run_standing,
)
from arco.wire.runs import CancelRequest, RerunRequest, RunList, Triggered, TriggerRequest

RUNS_MAX = 1000
RunId = Annotated[str, Parameter(title="Run id", description="A run's id, or how it ends.")]
OfState = Annotated[
    RunState | None, QueryParameter(name="state", description="Only runs in this state.")
]
Limit = Annotated[int, Parameter(ge=1, le=RUNS_MAX, description="How many runs at most.")]


def run_page(
    state: State, *, limit: int, cursor: str = "", run_state: RunState | None = None
) -> RunList:
    """At most `limit` runs, newest first, from where the cursor left off.

    Cost: the page; with a state, the rows that are looked at.
    """
    asked = ("runs", run_state.value if run_state else "")
    after = read_cursor(cursor, *asked, types=(int,))
    rows = (
        (rank.rank, state.get(RUNS, rank.run_id)) for rank in state.range(NEWEST_RUNS, after=after)
    )
    page = page_of(
        ((rank, row) for rank, row in rows if row is not None),
        limit=limit,
        key=lambda pair: (pair[0],),
        keep=lambda pair: run_state in (None, pair[1].state),
    )
    found = [run_standing(state, row) for _, row in page.rows]
    return RunList(found, write_cursor(page.behind, *asked))


TRIGGER_ANSWERS = {
    200: ResponseSpec(Triggered, generate_examples=False, description="Everything is fresh."),
    **refusals(404, 409),
}


@get(
    "/runs",
    summary="List runs",
    tags=["orchestration"],
    response_description="The runs.",
    responses=refusals(),
)
async def show_runs(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: Limit = 50,
    run_state: OfState = None,
    fields: Fields = "",
) -> Response[RunList]:
    """The newest runs, newest first, without their tasks."""
    page = partial(run_page, limit=limit, cursor=cursor, run_state=run_state)
    return await read(session, page, caller=caller, fields=fields)


@get(
    "/runs/{run_id:str}",
    summary="Get a run",
    tags=["orchestration"],
    response_description="The run.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_run(
    session: Here, caller: CallerHere, run_id: RunId, fields: Fields = ""
) -> Response[RunDetail]:
    """One run with its tasks in plan order and the results of its checks."""
    return await read_one(
        session, lambda state: run_detail(state, run_id), caller=caller, fields=fields
    )


@post(
    "/runs",
    operation_id="trigger_run",
    summary="Trigger a run",
    tags=["orchestration"],
    status_code=202,
    response_description="A run answers the request.",
    responses=TRIGGER_ANSWERS,
)
async def trigger(
    session: Here, caller: CallerHere, data: JSONBody[TriggerRequest]
) -> Response[Triggered]:
    """Run what is selected: named partitions, or all that are missing or stale.

    Acknowledged when the decision is durable; the run itself goes on in the leading process.
    Idempotent by `run_key`.
    """
    workspace = session.workspace
    scope = workspace.settings.scope
    command = TriggerRun(
        run_id=new_ulid(workspace.runtime),
        tenant=scope.tenant,
        workspace=scope.workspace,
        selection=data.selection,
        partition=data.partition,
        which=data.which,
        run_key=data.run_key,
        actor=caller.principal,
        priority=data.priority,
        settings=data.settings,
        unchanged=data.unchanged,
    )
    permitted = permitted_trigger(command, caller=caller, authority=workspace.authority)

    def tell(state: State) -> Told[Triggered]:
        run_id = triggered_run(state, command)
        return Told(Triggered(run_id), 202) if run_id else Told(Triggered(fresh=True))

    return await change(session, permitted, tell=tell, caller=caller)


@post(
    "/runs/{run_id:str}/rerun",
    operation_id="rerun_run",
    summary="Run a run again",
    tags=["orchestration"],
    status_code=202,
    response_description="A run answers the request.",
    responses=refusals(404, 409),
)
async def rerun(
    session: Here, caller: CallerHere, run_id: RunId, data: JSONBody[RerunRequest]
) -> Response[Rerun]:
    """Run the same partitions again: all, what did not succeed, or only what is named.

    What succeeded without being published is taken over where code and inputs are the same; what
    is not is named with the reason. Idempotent by `run_key`.
    """
    workspace = session.workspace
    scope = workspace.settings.scope
    command = RerunRun(
        run_id=new_ulid(workspace.runtime),
        tenant=scope.tenant,
        workspace=scope.workspace,
        parent=run_id,
        which=data.which,
        only=data.only,
        run_key=data.run_key,
        actor=caller.principal,
    )
    rerunning = Rerunning(command, caller=caller, authority=workspace.authority)
    return await change(
        session,
        rerunning.decide,
        tell=lambda state: Told(rerunning.outcome(state), 202),
        caller=caller,
    )


@post(
    "/runs/{run_id:str}/cancel",
    operation_id="cancel_run",
    summary="Cancel a run",
    tags=["orchestration"],
    status_code=202,
    response_description="The run is asked to stop.",
    responses=refusals(404, 409),
    opt={CHANGES_ONE: True},
)
async def cancel(
    session: Here, caller: CallerHere, run_id: RunId, data: JSONBody[CancelRequest]
) -> Response[RunSummary]:
    """Stop a run: what waits is dropped, what runs is ended. Cancelling twice is harmless."""
    visible = session.workspace.authority.visible

    def decide(state: State, now: datetime) -> Sequence[Event]:
        run = find_run(visible(state, caller), run_id)
        require_on_run(state, caller, privilege=Privilege.RUN, run_id=run.run_id)
        command = CancelRun(run_id=run.run_id, actor=caller.principal, reason=data.reason)
        return cancel_run(command)(state, now)

    return await change(
        session,
        decide,
        tell=lambda state: Told(run_standing(state, find_run(state, run_id)), 202),
        caller=caller,
        current=lambda state: run_detail(visible(state, caller), run_id),
    )


__all__ = [
    "OfState",
    "RunId",
    "cancel",
    "rerun",
    "run_page",
    "show_run",
    "show_runs",
    "trigger",
]
