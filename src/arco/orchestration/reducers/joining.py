"""How an attempt ends several tasks at once: one function made the data of all, or of none.

Laws F3 and F5: it counts only for the attempt that is out, and only for tasks that wait for it; a
task that another attempt ended keeps what it came to. Must not know who belongs together: the event
says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec.structs import replace

from arco.model import Change, State
from arco.orchestration.events_joint import OtherTask, TaskFailedV2, TaskSucceededV3
from arco.orchestration.reducers.tasks import check_rows, done_by, task_failed
from arco.orchestration.rows import Task
from arco.orchestration.settling import (
    Changes,
    attempt_in_flight,
    attempted,
    end_attempt,
    end_together,
)
from arco.orchestration.states import TaskState
from arco.orchestration.tables import PLANS, TASKS


def task_succeeded_v3(state: State, event: TaskSucceededV3) -> Iterable[Change]:
    """The task and the others are done; what is below them becomes ready where nothing else is
    missing.
    """
    task = attempt_in_flight(state, event)
    if task is None:
        return []
    done = replace(done_by(event, task), observation=event.observation)
    others = list(_waiting(state, event))
    changes = end_attempt(state, task, outcome=TaskState.SUCCEEDED, ended_at=event.ended_at)
    changes += check_rows(task, event.checks, checked_at=event.ended_at)
    changes += _beside(state, others, outcome=TaskState.SUCCEEDED, ended_at=event.ended_at)
    made = [_made(done, waiting, other=other) for waiting, other in others]
    return changes + end_together(state, [done, *made])


def task_failed_v2(state: State, event: TaskFailedV2) -> Iterable[Change]:
    """As of one task; and the last attempt at the others is this one, too."""
    if attempt_in_flight(state, event) is None:
        return []
    others = list(_waiting(state, event))
    beside = _beside(state, others, outcome=TaskState.FAILED, ended_at=event.ended_at)
    return [*beside, *task_failed(state, event)]


def _waiting(
    state: State, event: TaskSucceededV3 | TaskFailedV2
) -> Iterator[tuple[Task, OtherTask]]:
    """The other tasks that wait for this attempt and for nothing else, each once."""
    plan = state.get(PLANS, event.run_id)
    named = {other.index: other for other in event.others}
    for index, other in named.items():
        waiting = state.get(TASKS, event.run_id, index)
        if plan is None or waiting is None or waiting.state is not TaskState.BLOCKED:
            continue
        above = set(plan.tasks[index].upstreams)
        rest = (state.get(TASKS, event.run_id, up) for up in above - {event.index})
        if event.index in above and all(
            each is not None and each.state is TaskState.SUCCEEDED for each in rest
        ):
            yield waiting, other


def _beside(
    state: State, others: list[tuple[Task, OtherTask]], *, outcome: TaskState, ended_at: datetime
) -> Changes:
    changes: Changes = []
    for waiting, other in others:
        changes.append(attempted(state, waiting, outcome=outcome, ended_at=ended_at))
        changes += check_rows(waiting, other.checks, checked_at=ended_at)
    return changes


def _made(done: Task, waiting: Task, *, other: OtherTask) -> Task:
    """The other task as the attempt leaves it; it had none of its own."""
    return replace(
        waiting,
        state=TaskState.SUCCEEDED,
        code_version=done.code_version,
        settings_version=done.settings_version,
        started_at=done.started_at,
        ended_at=done.ended_at,
        rows=other.output.rows if other.output else None,
        output=other.output,
        observation=other.observation,
        reads=done.reads,
        made_by=done.index,
    )


__all__ = ["task_failed_v2", "task_succeeded_v3"]
