"""What worker services answer for tasks: it started, it lives, it ended.

Law: only who was given the attempt is heard, on every server, also where others need no name; it is
heard of that attempt and of nothing else. These routes are the worker protocol, which is described
apart from what users ask. Must not know what an answer comes to.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.params import JSONBody

from arco.access.callers import Method
from arco.api.callers import CallerHere
from arco.api.session import Here
from arco.execution.callbacks import Told
from arco.execution.protocol import Completed, Heard, Heartbeat, Started
from arco.ids import attempt_id
from arco.service.identity import credentials_invalid
from arco.service.task_tokens import TaskClaims

TASK = "task"
"""Where the door leaves what a task's token says."""


@post("/tasks/{attempt_id:str}/started", status_code=200, include_in_schema=False)
async def task_started(
    session: Here,
    caller: CallerHere,
    request: Request[Any, Any, Any],
    data: JSONBody[Started],
) -> Response[Heard]:
    """The worker has the attempt and asks to begin."""
    return await _heard(session, caller, request=request, message=data)


@post("/tasks/{attempt_id:str}/heartbeat", status_code=200, include_in_schema=False)
async def task_heartbeat(
    session: Here,
    caller: CallerHere,
    request: Request[Any, Any, Any],
    data: JSONBody[Heartbeat],
) -> Response[Heard]:
    """The worker has the attempt still, and asks whether it should go on."""
    return await _heard(session, caller, request=request, message=data)


@post("/tasks/{attempt_id:str}/completed", status_code=200, include_in_schema=False)
async def task_completed(
    session: Here,
    caller: CallerHere,
    request: Request[Any, Any, Any],
    data: JSONBody[Completed],
) -> Response[Heard]:
    """How the attempt ended; acknowledged when that is durable."""
    return await _heard(session, caller, request=request, message=data)


async def _heard(
    session: Here,
    caller: CallerHere,
    *,
    request: Request[Any, Any, Any],
    message: Told,
) -> Response[Heard]:
    if caller.method is not Method.TASK:
        raise credentials_invalid("only a worker answers for a task")
    claims: TaskClaims = request.scope["state"][TASK]
    named = request.path_params["attempt_id"]
    if named != attempt_id(claims.dispatch_id) or message.dispatch_id != claims.dispatch_id:
        raise credentials_invalid("its token is for another attempt")
    assert session.callbacks is not None
    return Response(await session.callbacks.hear(claims, message))


ROUTES = (task_started, task_heartbeat, task_completed)

__all__ = ["ROUTES", "TASK", "task_completed", "task_heartbeat", "task_started"]
