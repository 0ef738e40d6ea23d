"""Promise: a ready task is dispatched as soon as the window and its pools have room, higher
priority and earlier runs first.

Law C1: what is dispatched is no longer ready and fills the window. Must not know who executes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from arco.model import Event, State, row_count
from arco.orchestration.events import TasksDispatched
from arco.orchestration.pools import startable, taken_slots
from arco.orchestration.tables import DISPATCHES, READY

WINDOW = 64


def decide(state: State, now: datetime, *, window: int = WINDOW) -> Sequence[Event]:
    """One TasksDispatched per run, so that at most `window` attempts are out and no pool has more
    of its slots taken than it has.

    Cost: what is dispatched, whatever is ready; one look per asset and run that waits for a pool.
    """
    free = window - row_count(state, DISPATCHES, most=window)
    if free <= 0 or next(iter(state.range(READY)), None) is None:
        return ()
    per_run: dict[str, list[tuple[int, int]]] = {}
    for ready in islice(startable(state, taken_slots(state)), free):
        per_run.setdefault(ready.run_id, []).append((ready.index, ready.attempt))
    return [
        Event(TasksDispatched(run_id=run_id, tasks=tuple(tasks), dispatched_at=now))
        for run_id, tasks in per_run.items()
    ]


__all__ = ["WINDOW", "decide"]
