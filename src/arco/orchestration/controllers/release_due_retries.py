"""Promise: a task that waits for its next attempt is ready again once its time has come.

Law C1: what is released no longer waits. Must not know retry policies: the failure's event named
the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile

from arco.model import Event, State
from arco.orchestration.events import RetriesReleasedV2
from arco.orchestration.tables import RETRIES


def decide(state: State, now: datetime) -> Sequence[Event]:
    """One RetriesReleased per run with retries due at `now`."""
    per_run: dict[str, list[tuple[int, int]]] = {}
    for retry in takewhile(lambda row: row.due_at <= now, state.range(RETRIES)):
        per_run.setdefault(retry.run_id, []).append((retry.index, retry.attempt))
    return [
        Event(RetriesReleasedV2(run_id=run_id, tasks=tuple(tasks), released_at=now))
        for run_id, tasks in per_run.items()
    ]


def next_due(state: State) -> datetime | None:
    """When `decide` will next have something to say if nothing else happens; None: never."""
    first = next(iter(state.range(RETRIES)), None)
    return first.due_at if first else None


__all__ = ["decide", "next_due"]
