"""The business laws of the orchestrator as checks on a state: what must hold after every event.

A violation is a sentence, so that a failing search says what broke. Must not change the state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from arco.ids import dispatch_id
from arco.model import State
from arco.orchestration.backfill_invariants import (
    backfill_violations,
    forbidden_backfill_moves,
)
from arco.orchestration.maintenance import COMPACTIONS, is_under_way
from arco.orchestration.pools import taken_slots
from arco.orchestration.restores import RESTORES, is_moving
from arco.orchestration.rows import PlanRow, Run, Task
from arco.orchestration.run_limit_invariants import run_limit_violations
from arco.orchestration.run_limits import QUEUED_RUNS
from arco.orchestration.settling import is_running
from arco.orchestration.states import (
    IN_FLIGHT,
    RUN_MOVES,
    TASK_MOVES,
    PublicationState,
    TaskState,
    is_allowed,
    is_terminal,
)
from arco.orchestration.tables import (
    ACTIVE_RUNS,
    DISPATCHES,
    NEWEST_RUNS,
    PLANS,
    PUBLICATIONS,
    PUBLISHING,
    READY,
    RETRIES,
    RUNS,
    SETTLED_RUNS,
    TASKS,
    WAITING_PUBLICATIONS,
)

Pairs: TypeAlias = dict[str, tuple[set[object], set[object]]]
"""Index name -> what the rows say stands in it, and what does."""


def violations(state: State) -> list[str]:
    """Everything in the state that contradicts itself."""
    found = [
        *_index_violations(state),
        *backfill_violations(state),
        *run_limit_violations(state),
    ]
    for run in state.range(RUNS):
        plan = state.get(PLANS, run.run_id)
        tasks = list(state.range(TASKS, run.run_id))
        if plan is None or len(plan.tasks) != len(tasks):
            found.append(f"run {run.run_id}: the rows are not those of its plan")
            continue
        found += _counter_violations(run, tasks)
        found += _readiness_violations(run, plan, tasks=tasks)
    return found


def forbidden_moves(before: State, after: State) -> list[str]:
    """Rows of `after` in states that no table lets the rows of `before` move to."""
    found = []
    for task in before.range(TASKS):
        moved = after.get(TASKS, task.run_id, task.index)
        if moved is None:
            found.append(f"task {task.run_id}/{task.index} is gone")
        elif moved != task and is_terminal(TASK_MOVES, task.state):
            found.append(f"terminal task {task.run_id}/{task.index} moved to {moved.state}")
        elif moved.state != task.state and not _may_move(task, moved):
            found.append(f"task {task.run_id}/{task.index}: {task.state} -> {moved.state}")
    for run in before.range(RUNS):
        ended = after.get(RUNS, run.run_id)
        if ended is None or (ended != run and is_terminal(RUN_MOVES, run.state)):
            found.append(f"ended run {run.run_id} moved")
    return [*found, *forbidden_backfill_moves(before, after)]


def _may_move(task: Task, moved: Task) -> bool:
    """Whether the task may move so: by itself, or by the attempt of another that made its data."""
    if moved.state is TaskState.SUCCEEDED and task.state is TaskState.BLOCKED:
        return moved.made_by is not None
    return is_allowed(TASK_MOVES, task.state, to=moved.state)


def overdrawn_pools(before: State, after: State) -> list[str]:
    """Pools of which a task that was handed out between the two states took more than there is."""
    known = {row.dispatch_id for row in before.range(DISPATCHES)}
    slots = taken_slots(after)
    fresh = [row for row in after.range(DISPATCHES) if row.dispatch_id not in known]
    names = sorted({name for row in fresh for name in slots.needs(row)})
    return [
        f"pool {name}: {slots.taken(name)} of {slots.size(name)} slots are taken"
        for name in names
        if slots.taken(name) > slots.size(name)
    ]


def _counter_violations(run: Run, tasks: Iterable[Task]) -> Iterator[str]:
    tasks = list(tasks)
    count = Counter(task.state for task in tasks)
    recount = {
        "total": len(tasks),
        "succeeded": count[TaskState.SUCCEEDED],
        "failed": count[TaskState.FAILED],
        "skipped": count[TaskState.SKIPPED],
        "cancelled": count[TaskState.CANCELLED],
        "staged": sum(
            task.state is TaskState.SUCCEEDED and task.output is not None for task in tasks
        ),
    }
    for name, counted in recount.items():
        if getattr(run, name) != counted:
            yield f"run {run.run_id}: {name} is {getattr(run, name)}, a recount says {counted}"
    if not is_running(run) and not all(is_terminal(TASK_MOVES, task.state) for task in tasks):
        yield f"run {run.run_id} ended before its tasks"


def _readiness_violations(run: Run, plan: PlanRow, *, tasks: list[Task]) -> Iterator[str]:
    for task in tasks:
        upstream = [tasks[index].state for index in plan.tasks[task.index].upstreams]
        satisfied = all(state is TaskState.SUCCEEDED for state in upstream)
        if task.state is TaskState.BLOCKED and (satisfied or run.cancel_requested):
            yield f"task {run.run_id}/{task.index} is blocked by nothing"
        started = task.state in IN_FLIGHT or task.state in (TaskState.READY, TaskState.SUCCEEDED)
        if started and not satisfied:
            yield f"task {run.run_id}/{task.index} is {task.state} before its upstream"
        fallen = any(is_terminal(TASK_MOVES, state) for state in upstream) and not all(
            state is TaskState.SUCCEEDED or not is_terminal(TASK_MOVES, state) for state in upstream
        )
        if task.state is TaskState.BLOCKED and fallen:
            yield f"task {run.run_id}/{task.index} waits for what will never succeed"


def _index_violations(state: State) -> Iterator[str]:
    pairs = {**_task_indexes(state), **_run_indexes(state), **_publication_indexes(state)}
    for name, (rows, index) in pairs.items():
        if rows != index:
            yield f"index {name}: {index ^ rows} differ from the rows"


def _task_indexes(state: State) -> Pairs:
    tasks = list(state.range(TASKS))
    queued = {row.run_id for row in state.range(QUEUED_RUNS)}
    return {
        "ready": (
            {(task.run_id, task.index) for task in tasks if _may_go(task, queued=queued)},
            {(row.run_id, row.index) for row in state.range(READY)},
        ),
        "dispatches": (
            {_dispatch_of(task) for task in tasks if task.state in IN_FLIGHT},
            {row.dispatch_id for row in state.range(DISPATCHES)},
        ),
        "retries": (
            {(task.run_id, task.index, task.retry_at) for task in tasks if _waits(task)},
            {(row.run_id, row.index, row.due_at) for row in state.range(RETRIES)},
        ),
    }


def _run_indexes(state: State) -> Pairs:
    runs = list(state.range(RUNS))
    return {
        "active_runs": (
            {run.run_id for run in runs if is_running(run)},
            {row.run_id for row in state.range(ACTIVE_RUNS)},
        ),
        "settled_runs": (
            {run.run_id for run in runs if _is_settled(run)},
            {row.run_id for row in state.range(SETTLED_RUNS)},
        ),
        "newest_runs": (
            {(run.run_id, -run.number) for run in runs},
            {(row.run_id, row.rank) for row in state.range(NEWEST_RUNS)},
        ),
    }


def _publication_indexes(state: State) -> Pairs:
    rows = list(state.range(PUBLICATIONS))
    started = [
        (row.run_id, table.table_id)
        for row in rows
        if row.state is PublicationState.STARTED
        for table in row.tables
    ]
    restoring = [
        (row.restore_id, table.table_id)
        for row in state.range(RESTORES)
        if is_moving(row)
        for table in row.tables
    ]
    compacting = [
        (row.compaction_id, row.table_id) for row in state.range(COMPACTIONS) if is_under_way(row)
    ]
    return {
        "waiting_publications": (
            {row.run_id for row in rows if row.state is PublicationState.REQUESTED},
            {row.run_id for row in state.range(WAITING_PUBLICATIONS)},
        ),
        "publishing": (
            {*started, *restoring, *compacting},
            {(row.run_id, row.table_id) for row in state.range(PUBLISHING)},
        ),
    }


def _dispatch_of(task: Task) -> str:
    return dispatch_id(task.run_id, task.task_key, task.attempt)


def _may_go(task: Task, *, queued: set[str]) -> bool:
    return task.state is TaskState.READY and task.run_id not in queued


def _waits(task: Task) -> bool:
    return task.state is TaskState.RETRY_WAIT


def _is_settled(run: Run) -> bool:
    ended = run.succeeded + run.failed + run.skipped + run.cancelled
    return is_running(run) and ended == run.total and run.publication is None


__all__ = ["Pairs", "forbidden_moves", "overdrawn_pools", "violations"]
