"""What an answer of a worker service comes to: a command, unless it speaks of something else.

Law: a worker answers for the attempt it was given and for nothing else; whatever does not fit is a
lost attempt, never a result. Moments are kept between the dispatch and now, whatever its clock
says. Must not know how answers travel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.execution.protocol import Completed, Started
from arco.ids import attempt_id, dispatch_id
from arco.model import Decision, Event, State
from arco.orchestration.commands.attempts import (
    CompleteAttempt,
    LoseAttempt,
    StartAttempt,
    complete_attempt,
    lose_attempt,
    start_attempt,
)
from arco.orchestration.outcomes import Completion, ErrorCategory, Output
from arco.orchestration.rows import Asset, Dispatch, Task
from arco.orchestration.tables import ASSETS, DISPATCHES, RUNS, TASKS
from arco.orchestration.together import waiting_with
from arco.store.keys import staged_parts

COUNT_MAX = 2**63 - 1


def started_as_told(message: Started) -> Decision:
    """That the attempt runs, since the moment the worker names."""
    return partial(_start, message=message)


def completed_as_told(message: Completed) -> Decision:
    """How the attempt ended, if the answer is one to it; else that it is lost."""
    return partial(_complete, message=message)


def misfit(
    task: Task, others: Mapping[str, Asset], *, asset: Asset | None, completion: Completion
) -> str:
    """What in the answer is not this attempt's; empty: all of it is. `others`: key -> the assets
    that its function makes, too.
    """
    key = task.asset
    wrong = _misfit_output(task, asset, key=key, output=completion.output)
    for made in completion.others:
        if made.asset not in others:
            return f"it speaks of {made.asset}, which is not made with {key}"
        output = made.output
        wrong = wrong or _misfit_output(task, others[made.asset], key=made.asset, output=output)
    if wrong:
        return wrong
    known = {each.upstream for each in asset.definition.dependencies} if asset else set()
    strange = [read.upstream for read in completion.reads if read.upstream not in known]
    return f"it read {strange[0]}, which is no upstream" if strange else ""


def _misfit_output(task: Task, asset: Asset | None, *, key: str, output: Output | None) -> str:
    if output is None:
        return ""
    place = (key, task.partition_key, asset.table_id if asset else "")
    if (output.asset, output.partition_key, output.table_id) != place:
        return f"it speaks of {output.asset} in place of {key}"
    out = dispatch_id(task.run_id, task.task_key, task.attempt)
    return _misfit_files(output, attempt_id(out))


def _misfit_files(output: Output, attempt: str) -> str:
    for file in output.files:
        if staged_parts(file.key) != (output.table_id, attempt):
            return "it names a file that the attempt did not write"
    counts = [output.rows, *(file.rows for file in output.files)]
    sizes = [file.size_bytes for file in output.files]
    if not all(0 <= count <= COUNT_MAX for count in (*counts, *sizes)):
        return "it counts what nobody can"
    texts = [output.schema, *(file.statistics for file in output.files if file.statistics)]
    return "" if all(map(_is_object, texts)) else "its schema or statistics cannot be read"


def _is_object(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=dict)
    except msgspec.MsgspecError:
        return False
    return True


def _start(state: State, now: datetime, *, message: Started) -> Sequence[Event]:
    dispatch = state.get(DISPATCHES, message.dispatch_id)
    if dispatch is None:
        return ()
    (started_at,) = _kept(dispatch, now, moments=(message.started_at,))
    command = StartAttempt(dispatch_id=dispatch.dispatch_id, started_at=started_at)
    return start_attempt(command)(state, now)


def _complete(state: State, now: datetime, *, message: Completed) -> Sequence[Event]:
    dispatch = state.get(DISPATCHES, message.dispatch_id)
    task = state.get(TASKS, dispatch.run_id, dispatch.index) if dispatch else None
    if dispatch is None or task is None:
        return ()
    reason = _refusal(state, task, message=message)
    if reason:
        lost = LoseAttempt(dispatch_id=dispatch.dispatch_id, reason=reason)
        return lose_attempt(lost)(state, now)
    started_at, ended_at = _kept(dispatch, now, moments=(message.started_at, message.ended_at))
    command = CompleteAttempt(
        dispatch_id=dispatch.dispatch_id,
        started_at=started_at,
        ended_at=max(started_at, ended_at),
        completion=message.completion,
    )
    return complete_attempt(command)(state, now)


def _refusal(state: State, task: Task, *, message: Completed) -> str:
    completion = message.completion
    rows = (state.get(ASSETS, each.asset) for each in waiting_with(state, task))
    wrong = misfit(
        task,
        {row.key: row for row in rows if row is not None},
        asset=state.get(ASSETS, task.asset),
        completion=completion,
    )
    if wrong:
        return f"the answer of its worker was refused: {wrong}"
    error = completion.error
    run = state.get(RUNS, task.run_id)
    if error is None or error.category is not ErrorCategory.CANCELLED:
        return ""
    # A worker does not decide that a run is cancelled.
    return "" if run is not None and run.cancel_requested else "its worker ended it unasked"


def _kept(dispatch: Dispatch, now: datetime, *, moments: Iterable[datetime]) -> list[datetime]:
    return [min(max(each, dispatch.dispatched_at), now) for each in moments]


__all__ = ["completed_as_told", "misfit", "started_as_told"]
