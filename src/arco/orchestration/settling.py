"""What follows when a task ends: its dependents move, the run's counters grow, a finished run is
announced.

Readiness is derived from the plan's adjacency and the rows of upstream tasks, never from a counter.
A task that already ended never comes here again: callers guard on its row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from msgspec.structs import replace

from arco.ids import dispatch_id
from arco.model import Change, Drop, Put, State
from arco.orchestration.rows import (
    Attempted,
    PartitionStatus,
    PlanRow,
    Ready,
    Run,
    SettledRun,
    Task,
)
from arco.orchestration.run_limits import (
    ADMITTED_RUNS,
    QUEUED_RUNS,
    RUN_PRIORITIES,
    RUN_QUEUE,
    place_of,
)
from arco.orchestration.states import IN_FLIGHT, WAITING, RunState, TaskState
from arco.orchestration.tables import (
    ACTIVE_RUNS,
    DISPATCHES,
    PARTITION_STATUS,
    PLANS,
    READY,
    RETRIES,
    RUNS,
    SETTLED_RUNS,
    TASKS,
)

Changes: TypeAlias = list[Change]


class NamesAttempt(Protocol):
    """An event or a row that is about one attempt."""

    @property
    def run_id(self) -> str: ...

    @property
    def index(self) -> int: ...

    @property
    def attempt(self) -> int: ...


def attempt_in_flight(state: State, named: NamesAttempt) -> Task | None:
    """The task if exactly this attempt is out; None for late, early and repeated answers."""
    task = state.get(TASKS, named.run_id, named.index)
    if task is None or task.attempt != named.attempt or task.state not in IN_FLIGHT:
        return None
    return task


def end_attempt(state: State, task: Task, *, outcome: TaskState, ended_at: datetime) -> Changes:
    """The outbox row goes, and the partition's last attempt becomes this one."""
    out = dispatch_id(task.run_id, task.task_key, task.attempt)
    return [
        Drop(DISPATCHES, (out,)),
        attempted(state, task, outcome=outcome, ended_at=ended_at),
    ]


def attempted(state: State, task: Task, *, outcome: TaskState, ended_at: datetime) -> Change:
    """The last attempt at the task's partition becomes this one."""
    status = state.get(PARTITION_STATUS, task.asset, task.partition_key)
    last = Attempted(run_id=task.run_id, index=task.index, state=outcome, ended_at=ended_at)
    row = PartitionStatus(
        asset=task.asset,
        partition_key=task.partition_key,
        materialization=status.materialization if status else None,
        attempt=last,
    )
    return Put(PARTITION_STATUS, row)


def end_task(state: State, task: Task) -> Changes:
    """Everything that follows from `task` having come to the terminal state it carries."""
    run = state.get(RUNS, task.run_id)
    plan = state.get(PLANS, task.run_id)
    changes: Changes = [Put(TASKS, task)]
    if run is None or plan is None:
        return changes
    fallen = 0
    if task.state is TaskState.SUCCEEDED:
        changes += _release_downstreams(state, task, run=run, plan=plan)
    else:
        fall = _fall_downstreams(state, task, plan=plan)
        fallen = len(fall)
        changes += fall
    return changes + recount(_counted(run, task, fallen=fallen))


def end_together(state: State, tasks: Sequence[Task]) -> Changes:
    """Everything that follows from all of these tasks of one run having succeeded at once."""
    run = state.get(RUNS, tasks[0].run_id)
    plan = state.get(PLANS, tasks[0].run_id)
    changes: Changes = [Put(TASKS, task) for task in tasks]
    if run is None or plan is None:
        return changes
    done = {task.index for task in tasks}
    below = dict.fromkeys(index for task in tasks for index in plan.downstreams[task.index])
    freed = [index for index in below if index not in done]
    changes += _release(state, run, plan=plan, below=freed, done=done)
    for task in tasks:
        run = _counted(run, task, fallen=0)
    return changes + recount(run)


def recount(run: Run) -> Changes:
    """The run's row, and its announcement once every task has ended."""
    ended = run.succeeded + run.failed + run.skipped + run.cancelled
    if ended < run.total:
        return [Put(RUNS, run)]
    return [Put(RUNS, run), Put(SETTLED_RUNS, SettledRun(run_id=run.run_id))]


def cancel_waiting(state: State, run: Run, *, ended_at: datetime) -> Changes:
    """Every task of the run that is not in flight and not ended becomes CANCELLED."""
    changes: Changes = []
    cancelled = 0
    for task in state.range(TASKS, run.run_id):
        if task.state in WAITING:
            cancelled += 1
            changes += _leave_indexes(state, run, task=task)
            ended = replace(task, state=TaskState.CANCELLED, ended_at=ended_at, retry_at=None)
            changes.append(Put(TASKS, ended))
    return changes + recount(replace(run, cancelled=run.cancelled + cancelled))


def make_ready(run: Run, plan: PlanRow, *, task: Task) -> Changes:
    """The task's row in READY, and its line in the dispatch order."""
    ready = replace(task, state=TaskState.READY, retry_at=None)
    return [Put(TASKS, ready), Put(READY, ready_row(run, plan, task=task))]


def ready_row(run: Run, plan: PlanRow, *, task: Task) -> Ready:
    """The task's line in the dispatch order."""
    return Ready(
        rank=-plan.tasks[task.index].priority,
        run_number=run.number,
        index=task.index,
        run_id=run.run_id,
        attempt=task.attempt + 1,
    )


def is_running(run: Run | None) -> bool:
    """True while the run has not ended."""
    return run is not None and run.state in (RunState.TRIGGERED, RunState.RUNNING)


def leave_active(state: State, run: Run) -> Changes:
    """The run is in no index of runs that somebody has to move, and counts under no limit."""
    changes: Changes = [Drop(ACTIVE_RUNS, (run.number,)), Drop(SETTLED_RUNS, (run.run_id,))]
    changes += leave_queue(state, run)
    if state.get(ADMITTED_RUNS, run.run_id) is not None:
        changes.append(Drop(ADMITTED_RUNS, (run.run_id,)))
    if state.get(RUN_PRIORITIES, run.run_id) is not None:
        changes.append(Drop(RUN_PRIORITIES, (run.run_id,)))
    return changes


def leave_queue(state: State, run: Run) -> Changes:
    """The run no longer waits until limits have room."""
    queued = state.get(QUEUED_RUNS, run.run_id)
    if queued is None:
        return []
    return [
        Drop(QUEUED_RUNS, (run.run_id,)),
        Drop(RUN_QUEUE, RUN_QUEUE.key_of(place_of(queued))),
    ]


def ready_key(run: Run, plan: PlanRow, *, index: int) -> tuple[int, int, int]:
    """Where the task stands in the dispatch order."""
    return (-plan.tasks[index].priority, run.number, index)


def _leave_indexes(state: State, run: Run, *, task: Task) -> Changes:
    if task.state is TaskState.RETRY_WAIT:
        return [Drop(RETRIES, (task.retry_at, run.run_id, task.index))]
    plan = state.get(PLANS, run.run_id)
    if task.state is TaskState.READY and plan is not None:
        return [Drop(READY, ready_key(run, plan, index=task.index))]
    return []


def _release_downstreams(state: State, task: Task, *, run: Run, plan: PlanRow) -> Changes:
    below = plan.downstreams[task.index]
    return _release(state, run, plan=plan, below=below, done={task.index})


def _release(
    state: State, run: Run, *, plan: PlanRow, below: Iterable[int], done: Collection[int]
) -> Changes:
    """The blocked tasks among those below are ready, if all above them but `done` succeeded."""
    changes: Changes = []
    for index in below:
        waiting = state.get(TASKS, run.run_id, index)
        if waiting is None or waiting.state is not TaskState.BLOCKED:
            continue
        others = (up for up in plan.tasks[index].upstreams if up not in done)
        if all(_succeeded(state, run.run_id, index=up) for up in others):
            changes += make_ready(run, plan, task=waiting)
    return changes


def _succeeded(state: State, run_id: str, *, index: int) -> bool:
    task = state.get(TASKS, run_id, index)
    return task is not None and task.state is TaskState.SUCCEEDED


def _fall_downstreams(state: State, task: Task, *, plan: PlanRow) -> Changes:
    outcome = TaskState.SKIPPED if task.state is TaskState.FAILED else TaskState.CANCELLED
    return [
        Put(
            TASKS,
            replace(blocked, state=outcome, ended_at=task.ended_at, cause=task.index),
        )
        for blocked in _blocked_descendants(state, task, plan=plan)
    ]


def _blocked_descendants(state: State, task: Task, *, plan: PlanRow) -> Iterator[Task]:
    """Each blocked task below, once; below a task that fell before, everything fell before."""
    seen: set[int] = set()
    frontier = [task.index]
    while frontier:
        for index in plan.downstreams[frontier.pop()]:
            if index in seen:
                continue
            seen.add(index)
            below = state.get(TASKS, task.run_id, index)
            if below is not None and below.state is TaskState.BLOCKED:
                frontier.append(index)
                yield below


def _counted(run: Run, task: Task, *, fallen: int) -> Run:
    if task.state is TaskState.SUCCEEDED:
        staged = run.staged + (task.output is not None)
        return replace(run, succeeded=run.succeeded + 1, staged=staged)
    if task.state is TaskState.FAILED:
        return replace(run, failed=run.failed + 1, skipped=run.skipped + fallen)
    return replace(run, cancelled=run.cancelled + 1 + fallen)


__all__ = [
    "Changes",
    "NamesAttempt",
    "attempt_in_flight",
    "attempted",
    "cancel_waiting",
    "end_attempt",
    "end_task",
    "end_together",
    "is_running",
    "leave_active",
    "leave_queue",
    "make_ready",
    "ready_key",
    "ready_row",
    "recount",
]
