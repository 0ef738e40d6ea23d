"""What a task printed, read from its stored chunks: it can be followed while the task runs.

Law L8: chunks are numbered, so nothing is listed.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.runs import RunId
from arco.api.session import Here, Session, answer, ask
from arco.api.strictness import PRESENT_ONLY
from arco.errors import NotFound
from arco.ids import attempt_id, dispatch_id
from arco.model import State
from arco.orchestration.tables import TASKS
from arco.service.permits import require_on_task
from arco.service.summaries import find_run
from arco.store import keys
from arco.wire.logs import LogLine, TaskLogs

CHUNKS_MAX = 8
NUMBER_MAX = 1_000_000
TaskIndex = Annotated[
    int, Parameter(ge=0, le=NUMBER_MAX, description="The task's place in the plan.")
]
AttemptNumber = Annotated[
    int | None, Parameter(ge=1, le=NUMBER_MAX, description="Which attempt; without it, the newest.")
]
FirstChunk = Annotated[
    int,
    Parameter(
        ge=0, le=NUMBER_MAX, description="Where to go on: `next_chunk` of the answer before."
    ),
]


class Logged(msgspec.Struct, frozen=True):
    """An attempt whose output is asked for."""

    run_id: str
    index: int
    attempt: int
    attempt_id: str


DECODER = msgspec.json.Decoder(LogLine)


@get(
    "/runs/{run_id:str}/tasks/{index:int}/logs",
    summary="Read a task's log",
    tags=["orchestration"],
    response_description="The lines.",
    responses=refusals(404),
    opt={PRESENT_ONLY: True},
)
async def show_logs(
    session: Here,
    caller: CallerHere,
    run_id: RunId,
    index: TaskIndex,
    attempt: AttemptNumber = None,
    chunk: FirstChunk = 0,
) -> Response[TaskLogs]:
    """What the task printed, from chunk `chunk` on; at most eight chunks at once. Of a task whose
    data another one's attempt made, what that one printed.

    An answer without lines means that nothing more is stored yet.
    """

    def look(state: State) -> Logged:
        logged = _logged(state, run_id, index=index, attempt=attempt)
        require_on_task(state, caller, run_id=logged.run_id, index=index)
        return logged

    seen = await ask(session, look, caller=caller)
    chunks = await _chunks(session, seen.value, first=chunk)
    logs = TaskLogs(
        run_id=seen.value.run_id,
        index=index,
        attempt=seen.value.attempt,
        next_chunk=chunk + len(chunks),
        lines=[line for data in chunks for line in DECODER.decode_lines(data)],
    )
    return answer(logs, seen.token)


def _logged(state: State, run_id: str, *, index: int, attempt: int | None) -> Logged:
    run = find_run(state, run_id)
    task = state.get(TASKS, run.run_id, index)
    if task is None:
        raise NotFound(
            "TASK_NOT_FOUND",
            f"run {run.run_id} has no task {index}; it has {run.total}, counted from 0",
            hint=f"GET /api/v1/runs/{run.run_id} lists its tasks",
        )
    maker = state.get(TASKS, run.run_id, task.made_by) if task.made_by is not None else None
    task = maker or task
    number = task.attempt if attempt is None else attempt
    name = attempt_id(dispatch_id(task.run_id, task.task_key, number))
    return Logged(run.run_id, index, number, name)


async def _chunks(session: Session, logged: Logged, *, first: int) -> list[bytes]:
    """Stored chunks in order, up to the first that is not there."""
    found: list[bytes] = []
    for index in range(first, first + CHUNKS_MAX):
        key = keys.task_log(logged.run_id, logged.attempt_id, index)
        data = await session.workspace.store.get(key)
        if data is None:
            break
        found.append(data)
    return found


__all__ = ["Logged", "show_logs"]
