"""The laws of the queue of runs as checks on a state: who waits stands in the queue and nowhere
else, and nobody is let in where there is no room.

A violation is a sentence. Must not change the state.
"""

from __future__ import annotations

from collections.abc import Iterator

from arco.model import State
from arco.orchestration.run_limits import (
    ADMITTED_RUNS,
    QUEUED_RUNS,
    RUN_QUEUE,
    limits_set,
    place_of,
    running_under,
)
from arco.orchestration.settling import is_running
from arco.orchestration.states import RunState
from arco.orchestration.tables import RUNS


def run_limit_violations(state: State) -> Iterator[str]:
    """What the queue says against the rows of the runs."""
    queued = list(state.range(QUEUED_RUNS))
    places = {place_of(row) for row in queued}
    if places != set(state.range(RUN_QUEUE)):
        yield "the queue of runs is not that of the rows"
    for row in queued:
        run = state.get(RUNS, row.run_id)
        if run is None or run.state is not RunState.TRIGGERED or run.cancel_requested:
            yield f"run {row.run_id} waits in the queue and does not have to"
    for admitted in state.range(ADMITTED_RUNS):
        if not is_running(state.get(RUNS, admitted.run_id)):
            yield f"run {admitted.run_id} has ended and counts under its limits"
        if state.get(QUEUED_RUNS, admitted.run_id) is not None:
            yield f"run {admitted.run_id} was let in and waits"


def overfull_limits(before: State, after: State) -> list[str]:
    """Limits under which a run that was let in between the two states found no room."""
    known = {row.run_id for row in before.range(ADMITTED_RUNS)}
    fresh = (row for row in after.range(ADMITTED_RUNS) if row.run_id not in known)
    let_in = [row for row in fresh if before.get(QUEUED_RUNS, row.run_id) is not None]
    limits, taken = limits_set(after), running_under(after)
    return [
        f"limit {name}: {taken[name]} of {limits[name]} runs are under way"
        for name in sorted({name for row in let_in for name in row.limits})
        if name in limits and taken[name] > limits[name]
    ]


__all__ = ["overfull_limits", "run_limit_violations"]
