"""Promise: a ready task is dispatched as soon as the window and its pools have room, higher
priority and earlier runs first; one that would come out as it did succeeds when its turn comes.

Law C1: what is dispatched or left out is no longer ready. Must not know who executes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from arco.model import Event, State, row_count
from arco.orchestration.events import TasksDispatched
from arco.orchestration.events_of_runs import TaskMemoized
from arco.orchestration.inputs import Place
from arco.orchestration.memoizing import may_be_left_out, unchanged
from arco.orchestration.pools import startable, taken_slots
from arco.orchestration.rows import PlanRow, Ready
from arco.orchestration.tables import DISPATCHES, READY, RUNS
from arco.orchestration.views import asset_view

WINDOW = 64


def decide(state: State, now: datetime, *, window: int = WINDOW) -> Sequence[Event]:
    """A TaskMemoized for each task that is left out, and one TasksDispatched per run, so that at
    most `window` attempts are out and no pool has more of its slots taken than it has.

    Cost: what is dispatched, whatever is ready; one look per asset and run that waits for a pool.
    """
    free = window - row_count(state, DISPATCHES, most=window)
    if free <= 0 or next(iter(state.range(READY)), None) is None:
        return ()
    slots = taken_slots(state)
    per_run: dict[str, list[tuple[int, int]]] = {}
    left_out: list[Event] = []
    for ready in islice(startable(state, slots), free):
        memoized = _memoized(state, now, ready=ready, plan=slots.plan(ready.run_id))
        if memoized is not None:
            left_out.append(Event(memoized))
        else:
            per_run.setdefault(ready.run_id, []).append((ready.index, ready.attempt))
    return [
        *left_out,
        *(
            Event(TasksDispatched(run_id=run_id, tasks=tuple(tasks), dispatched_at=now))
            for run_id, tasks in per_run.items()
        ),
    ]


def _memoized(
    state: State, now: datetime, *, ready: Ready, plan: PlanRow | None
) -> TaskMemoized | None:
    # A task that failed is tried again: whoever asked for that does not want to know it unchanged.
    if plan is None or ready.attempt != 1 or not may_be_left_out(plan, ready.index):
        return None
    run = state.get(RUNS, ready.run_id)
    place = Place(plan, ready.index, asset_view(state, now).at)
    held = unchanged(state, place, settings=run.settings if run else None)
    if held is None:
        return None
    return TaskMemoized(
        run_id=ready.run_id,
        index=ready.index,
        made_by=held.run_id,
        data_version=held.data_version,
        memoized_at=now,
    )


__all__ = ["WINDOW", "decide"]
