"""Pools as people see them: how many slots, how many are taken, how much waits.

Reads state, changes nothing.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import islice

import msgspec

from arco.model import State
from arco.orchestration.pools import POOLS, taken_slots
from arco.orchestration.tables import ASSETS, READY

WAITING_COUNTED_MAX = 10_000


class PoolSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One pool that was sized, or that an asset names."""

    name: str
    slots: int
    """How many may be taken at once; 0: nothing that needs it starts."""
    is_sized: bool
    """False: nobody gave it a size, so it has one slot."""
    taken: int
    """By attempts that are out."""
    waiting: int
    """Ready tasks that need it, among the first 10,000 that are ready."""
    assets: int
    """How many deployed assets name it."""
    sized_at: datetime | None
    """When it was given its size."""


def pool_list(state: State) -> list[PoolSummary]:
    """Every pool, by name.

    Cost: the assets, the attempts that are out, the first of what is ready.
    """
    named: Counter[str] = Counter()
    for row in state.range(ASSETS):
        if not row.removed:
            named.update(row.definition.pools.keys())
    sized = {row.name: row for row in state.range(POOLS) if row.slots is not None}
    slots = taken_slots(state)
    ready = islice(state.range(READY), WAITING_COUNTED_MAX)
    waiting = Counter(name for row in ready for name in slots.needs(row))
    return [
        PoolSummary(
            name=name,
            slots=slots.size(name),
            is_sized=name in sized,
            taken=slots.taken(name),
            waiting=waiting[name],
            assets=named[name],
            sized_at=sized[name].sized_at if name in sized else None,
        )
        for name in sorted({*named, *sized})
    ]


def pool_summary(state: State, name: str) -> PoolSummary | None:
    """One pool; None when nobody sized it and no asset names it."""
    return next((each for each in pool_list(state) if each.name == name), None)


__all__ = ["PoolSummary", "pool_list", "pool_summary"]
