"""Promise: a run whose tasks all succeeded has its staged data published.

Law C1: a requested publication is no longer settled. Must not know how tables are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from arco.model import Event, State
from arco.orchestration.events import PublicationRequested
from arco.orchestration.rows import Run
from arco.orchestration.tables import RUNS, SETTLED_RUNS, TASKS


def decide(state: State, now: datetime) -> Sequence[Event]:
    """PublicationRequested for every settled run that succeeded and staged data."""
    runs = (state.get(RUNS, row.run_id) for row in state.range(SETTLED_RUNS))
    return [
        Event(
            PublicationRequested(
                run_id=run.run_id, table_ids=_staged_tables(state, run), requested_at=now
            )
        )
        for run in runs
        if run is not None and _is_publishable(run)
    ]


def _is_publishable(run: Run) -> bool:
    is_clean = run.succeeded == run.total and not run.cancel_requested
    return is_clean and run.staged > 0 and run.publication is None


def _staged_tables(state: State, run: Run) -> tuple[str, ...]:
    outputs = (task.output for task in state.range(TASKS, run.run_id))
    return tuple(sorted({output.table_id for output in outputs if output is not None}))


__all__ = ["decide"]
