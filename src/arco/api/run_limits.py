"""Limits of runs over HTTP: list, set, let a run go first. Must not know who waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from litestar import Response, get, post
from litestar.params import JSONBody

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.changing import Told, change
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.runs import RunId
from arco.api.session import Here, read, require_whole
from arco.model import Event, State
from arco.orchestration.commands.run_limits import limit_runs, prioritize_run, unlimit_runs
from arco.service.authority import guarded, require_on_workspace
from arco.service.permits import require_on_run
from arco.service.run_limits import limit_list
from arco.service.summaries import RunSummary, find_run, run_standing
from arco.wire.run_limits import LimitList, LimitRequest, PriorityRequest


@get(
    "/limits",
    operation_id="show_limits",
    summary="List limits of runs",
    tags=["orchestration"],
    response_description="The limits.",
    responses=refusals(),
)
async def show_limits(
    session: Here, caller: CallerHere, fields: Fields = ""
) -> Response[LimitList]:
    """Every limit with how many runs that it covers are under way, and how many wait."""
    await require_whole(session, caller)
    return await read(
        session, lambda state: LimitList(limit_list(state)), caller=caller, fields=fields
    )


@post(
    "/limits",
    operation_id="limit_runs",
    summary="Limit runs",
    tags=["orchestration"],
    status_code=200,
    response_description="The limits as they stand now.",
    responses=refusals(404),
)
async def limit(
    session: Here, caller: CallerHere, data: JSONBody[LimitRequest]
) -> Response[LimitList]:
    """Say how many runs may be under way at once: all, or those with a tag or an asset.

    What is under way goes on; others wait in the queue until there is room.
    """
    actor = caller.principal
    if data.runs_max is None:
        decision = unlimit_runs(data.name, actor=actor)
    else:
        decision = limit_runs(data.name, data.runs_max, actor=actor)
    managed = guarded(decision, partial(_check, caller=caller))
    return await change(
        session, managed, tell=lambda state: Told(LimitList(limit_list(state))), caller=caller
    )


@post(
    "/runs/{run_id:str}/priority",
    operation_id="prioritize_run",
    summary="Let a run go first",
    tags=["orchestration"],
    status_code=200,
    response_description="The run has this priority.",
    responses=refusals(404, 409),
)
async def prioritize(
    session: Here, caller: CallerHere, run_id: RunId, data: JSONBody[PriorityRequest]
) -> Response[RunSummary]:
    """Move a run in the queue: before those of a lower priority, behind those of a higher one."""
    visible = session.workspace.authority.visible

    def decide(state: State, now: datetime) -> Sequence[Event]:
        run = find_run(visible(state, caller), run_id)
        require_on_run(state, caller, privilege=Privilege.RUN, run_id=run.run_id)
        return prioritize_run(run.run_id, data.priority, actor=caller.principal)(state, now)

    return await change(
        session,
        decide,
        tell=lambda state: Told(run_standing(state, find_run(state, run_id))),
        caller=caller,
    )


def _check(state: State, *, caller: Caller) -> None:
    """Raises: Forbidden ACCESS_DENIED."""
    require_on_workspace(state, caller, privilege=Privilege.MANAGE)


ROUTES = (show_limits, limit, prioritize)

__all__ = ["ROUTES", "limit", "prioritize", "show_limits"]
