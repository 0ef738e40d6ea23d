"""The states of runs, tasks and publications: which moves are allowed, and who moves each waiting
state.

Law C3: every state that is not terminal names the owner that moves it. Diagrams are drawn from
these tables. Must not know rows or events.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class RunState(StrEnum):
    """Where a run stands."""

    TRIGGERED = "TRIGGERED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class TaskState(StrEnum):
    """Where a task stands."""

    BLOCKED = "BLOCKED"
    READY = "READY"
    DISPATCHED = "DISPATCHED"
    RUNNING = "RUNNING"
    RETRY_WAIT = "RETRY_WAIT"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class PublicationState(StrEnum):
    """Where a run's publication stands; from STARTED it only goes forward."""

    REQUESTED = "REQUESTED"
    STARTED = "STARTED"
    PUBLISHED = "PUBLISHED"


S = TypeVar("S", bound=StrEnum)

RUN_MOVES: Mapping[RunState, frozenset[RunState]] = {
    RunState.TRIGGERED: frozenset(
        {RunState.RUNNING, RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}
    ),
    RunState.RUNNING: frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}

RUN_OWNERS: Mapping[RunState, str] = {
    # One that waits for a limit is let in by admit_queued_runs first.
    RunState.TRIGGERED: "dispatch_ready_tasks",
    RunState.RUNNING: "end_finished_runs",
}

TASK_MOVES: Mapping[TaskState, frozenset[TaskState]] = {
    # One whose data another task makes succeeds with that one.
    TaskState.BLOCKED: frozenset(
        {TaskState.READY, TaskState.SUCCEEDED, TaskState.SKIPPED, TaskState.CANCELLED}
    ),
    # One that would come out as it did succeeds without an attempt.
    TaskState.READY: frozenset({TaskState.DISPATCHED, TaskState.SUCCEEDED, TaskState.CANCELLED}),
    TaskState.DISPATCHED: frozenset(
        {
            TaskState.RUNNING,
            TaskState.RETRY_WAIT,
            TaskState.SUCCEEDED,
            TaskState.FAILED,
            TaskState.CANCELLED,
        }
    ),
    TaskState.RUNNING: frozenset(
        {TaskState.RETRY_WAIT, TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED}
    ),
    TaskState.RETRY_WAIT: frozenset({TaskState.READY, TaskState.CANCELLED}),
    TaskState.SUCCEEDED: frozenset(),
    TaskState.FAILED: frozenset(),
    TaskState.SKIPPED: frozenset(),
    TaskState.CANCELLED: frozenset(),
}

TASK_OWNERS: Mapping[TaskState, str] = {
    # A blocked task waits for its upstream tasks, and their end moves it in the same event.
    TaskState.BLOCKED: "dispatch_ready_tasks",
    TaskState.READY: "dispatch_ready_tasks",
    # The executor answers: start_attempt, complete_attempt or, when a lease ends, lose_attempt.
    TaskState.DISPATCHED: "watch_attempts",
    TaskState.RUNNING: "watch_attempts",
    TaskState.RETRY_WAIT: "release_due_retries",
}

PUBLICATION_MOVES: Mapping[PublicationState, frozenset[PublicationState]] = {
    PublicationState.REQUESTED: frozenset({PublicationState.STARTED}),
    PublicationState.STARTED: frozenset({PublicationState.PUBLISHED}),
    PublicationState.PUBLISHED: frozenset(),
}

PUBLICATION_OWNERS: Mapping[PublicationState, str] = {
    PublicationState.REQUESTED: "publish_runs",
    PublicationState.STARTED: "publish_runs",
}

IN_FLIGHT = frozenset({TaskState.DISPATCHED, TaskState.RUNNING})
WAITING = frozenset({TaskState.BLOCKED, TaskState.READY, TaskState.RETRY_WAIT})


def is_terminal(moves: Mapping[S, frozenset[S]], state: S) -> bool:
    """True when no move leads out of `state`."""
    return not moves[state]


def is_allowed(moves: Mapping[S, frozenset[S]], state: S, *, to: S) -> bool:
    """True when `state` may become `to`."""
    return to in moves[state]


def diagram(moves: Mapping[S, frozenset[S]]) -> str:
    """The moves as a Mermaid state diagram, in the order the states are declared."""
    lines = ["stateDiagram-v2"]
    for state, targets in moves.items():
        lines += [f"    {state} --> {target}" for target in sorted(targets)]
        if not targets:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines) + "\n"


__all__ = [
    "IN_FLIGHT",
    "PUBLICATION_MOVES",
    "PUBLICATION_OWNERS",
    "RUN_MOVES",
    "RUN_OWNERS",
    "TASK_MOVES",
    "TASK_OWNERS",
    "WAITING",
    "PublicationState",
    "RunState",
    "TaskState",
    "diagram",
    "is_allowed",
    "is_terminal",
]
