"""Attempts as rows: what every try of every task came to, worked out from tasks and past attempts.

Law: an attempt is told once, whether its task's row still speaks of it or not. Must not know who
asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from arco.ids import attempt_id, dispatch_id
from arco.model import State
from arco.orchestration.outcomes import ErrorCategory, TaskError
from arco.orchestration.rows import PastAttempt, Task
from arco.orchestration.states import IN_FLIGHT, TaskState
from arco.orchestration.tables import PAST_ATTEMPTS, TASKS


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try of one task."""

    run_id: str
    task_key: str
    attempt: int
    attempt_id: str
    """Names its log and the files that it staged."""
    asset: str
    partition_key: str
    outcome: TaskState
    """`DISPATCHED` or `RUNNING` while it is out; then `SUCCEEDED`, `FAILED` or `CANCELLED`."""
    error_category: ErrorCategory | None = None
    """Who has to act; null unless it failed."""
    message: str = ""
    """Why it failed."""
    code_version: str
    """The hash of the code that it ran."""
    dispatched_at: datetime | None = None
    """When it was handed to a worker."""
    started_at: datetime | None = None
    """When the worker began; null as long as nothing was heard of it."""
    ended_at: datetime | None = None
    """When it ended; null while it is out."""


def attempts_of(state: State) -> list[Attempt]:
    """Every attempt of every task, by run, task and number.

    A release that kept none of a task's earlier attempts left only the last one.
    """
    return sorted(_attempts(state), key=lambda row: (row.run_id, row.task_key, row.attempt))


def _attempts(state: State) -> Iterator[Attempt]:
    known = set()
    for past in state.range(PAST_ATTEMPTS):
        known.add((past.run_id, past.index, past.attempt))
        yield _told(past, TaskState.FAILED, error=past.error)
    for task in state.range(TASKS):
        is_ours = task.attempt > 0 and not task.adopted_from
        if is_ours and (task.run_id, task.index, task.attempt) not in known:
            outcome = outcome_of(task)
            yield _told(task, outcome, error=task.error if outcome is TaskState.FAILED else None)


def outcome_of(task: Task) -> TaskState:
    """What the task's last attempt came to.

    A task that was cancelled or handed back between two attempts says nothing of the first itself;
    but only an attempt that ended by itself was counted.
    """
    if task.state in IN_FLIGHT or task.state is TaskState.SUCCEEDED:
        return task.state
    counted = task.user_attempts + task.infra_attempts >= task.attempt
    return TaskState.FAILED if counted else TaskState.CANCELLED


def _told(row: Task | PastAttempt, outcome: TaskState, *, error: TaskError | None) -> Attempt:
    return Attempt(
        run_id=row.run_id,
        task_key=row.task_key,
        attempt=row.attempt,
        attempt_id=attempt_id(dispatch_id(row.run_id, row.task_key, row.attempt)),
        asset=row.asset,
        partition_key=row.partition_key,
        outcome=outcome,
        error_category=error.category if error else None,
        message=error.message if error else "",
        code_version=row.code_version,
        dispatched_at=row.dispatched_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


__all__ = ["Attempt", "attempts_of", "outcome_of"]
