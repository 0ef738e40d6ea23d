"""Promise: a run that counts under a limit stands in the queue before anything of it is handed out.

Law C1: what was looked at is not looked at again. Must not know which runs have room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from arco.model import Event, State
from arco.orchestration.events import LimitedRun, RunsQueued
from arco.orchestration.run_limits import considered_through, limits_of, limits_set
from arco.orchestration.tables import ACTIVE_RUNS, PLANS


def decide(state: State, now: datetime) -> Sequence[Event]:
    """RunsQueued for the runs that were triggered since it was decided last.

    Cost: those runs' plans, while there is any limit.
    """
    names = limits_set(state)
    if not names:
        return ()
    after = through = considered_through(state)
    found: list[LimitedRun] = []
    for active in state.range(ACTIVE_RUNS, after=(after,)):
        through = active.number
        plan = state.get(PLANS, active.run_id)
        limits = limits_of(state, plan, names=names) if plan else ()
        if limits:
            found.append(LimitedRun(active.run_id, limits))
    if through == after:
        return ()
    return (Event(RunsQueued(after=after, through=through, queued_at=now, runs=tuple(found))),)


__all__ = ["decide"]
