"""Runs over HTTP: list, show, trigger, cancel.

A route parses, a command decides, the answer names the slot. Must not know how runs are decided.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter

from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import Here, answer, ask, read
from arco.ids import new_ulid
from arco.orchestration.choosing import Which
from arco.orchestration.commands.runs import (
    CancelRun,
    TriggerRun,
    cancel_run,
    triggered_run,
)
from arco.service.authority import guarded
from arco.service.permits import permitted_trigger, require_on_run
from arco.service.summaries import (
    RunDetail,
    RunSummary,
    find_run,
    newest_runs,
    run_detail,
    run_summary,
)

RUNS_MAX = 1000
TERMS_MAX = 1000
# What a person says is kept in the log for ever: it is a line, not a file.
Text = Annotated[str, msgspec.Meta(max_length=4096)]
RunId = Annotated[str, Parameter(title="Run id", description="A run's id, or how it ends.")]
Limit = Annotated[int, Parameter(ge=1, le=RUNS_MAX, description="How many runs at most.")]


class RunList(msgspec.Struct, frozen=True):
    """Runs, newest first."""

    runs: list[RunSummary]


class TriggerRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to run. Empty: every asset that is missing or stale."""

    selection: Annotated[tuple[Text, ...], msgspec.Meta(max_length=TERMS_MAX)] = ()
    """Terms of the selection language, such as `raw.flights+`; none: every asset."""
    partition: Text = ""
    """`2013-05`, `month=2013-01..2013-06`; what is named runs, fresh or not."""
    which: Which = "stale"
    run_key: Text = ""
    """The same key with the same request is answered by the same run."""


class Triggered(msgspec.Struct, frozen=True, omit_defaults=True):
    """The run that answers the request, or `fresh`: nothing had to run."""

    run_id: str = ""
    fresh: bool = False


class CancelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a run is stopped."""

    reason: Text = ""


TRIGGER_ANSWERS = {
    200: ResponseSpec(Triggered, generate_examples=False, description="Everything is fresh."),
    **refusals(404, 409, 413, 415),
}


@get(
    "/runs",
    summary="List runs",
    tags=["orchestration"],
    response_description="The runs.",
    responses=refusals(),
)
async def show_runs(session: Here, caller: CallerHere, limit: Limit = 50) -> Response[RunList]:
    """The newest runs, newest first, without their tasks."""
    return await read(session, lambda state: RunList(newest_runs(state, limit)), caller=caller)


@get(
    "/runs/{run_id:str}",
    summary="Get a run",
    tags=["orchestration"],
    response_description="The run.",
    responses=refusals(404),
)
async def show_run(session: Here, caller: CallerHere, run_id: RunId) -> Response[RunDetail]:
    """One run with its tasks in plan order and the results of its checks."""
    return await read(session, lambda state: run_detail(state, run_id), caller=caller)


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
    )
    permitted = permitted_trigger(command, caller=caller, authority=workspace.authority)
    receipt = await workspace.database.transact(permitted)
    seen = await ask(session, lambda state: triggered_run(state, command), caller=caller)
    if seen.value is None:
        return answer(Triggered(fresh=True), receipt.seq)
    return answer(Triggered(run_id=seen.value), receipt.seq, status=202)


@post(
    "/runs/{run_id:str}/cancel",
    operation_id="cancel_run",
    summary="Cancel a run",
    tags=["orchestration"],
    status_code=202,
    response_description="The run is asked to stop.",
    responses=refusals(404, 409, 413, 415),
)
async def cancel(
    session: Here, caller: CallerHere, run_id: RunId, data: JSONBody[CancelRequest]
) -> Response[RunSummary]:
    """Stop a run: what waits is dropped, what runs is ended. Cancelling twice is harmless."""
    found = await ask(session, lambda state: find_run(state, run_id).run_id, caller=caller)
    command = CancelRun(run_id=found.value, actor=caller.principal, reason=data.reason)
    may_cancel = partial(
        require_on_run, caller=caller, privilege=Privilege.RUN, run_id=command.run_id
    )
    receipt = await session.workspace.database.transact(guarded(cancel_run(command), may_cancel))
    seen = await ask(
        session, lambda state: run_summary(find_run(state, found.value)), caller=caller
    )
    return answer(seen.value, receipt.seq, status=202)


__all__ = [
    "CancelRequest",
    "RunId",
    "RunList",
    "TriggerRequest",
    "Triggered",
    "cancel",
    "show_run",
    "show_runs",
    "trigger",
]
