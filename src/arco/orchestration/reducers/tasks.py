"""How attempts begin and end, and what a task becomes by it.

Laws F3 and F5: an answer counts only for the attempt that is out; every other one, late, early or
repeated, changes nothing. A terminal task never moves. Must not decide whether there is a retry:
the event says when.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from arco.ids import dispatch_id
from arco.model import Change, Drop, Put, State
from arco.orchestration.events import (
    AttemptLost,
    RetriesReleased,
    RetriesReleasedV2,
    TaskCancelled,
    TaskFailed,
    TasksDispatched,
    TaskStarted,
    TaskSucceeded,
    TaskSucceededV2,
)
from arco.orchestration.outcomes import CheckResult, ErrorCategory, TaskError
from arco.orchestration.rows import Check, Dispatch, PastAttempt, Retry, Run, Task
from arco.orchestration.run_limits import is_waiting
from arco.orchestration.run_settings import settings_read, settings_version
from arco.orchestration.settling import (
    Changes,
    attempt_in_flight,
    end_attempt,
    end_task,
    make_ready,
    ready_key,
)
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import (
    ASSETS,
    CHECKS,
    DISPATCHES,
    PAST_ATTEMPTS,
    PLANS,
    READY,
    RETRIES,
    RUNS,
    TASKS,
)


def tasks_dispatched(state: State, event: TasksDispatched) -> Iterable[Change]:
    """Ready tasks are in the executor's outbox; the first of a run sets it running."""
    run = state.get(RUNS, event.run_id)
    plan = state.get(PLANS, event.run_id)
    if run is None or plan is None or is_waiting(state, run):
        return []
    changes: Changes = []
    for index, attempt in dict.fromkeys(event.tasks):
        task = state.get(TASKS, event.run_id, index)
        if task is None or task.state is not TaskState.READY or attempt != task.attempt + 1:
            continue
        changes.append(Drop(READY, ready_key(run, plan, index=index)))
        changes += _dispatched(state, task, run=run, dispatched_at=event.dispatched_at)
    if changes and run.state is RunState.TRIGGERED:
        running = replace(run, state=RunState.RUNNING, started_at=event.dispatched_at)
        changes.append(Put(RUNS, running))
    return changes


def task_started(state: State, event: TaskStarted) -> Iterable[Change]:
    """The attempt runs."""
    task = attempt_in_flight(state, event)
    if task is None or task.state is TaskState.RUNNING:
        return []
    running = replace(task, state=TaskState.RUNNING, started_at=event.started_at)
    return [Put(TASKS, running)]


def task_succeeded(state: State, event: TaskSucceeded) -> Iterable[Change]:
    """The task is done; its downstream tasks become ready where nothing else is missing."""
    task = attempt_in_flight(state, event)
    return [] if task is None else _succeeded(state, event, task=task)


def task_succeeded_v2(state: State, event: TaskSucceededV2) -> Iterable[Change]:
    """As before, and the task's row keeps what was said about data that it did not stage."""
    task = attempt_in_flight(state, event)
    if task is None:
        return []
    return _succeeded(state, event, task=replace(task, observation=event.observation))


def done_by(event: TaskSucceeded, task: Task) -> Task:
    """The task as its attempt leaves it."""
    return replace(
        task,
        state=TaskState.SUCCEEDED,
        user_attempts=task.user_attempts + 1,
        started_at=event.started_at or task.started_at,
        ended_at=event.ended_at,
        error=None,
        rows=event.output.rows if event.output else None,
        output=event.output,
        reads=event.reads,
    )


def _succeeded(state: State, event: TaskSucceeded, *, task: Task) -> Changes:
    changes = end_attempt(state, task, outcome=TaskState.SUCCEEDED, ended_at=event.ended_at)
    changes += check_rows(task, event.checks, checked_at=event.ended_at)
    return changes + end_task(state, done_by(event, task))


def task_failed(state: State, event: TaskFailed) -> Iterable[Change]:
    """The task waits for its next attempt, or failed and skips everything downstream."""
    task = attempt_in_flight(state, event)
    if task is None:
        return []
    lost = event.error.category is ErrorCategory.INFRASTRUCTURE
    ended = replace(
        task,
        user_attempts=task.user_attempts + (not lost),
        infra_attempts=task.infra_attempts + lost,
        started_at=event.started_at or task.started_at,
        ended_at=event.ended_at,
        error=event.error,
        reads=event.reads,
    )
    changes = end_attempt(state, task, outcome=TaskState.FAILED, ended_at=event.ended_at)
    changes += check_rows(task, event.checks, checked_at=event.ended_at)
    return changes + _retry_or_fail(state, ended, retry_at=event.retry_at)


def attempt_lost(state: State, event: AttemptLost) -> Iterable[Change]:
    """As a failure that is ours: it counts against its own budget."""
    task = attempt_in_flight(state, event)
    if task is None:
        return []
    error = TaskError(
        category=ErrorCategory.INFRASTRUCTURE,
        message=event.reason,
        hint="Look at the worker's log; the attempt is repeated while its budget lasts.",
    )
    infra = task.infra_attempts + 1
    ended = replace(task, infra_attempts=infra, ended_at=event.lost_at, error=error)
    changes = end_attempt(state, task, outcome=TaskState.FAILED, ended_at=event.lost_at)
    return changes + _retry_or_fail(state, ended, retry_at=event.retry_at)


def retries_released(state: State, event: RetriesReleased) -> Iterable[Change]:
    """Tasks that waited for their next attempt may be dispatched again."""
    run = state.get(RUNS, event.run_id)
    plan = state.get(PLANS, event.run_id)
    if run is None or plan is None:
        return []
    changes: Changes = []
    for index, attempt in dict.fromkeys(event.tasks):
        task = state.get(TASKS, event.run_id, index)
        if task is None or task.state is not TaskState.RETRY_WAIT or task.attempt != attempt:
            continue
        changes.append(Drop(RETRIES, (task.retry_at, event.run_id, index)))
        changes += make_ready(run, plan, task=task)
    return changes


def retries_released_v2(state: State, event: RetriesReleasedV2) -> Iterable[Change]:
    """As before, and a row is kept of each attempt that another one follows."""
    changes = list(retries_released(state, event))
    released = [change.row for change in changes if isinstance(change, Put)]
    ended = [row for row in released if isinstance(row, Task)]
    return [*changes, *(Put(PAST_ATTEMPTS, _past(task)) for task in ended)]


def task_cancelled(state: State, event: TaskCancelled) -> Iterable[Change]:
    """The attempt ended without result, and with it everything downstream."""
    task = attempt_in_flight(state, event)
    if task is None:
        return []
    ended = replace(task, state=TaskState.CANCELLED, ended_at=event.ended_at)
    changes = end_attempt(state, task, outcome=TaskState.CANCELLED, ended_at=event.ended_at)
    return changes + end_task(state, ended)


def _dispatched(state: State, task: Task, *, run: Run, dispatched_at: datetime) -> Changes:
    attempt = task.attempt + 1
    asset = state.get(ASSETS, task.asset)
    own = settings_read(asset.definition, run.settings) if asset and run.settings else {}
    out = replace(
        task,
        state=TaskState.DISPATCHED,
        attempt=attempt,
        code_version=asset.definition.code.version if asset else "",
        settings_version=settings_version(own),
        dispatched_at=dispatched_at,
        started_at=None,
        ended_at=None,
    )
    dispatch = Dispatch(
        dispatch_id=dispatch_id(task.run_id, task.task_key, attempt),
        run_id=task.run_id,
        index=task.index,
        attempt=attempt,
        dispatched_at=dispatched_at,
    )
    return [Put(TASKS, out), Put(DISPATCHES, dispatch)]


def _past(task: Task) -> PastAttempt:
    return PastAttempt(
        run_id=task.run_id,
        index=task.index,
        attempt=task.attempt,
        task_key=task.task_key,
        asset=task.asset,
        partition_key=task.partition_key,
        code_version=task.code_version,
        dispatched_at=task.dispatched_at,
        started_at=task.started_at,
        ended_at=task.ended_at,
        error=task.error,
    )


def _retry_or_fail(state: State, task: Task, *, retry_at: datetime | None) -> Changes:
    if retry_at is None:
        return end_task(state, replace(task, state=TaskState.FAILED))
    run = state.get(RUNS, task.run_id)
    # A retry never resurrects a cancelled run, whatever order the events came in.
    if run is None or run.cancel_requested:
        return end_task(state, replace(task, state=TaskState.CANCELLED))
    waiting = replace(task, state=TaskState.RETRY_WAIT, retry_at=retry_at)
    retry = Retry(due_at=retry_at, run_id=task.run_id, index=task.index, attempt=task.attempt)
    return [Put(TASKS, waiting), Put(RETRIES, retry)]


def check_rows(task: Task, checks: tuple[CheckResult, ...], *, checked_at: datetime) -> Changes:
    """One row for each check of the task's data."""
    return [
        Put(
            CHECKS,
            Check(
                asset=task.asset,
                partition_key=task.partition_key,
                name=check.name,
                run_id=task.run_id,
                passed=check.passed,
                blocking=check.blocking,
                checked_at=checked_at,
                message=check.message,
                metadata=check.metadata,
            ),
        )
        for check in checks
    ]


__all__ = [
    "attempt_lost",
    "check_rows",
    "done_by",
    "retries_released",
    "retries_released_v2",
    "task_cancelled",
    "task_failed",
    "task_started",
    "task_succeeded",
    "task_succeeded_v2",
    "tasks_dispatched",
]
