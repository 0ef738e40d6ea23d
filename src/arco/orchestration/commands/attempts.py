"""Commands that answer dispatches: an attempt started, completed or was lost.

Delivery is at least once: an answer that is not for the attempt that is out decides nothing. Must
not know workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from arco.model import Decision, Event, Payload, State
from arco.orchestration.definitions import RetryPolicy
from arco.orchestration.events import (
    AttemptLost,
    TaskCancelled,
    TaskFailed,
    TaskStarted,
    TaskSucceeded,
    TaskSucceededV2,
)
from arco.orchestration.events_joint import OtherTask, TaskFailedV2, TaskSucceededV3
from arco.orchestration.outcomes import Completion, ErrorCategory, Made, TaskError
from arco.orchestration.retrying import retry_after_error, retry_after_loss
from arco.orchestration.rows import Task
from arco.orchestration.settling import attempt_in_flight
from arco.orchestration.states import TaskState
from arco.orchestration.tables import ASSETS, DISPATCHES, RUNS
from arco.orchestration.together import waiting_with


class StartAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """A worker has the envelope and asks to begin."""

    dispatch_id: str
    started_at: datetime


class CompleteAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """A worker says how the attempt ended."""

    dispatch_id: str
    started_at: datetime
    ended_at: datetime
    completion: Completion


class LoseAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody will answer for this attempt any more: its worker died, fell silent or was stopped."""

    dispatch_id: str
    reason: str


def start_attempt(command: StartAttempt) -> Decision:
    """TaskStarted; nothing unless the attempt is out and has not started. See `is_current`."""
    return partial(_start, command=command)


def complete_attempt(command: CompleteAttempt) -> Decision:
    """TaskSucceeded, TaskFailed or TaskCancelled; nothing for a late or repeated answer.

    A blocking check that did not pass fails the task as DATA_QUALITY.
    """
    return partial(_complete, command=command)


def lose_attempt(command: LoseAttempt) -> Decision:
    """AttemptLost with the time of the next attempt; TaskCancelled in a run that is cancelled.

    Nothing when the attempt is not out.
    """
    return partial(_lose, command=command)


def is_current(state: State, dispatch_id: str) -> bool:
    """Whether an answer to this dispatch still counts."""
    return state.get(DISPATCHES, dispatch_id) is not None


def should_cancel(state: State, dispatch_id: str) -> bool:
    """What a heartbeat's reply says: the run is cancelled, or the attempt no longer counts."""
    dispatch = state.get(DISPATCHES, dispatch_id)
    run = state.get(RUNS, dispatch.run_id) if dispatch else None
    return run is None or run.cancel_requested


def _start(state: State, now: datetime, *, command: StartAttempt) -> Sequence[Event]:
    task = _task_out(state, command.dispatch_id)
    if task is None or task.state is TaskState.RUNNING:
        return ()
    started = TaskStarted(
        run_id=task.run_id,
        index=task.index,
        attempt=task.attempt,
        started_at=command.started_at,
    )
    return (Event(started),)


def _complete(state: State, now: datetime, *, command: CompleteAttempt) -> Sequence[Event]:
    task = _task_out(state, command.dispatch_id)
    if task is None:
        return ()
    completion = command.completion
    error = completion.error or _failed_checks(completion)
    others = _others(state, task, completion=completion)
    if error is None:
        return (Event(_succeeded(task, command, others=others)),)
    if error.category is ErrorCategory.CANCELLED or _is_cancelling(state, task):
        return (Event(_cancelled(task, command.ended_at)),)
    retry_at = retry_after_error(
        _policy(state, task),
        task,
        category=error.category,
        dispatch=command.dispatch_id,
        now=now,
    )
    told = {**_told(task, command), "error": error, "retry_at": retry_at}
    return (Event(TaskFailedV2(**told, others=others) if others else TaskFailed(**told)),)


def _lose(state: State, now: datetime, *, command: LoseAttempt) -> Sequence[Event]:
    task = _task_out(state, command.dispatch_id)
    if task is None:
        return ()
    if _is_cancelling(state, task):
        return (Event(_cancelled(task, now)),)
    lost = AttemptLost(
        run_id=task.run_id,
        index=task.index,
        attempt=task.attempt,
        reason=command.reason,
        lost_at=now,
        retry_at=retry_after_loss(task, now),
    )
    return (Event(lost),)


def _task_out(state: State, dispatch_id: str) -> Task | None:
    dispatch = state.get(DISPATCHES, dispatch_id)
    if dispatch is None:
        return None
    return attempt_in_flight(state, dispatch)


def _told(task: Task, command: CompleteAttempt) -> dict[str, Any]:
    """What there is to say of an attempt however it ended."""
    return {
        "run_id": task.run_id,
        "index": task.index,
        "attempt": task.attempt,
        "ended_at": command.ended_at,
        "started_at": _news(task, command.started_at),
        "checks": command.completion.checks,
        "reads": command.completion.reads,
    }


def _succeeded(task: Task, command: CompleteAttempt, *, others: tuple[OtherTask, ...]) -> Payload:
    completion, told = command.completion, _told(task, command)
    output, observation = completion.output, completion.observation
    if others:
        return TaskSucceededV3(
            **told,
            output=output,
            observation=None if output else observation,
            others=others,
        )
    if output is None and observation is not None:
        return TaskSucceededV2(**told, observation=observation)
    return TaskSucceeded(**told, output=output)


def _others(state: State, task: Task, *, completion: Completion) -> tuple[OtherTask, ...]:
    """What the attempt came to for tasks that wait for it; of one that it does not speak of, when
    it failed, that.
    """
    made = {each.asset: each for each in completion.others}
    failed = completion.error is not None
    waiting = waiting_with(state, task)
    told = ((each, made.get(each.asset, Made(asset=each.asset))) for each in waiting)
    return tuple(
        OtherTask(
            index=each.index,
            output=said.output,
            observation=None if said.output else said.observation,
            checks=said.checks,
        )
        for each, said in told
        if failed or each.asset in made
    )


def _cancelled(task: Task, ended_at: datetime) -> Payload:
    return TaskCancelled(
        run_id=task.run_id, index=task.index, attempt=task.attempt, ended_at=ended_at
    )


def _news(task: Task, started_at: datetime) -> datetime | None:
    """The start, if the row does not know it: an event repeats nothing."""
    return started_at if task.started_at is None else None


def _failed_checks(completion: Completion) -> TaskError | None:
    checks = [(check.name, check) for check in completion.checks]
    for made in completion.others:
        checks += [(f"{made.asset} {check.name}", check) for check in made.checks]
    failed = [(name, check) for name, check in checks if check.blocking and not check.passed]
    if not failed:
        return None
    told = "; ".join(f"{name}: {check.message or 'did not pass'}" for name, check in failed)
    return TaskError(
        category=ErrorCategory.DATA_QUALITY,
        message=f"Blocking checks failed: {told}",
        hint="Nothing was published. Mend the data or the check, then `arco run` again.",
    )


def _is_cancelling(state: State, task: Task) -> bool:
    run = state.get(RUNS, task.run_id)
    return run is not None and run.cancel_requested


def _policy(state: State, task: Task) -> RetryPolicy:
    asset = state.get(ASSETS, task.asset)
    return asset.definition.retry if asset else RetryPolicy()


__all__ = [
    "CompleteAttempt",
    "LoseAttempt",
    "StartAttempt",
    "complete_attempt",
    "is_current",
    "lose_attempt",
    "should_cancel",
    "start_attempt",
]
