"""Which runs still own what they staged: those after the newest run number that was given up.

One number says it for the whole history, so asking costs the recent runs only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from arco.model import State
from arco.orchestration.rows import Run
from arco.orchestration.tables import NEWEST_RUNS, RUNS, SEQUENCES

EXPIRED_OUTPUTS = "expired_outputs"


def expired_through(state: State) -> int:
    """The newest run number whose staged output is given up, and that of every earlier run."""
    row = state.get(SEQUENCES, EXPIRED_OUTPUTS)
    return row.last if row else 0


def unexpired_runs(state: State) -> Iterator[Run]:
    """Runs whose staged output may still be published or adopted, newest first.

    Cost: the runs since the last expiry, never the history.
    """
    last = expired_through(state)
    rows = takewhile(lambda row: -row.rank > last, state.range(NEWEST_RUNS))
    runs = (state.get(RUNS, row.run_id) for row in rows)
    return (run for run in runs if run is not None)


__all__ = ["EXPIRED_OUTPUTS", "expired_through", "unexpired_runs"]
