"""Promise: a run whose tasks have all ended ends too, unless it has data to publish.

Law C4: a failed run's message names the tasks at fault. Law C1: an ended run is no longer settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from arco.model import Event, Payload, State
from arco.orchestration.events import RunCancelled, RunFailed, RunSucceeded
from arco.orchestration.rows import Run
from arco.orchestration.states import TaskState
from arco.orchestration.tables import RUNS, SETTLED_RUNS, TASKS

NAMED_FAILURES_MAX = 3


def decide(state: State, now: datetime) -> Sequence[Event]:
    """RunCancelled, RunFailed or RunSucceeded for every settled run that publishes nothing."""
    runs = (state.get(RUNS, row.run_id) for row in state.range(SETTLED_RUNS))
    ends = (_end(state, run, now=now) for run in runs if run is not None)
    return [Event(end) for end in ends if end is not None]


def _end(state: State, run: Run, *, now: datetime) -> Payload | None:
    if run.cancel_requested:
        return RunCancelled(run_id=run.run_id, ended_at=now)
    if run.failed:
        return RunFailed(run_id=run.run_id, ended_at=now, message=_message(state, run))
    if run.cancelled:
        return RunCancelled(run_id=run.run_id, ended_at=now)
    if not run.staged:
        return RunSucceeded(run_id=run.run_id, ended_at=now)
    return None


def _message(state: State, run: Run) -> str:
    failed = [task for task in state.range(TASKS, run.run_id) if task.state is TaskState.FAILED]
    named = ", ".join(task.task_key for task in failed[:NAMED_FAILURES_MAX])
    more = ", ..." if len(failed) > NAMED_FAILURES_MAX else ""
    skipped = f"; {run.skipped} skipped" if run.skipped else ""
    return f"{run.failed} of {run.total} tasks failed{skipped}: {named}{more}"


__all__ = ["decide"]
