"""Limits of runs as people see them: how many, how many are under way, how many wait.

Reads state, changes nothing.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import islice

import msgspec

from arco.model import State
from arco.orchestration.run_limits import QUEUED_RUNS, RUN_LIMITS, running_under

WAITING_COUNTED_MAX = 10_000


class LimitSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One limit."""

    name: str
    """`*`: every run; `tag:team`, `tag:team=a`, `asset:sales.orders`: runs with such an asset."""
    runs_max: int
    """How many runs may be under way at once; 0: none starts."""
    running: int
    """How many that it covers are under way."""
    waiting: int
    """How many that it covers wait, among 10,000 of those that do."""
    set_at: datetime
    """When it was set."""


def limit_list(state: State) -> list[LimitSummary]:
    """Every limit, by name.

    Cost: the runs under way that count under any, the first of those that wait.
    """
    running = running_under(state)
    queued = islice(state.range(QUEUED_RUNS), WAITING_COUNTED_MAX)
    waiting = Counter(name for row in queued for name in row.limits)
    return [
        LimitSummary(
            name=row.name,
            runs_max=row.runs_max,
            running=running[row.name],
            waiting=waiting[row.name],
            set_at=row.set_at,
        )
        for row in state.range(RUN_LIMITS)
        if row.runs_max is not None
    ]


__all__ = ["LimitSummary", "limit_list"]
