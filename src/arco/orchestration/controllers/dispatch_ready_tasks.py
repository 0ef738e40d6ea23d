"""Promise: a ready task is dispatched as soon as the window has room, higher priority and earlier
runs first.

Law C1: what is dispatched is no longer ready and fills the window. Must not know who executes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from arco.model import Event, State
from arco.orchestration.events import TasksDispatched
from arco.orchestration.tables import DISPATCHES, READY

WINDOW = 64


def decide(state: State, now: datetime, *, window: int = WINDOW) -> Sequence[Event]:
    """One TasksDispatched per run, so that at most `window` attempts are out.

    Cost: the window's rows, whatever is ready.
    """
    if next(iter(state.range(READY)), None) is None:
        return ()
    out = sum(1 for _ in islice(state.range(DISPATCHES), window))
    per_run: dict[str, list[tuple[int, int]]] = {}
    for ready in islice(state.range(READY), window - out):
        per_run.setdefault(ready.run_id, []).append((ready.index, ready.attempt))
    return [
        Event(TasksDispatched(run_id=run_id, tasks=tuple(tasks), dispatched_at=now))
        for run_id, tasks in per_run.items()
    ]


__all__ = ["WINDOW", "decide"]
