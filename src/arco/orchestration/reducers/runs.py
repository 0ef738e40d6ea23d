"""How runs begin, are cancelled and end.

Laws F3 and F5: guards on the run's row make a repeated event change nothing, and no event raises.
Must not decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.events import (
    RunCancelled,
    RunCancelRequested,
    RunFailed,
    RunKeyConflicted,
    RunSucceeded,
    RunTriggered,
)
from arco.orchestration.events_of_runs import RunTriggeredV2
from arco.orchestration.materializing import materialized
from arco.orchestration.rows import (
    ActiveRun,
    NewestRun,
    PlanRow,
    Run,
    RunKey,
    RunKeyConflict,
    Sequence,
    Task,
)
from arco.orchestration.settling import (
    Changes,
    cancel_waiting,
    is_running,
    leave_active,
    leave_queue,
    make_ready,
    recount,
)
from arco.orchestration.states import PublicationState, RunState, TaskState
from arco.orchestration.tables import (
    ACTIVE_RUNS,
    NEWEST_RUNS,
    PLANS,
    PUBLICATIONS,
    RUN_KEY_CONFLICTS,
    RUN_KEYS,
    RUNS,
    SEQUENCES,
    TASKS,
    WAITING_PUBLICATIONS,
)

RUN_NUMBERS = "runs"


def run_triggered(state: State, event: RunTriggered) -> Iterable[Change]:
    """The run, its plan and one row per task, ready where nothing is upstream.

    A plan that names one task twice is no plan and changes nothing: an attempt is known by its
    run, task and number.
    """
    if len({(task.asset, task.partition_key) for task in event.tasks}) < len(event.tasks):
        return []
    taken = event.run_key and state.get(RUN_KEYS, event.run_key) is not None
    if taken or state.get(RUNS, event.run_id) is not None:
        return []
    plan = _plan_row(event)
    tasks = _first_rows(state, event, plan=plan)
    run = _first_run(state, event, tasks=tasks)
    changes: Changes = [Put(PLANS, plan)]
    for task in tasks:
        ready = task.state is TaskState.READY
        changes += make_ready(run, plan, task=task) if ready else [Put(TASKS, task)]
    changes += [
        Put(SEQUENCES, Sequence(name=RUN_NUMBERS, last=run.number)),
        Put(ACTIVE_RUNS, ActiveRun(number=run.number, run_id=run.run_id)),
        Put(NEWEST_RUNS, NewestRun(rank=-run.number, run_id=run.run_id)),
    ]
    if event.run_key:
        key = RunKey(run_key=event.run_key, run_id=event.run_id, fingerprint=event.request)
        changes.append(Put(RUN_KEYS, key))
    return changes + recount(run)


def run_triggered_v2(state: State, event: RunTriggeredV2) -> Iterable[Change]:
    """As before; the run keeps the settings that hold for it alone, its plan what it may omit."""
    return [_with_more(change, event) for change in run_triggered(state, event)]


def _with_more(change: Change, event: RunTriggeredV2) -> Change:
    row = change.row if isinstance(change, Put) else None
    if isinstance(row, Run) and event.settings:
        return Put(RUNS, replace(row, settings=event.settings))
    if isinstance(row, PlanRow) and event.memoized:
        return Put(PLANS, replace(row, memoized=tuple(sorted(set(event.memoized)))))
    return change


def run_key_conflicted(state: State, event: RunKeyConflicted) -> Iterable[Change]:
    """The first such conflict is recorded beside the run that owns the key."""
    owner = state.get(RUN_KEYS, event.run_key)
    known = state.get(RUN_KEY_CONFLICTS, event.run_key, event.request)
    if owner is None or known is not None:
        return []
    conflict = RunKeyConflict(
        run_key=event.run_key,
        fingerprint=event.request,
        run_id=owner.run_id,
        run_fingerprint=owner.fingerprint,
        conflicted_at=event.conflicted_at,
        actor=event.actor,
    )
    return [Put(RUN_KEY_CONFLICTS, conflict)]


def run_cancel_requested(state: State, event: RunCancelRequested) -> Iterable[Change]:
    """Waiting tasks are cancelled now, those in flight are told; a started publication stands."""
    run = state.get(RUNS, event.run_id)
    if run is None or not is_running(run) or run.cancel_requested:
        return []
    if run.publication is PublicationState.STARTED:
        return []
    withdrawn = _withdraw_publication(run)
    withdrawn += leave_queue(state, run)
    run = replace(run, cancel_requested=True, publication=None, message=event.reason)
    return [*withdrawn, *cancel_waiting(state, run, ended_at=event.requested_at)]


def run_failed(state: State, event: RunFailed) -> Iterable[Change]:
    """The run is over, without success."""
    ended = _end(state, event.run_id, outcome=RunState.FAILED, ended_at=event.ended_at)
    if ended is None:
        return []
    run, changes = ended
    return [Put(RUNS, replace(run, message=event.message)), *changes]


def run_cancelled(state: State, event: RunCancelled) -> Iterable[Change]:
    """The run is over, cancelled."""
    ended = _end(state, event.run_id, outcome=RunState.CANCELLED, ended_at=event.ended_at)
    return [] if ended is None else [Put(RUNS, ended[0]), *ended[1]]


def run_succeeded(state: State, event: RunSucceeded) -> Iterable[Change]:
    """The run is over, with success and nothing staged; its materializations move."""
    run = state.get(RUNS, event.run_id)
    if run is None or run.staged or run.succeeded < run.total:
        return []
    ended = _end(state, event.run_id, outcome=RunState.SUCCEEDED, ended_at=event.ended_at)
    if ended is None:
        return []
    return [
        Put(RUNS, ended[0]),
        *ended[1],
        *materialized(state, run.run_id, versions={}, published_at=event.ended_at),
    ]


def _end(
    state: State, run_id: str, *, outcome: RunState, ended_at: datetime
) -> tuple[Run, Changes] | None:
    run = state.get(RUNS, run_id)
    if run is None or not is_running(run) or run.publication is PublicationState.STARTED:
        return None
    if run.succeeded + run.failed + run.skipped + run.cancelled < run.total:
        return None
    withdrawn = _withdraw_publication(run)
    run = replace(run, state=outcome, ended_at=ended_at, publication=None)
    return run, [*withdrawn, *leave_active(state, run)]


def _withdraw_publication(run: Run) -> Changes:
    if run.publication is not PublicationState.REQUESTED:
        return []
    return [Drop(PUBLICATIONS, (run.run_id,)), Drop(WAITING_PUBLICATIONS, (run.number,))]


def _plan_row(event: RunTriggered) -> PlanRow:
    # Only earlier tasks count as upstream: a malformed plan cannot make a cycle that never ends.
    tasks = tuple(
        task
        if all(0 <= up < index for up in task.upstreams)
        else replace(task, upstreams=tuple(up for up in task.upstreams if 0 <= up < index))
        for index, task in enumerate(event.tasks)
    )
    downstreams: list[list[int]] = [[] for _ in tasks]
    for index, task in enumerate(tasks):
        for up in task.upstreams:
            downstreams[up].append(index)
    below = tuple(map(tuple, downstreams))
    return PlanRow(run_id=event.run_id, tasks=tasks, downstreams=below, pins=event.pins)


def _first_rows(state: State, event: RunTriggered, *, plan: PlanRow) -> list[Task]:
    adopted = _adopted_rows(state, event, plan=plan)
    rows = []
    for index, task in enumerate(plan.tasks):
        row = adopted.get(index)
        if row is None:
            ready = all(up in adopted for up in task.upstreams)
            row = Task(
                run_id=event.run_id,
                index=index,
                task_key=task.key,
                asset=task.asset,
                partition_key=task.partition_key,
                state=TaskState.READY if ready else TaskState.BLOCKED,
            )
        rows.append(row)
    return rows


def _adopted_rows(state: State, event: RunTriggered, *, plan: PlanRow) -> dict[int, Task]:
    """Rows that stand for attempts of the parent run, by index; what does not fit runs instead."""
    rows = {}
    for index, parent_index in event.adopted:
        row = state.get(TASKS, event.parent, parent_index)
        fits = row is not None and 0 <= index < len(plan.tasks)
        if row is None or not fits or row.state is not TaskState.SUCCEEDED:
            continue
        if row.task_key == plan.tasks[index].key:
            source = row.adopted_from or event.parent
            rows[index] = replace(
                row, run_id=event.run_id, index=index, adopted_from=source, made_by=None
            )
    return rows


def _first_run(state: State, event: RunTriggered, *, tasks: list[Task]) -> Run:
    last = state.get(SEQUENCES, RUN_NUMBERS)
    done = [task for task in tasks if task.state is TaskState.SUCCEEDED]
    return Run(
        run_id=event.run_id,
        number=last.last + 1 if last else 1,
        state=RunState.TRIGGERED,
        selection=event.selection,
        partition=event.partition,
        actor=event.actor,
        run_key=event.run_key,
        parent=event.parent,
        fingerprint=event.fingerprint,
        triggered_at=event.triggered_at,
        total=len(tasks),
        succeeded=len(done),
        staged=sum(task.output is not None for task in done),
    )


__all__ = [
    "run_cancel_requested",
    "run_cancelled",
    "run_failed",
    "run_key_conflicted",
    "run_succeeded",
    "run_triggered",
    "run_triggered_v2",
]
