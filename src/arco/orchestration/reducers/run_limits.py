"""How limits of runs are set, and how runs come into the queue and leave it.

Laws F3 and F5: a repeated event changes nothing, and no event raises. Must not decide.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.events import RunLimitSet, RunPrioritized, RunsAdmitted, RunsQueued
from arco.orchestration.rows import Ready, Sequence
from arco.orchestration.run_limits import (
    ADMITTED_RUNS,
    CONSIDERED,
    QUEUED_RUNS,
    RUN_LIMITS,
    RUN_PRIORITIES,
    RUN_QUEUE,
    AdmittedRun,
    QueuedRun,
    RunLimit,
    RunPriority,
    considered_through,
    place_of,
)
from arco.orchestration.settling import Changes, is_running, ready_row
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import PLANS, READY, RUNS, SEQUENCES, TASKS


def run_limit_set(state: State, event: RunLimitSet) -> Iterable[Change]:
    """The limit stands; runs that it covers count under it, whether they wait or not."""
    before = state.get(RUN_LIMITS, event.name)
    if event.version != (before.version if before else 0) + 1:
        return []
    row = RunLimit(
        name=event.name,
        runs_max=event.runs_max,
        version=event.version,
        set_at=event.set_at,
        actor=event.actor,
    )
    changes: Changes = [Put(RUN_LIMITS, row)]
    for run_id in dict.fromkeys(event.covered):
        changes += _covered(state, event, run_id=run_id)
    if event.through > considered_through(state):
        changes.append(Put(SEQUENCES, Sequence(name=CONSIDERED, last=event.through)))
    return changes


def runs_queued(state: State, event: RunsQueued) -> Iterable[Change]:
    """The runs stand in the queue, and none of their tasks is handed out."""
    if event.after != considered_through(state) or event.through <= event.after:
        return []
    changes: Changes = [Put(SEQUENCES, Sequence(name=CONSIDERED, last=event.through))]
    for limited in {each.run_id: each for each in event.runs}.values():
        changes += _queued(state, event, run_id=limited.run_id, limits=limited.limits)
    return changes


def runs_admitted(state: State, event: RunsAdmitted) -> Iterable[Change]:
    """The runs are under way: what is ready may be handed out."""
    changes: Changes = []
    for run_id in dict.fromkeys(event.runs):
        queued = state.get(QUEUED_RUNS, run_id)
        if queued is not None:
            admitted = AdmittedRun(
                run_id=run_id, limits=queued.limits, admitted_at=event.admitted_at
            )
            changes += [
                Put(ADMITTED_RUNS, admitted),
                Drop(QUEUED_RUNS, (run_id,)),
                Drop(RUN_QUEUE, RUN_QUEUE.key_of(place_of(queued))),
                *(Put(READY, row) for row in _ready_rows(state, run_id)),
            ]
    return changes


def run_prioritized(state: State, event: RunPrioritized) -> Iterable[Change]:
    """The run has this priority in the queue, now or once it comes there."""
    before = state.get(RUN_PRIORITIES, event.run_id)
    if event.version != (before.version if before else 0) + 1:
        return []
    if not is_running(state.get(RUNS, event.run_id)):
        return []
    said = RunPriority(run_id=event.run_id, priority=event.priority, version=event.version)
    changes: Changes = [Put(RUN_PRIORITIES, said)]
    queued = state.get(QUEUED_RUNS, event.run_id)
    if queued is not None:
        changes += _moved(queued, replace(queued, priority=event.priority))
    return changes


def _covered(state: State, event: RunLimitSet, *, run_id: str) -> Changes:
    queued, admitted = state.get(QUEUED_RUNS, run_id), state.get(ADMITTED_RUNS, run_id)
    known = queued or admitted
    limits = tuple(sorted({event.name, *(known.limits if known else ())}))
    if queued is not None:
        return _moved(queued, replace(queued, limits=limits))
    if admitted is not None:
        return [Put(ADMITTED_RUNS, replace(admitted, limits=limits))]
    if not is_running(state.get(RUNS, run_id)):
        return []
    return [Put(ADMITTED_RUNS, AdmittedRun(run_id=run_id, limits=limits, admitted_at=event.set_at))]


def _queued(state: State, event: RunsQueued, *, run_id: str, limits: tuple[str, ...]) -> Changes:
    run = state.get(RUNS, run_id)
    known = state.get(QUEUED_RUNS, run_id) or state.get(ADMITTED_RUNS, run_id)
    if run is None or not is_running(run) or known is not None or not limits:
        return []
    if run.state is not RunState.TRIGGERED or run.cancel_requested:
        # It is under way already: it only counts.
        return [
            Put(
                ADMITTED_RUNS,
                AdmittedRun(run_id=run_id, limits=limits, admitted_at=event.queued_at),
            )
        ]
    said = state.get(RUN_PRIORITIES, run_id)
    queued = QueuedRun(
        run_id=run_id,
        number=run.number,
        priority=said.priority if said else 0,
        limits=limits,
        queued_at=event.queued_at,
    )
    return [
        Put(QUEUED_RUNS, queued),
        Put(RUN_QUEUE, place_of(queued)),
        *(Drop(READY, READY.key_of(row)) for row in _ready_rows(state, run_id)),
    ]


def _moved(before: QueuedRun, after: QueuedRun) -> Changes:
    return [
        Drop(RUN_QUEUE, RUN_QUEUE.key_of(place_of(before))),
        Put(QUEUED_RUNS, after),
        Put(RUN_QUEUE, place_of(after)),
    ]


def _ready_rows(state: State, run_id: str) -> list[Ready]:
    """Every ready task of the run, in the dispatch order."""
    run, plan = state.get(RUNS, run_id), state.get(PLANS, run_id)
    if run is None or plan is None:
        return []
    tasks = (task for task in state.range(TASKS, run_id) if task.state is TaskState.READY)
    return [ready_row(run, plan, task=task) for task in tasks]


__all__ = ["run_limit_set", "run_prioritized", "runs_admitted", "runs_queued"]
