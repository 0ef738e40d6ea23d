"""Pools: how many tasks that need the same thing may be out at once.

A slot is taken by nothing but an attempt that is out: it is counted from the rows of the outbox, so
no slot can leak. A task that does not fit holds its place: later ones may not pass it in a pool
that it needs. Must not know who executes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeAlias

import msgspec

from arco.model import Key, Payload, State, Table
from arco.orchestration.rows import Dispatch, PlanRow, Ready
from arco.orchestration.run_limits import NUMBER_LAST, considered_through, limits_set
from arco.orchestration.tables import ASSETS, DISPATCHES, PLANS, READY

SLOTS_DEFAULT = 1
"""Of a pool that nobody gave a size: who names one wants a limit."""
PASSED_MAX = 1_000
"""So many groups of tasks that wait for a pool are passed over in one look at the queue."""
Needs: TypeAlias = Mapping[str, int]
"""Pool -> how many of its slots."""


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """One pool that was given a size."""

    name: str
    slots: int | None
    """How many may be taken at once; 0: nothing that needs it starts; None: it has no size of its
    own any more."""
    version: int
    """How often it was sized."""
    sized_at: datetime
    """When that was last."""
    actor: str = ""


class PoolSized(Payload, frozen=True):
    """A pool has this many slots from now on."""

    name: str
    version: int
    """One more than before, so that a repetition is told from a change."""
    sized_at: datetime
    """When it was sized."""
    slots: int | None = None
    """None: the size is taken back."""
    actor: str = ""


POOLS = Table("orchestration.pools", Pool, ("name",))
TABLES = (POOLS,)
EVENTS = (PoolSized,)


class Slots:
    """The slots of all pools during one look at the queue."""

    def __init__(self, state: State, out: Iterable[Dispatch]) -> None:
        self._state = state
        self._out = out
        self._plans: dict[str, PlanRow | None] = {}
        self._needs: dict[str, Needs] = {}
        self._taken: Counter[str] | None = None
        self._held: set[str] = set()
        """Pools that a task before waits for: nobody passes it there."""

    def takes(self, row: Ready | Dispatch) -> bool:
        """True when the task has all the slots it needs now; else it holds its place."""
        needs = self.needs(row)
        if not needs:
            return True
        if all(name not in self._held and self._fits(name, needs) for name in needs):
            for name in needs:
                self._counted()[name] += self.weight(name, needs)
            return True
        self._held.update(needs)
        return False

    def needs(self, row: Ready | Dispatch) -> Needs:
        """The pools that the task needs."""
        plan = self.plan(row.run_id)
        return self._needs_of(plan.tasks[row.index].asset) if plan else {}

    def plan(self, run_id: str) -> PlanRow | None:
        """The run's plan."""
        if run_id not in self._plans:
            self._plans[run_id] = self._state.get(PLANS, run_id)
        return self._plans[run_id]

    def size(self, name: str) -> int:
        """How many slots the pool has."""
        return pool_size(self._state, name)

    def taken(self, name: str) -> int:
        """How many of them are taken."""
        return self._counted()[name]

    def weight(self, name: str, needs: Needs) -> int:
        """How many slots the task takes: one that needs more than there are takes the whole
        pool.
        """
        return min(needs[name], max(self.size(name), 1))

    def _fits(self, name: str, needs: Needs) -> bool:
        return self.taken(name) + self.weight(name, needs) <= self.size(name)

    def _needs_of(self, asset: str) -> Needs:
        if asset not in self._needs:
            row = self._state.get(ASSETS, asset)
            self._needs[asset] = row.definition.pools if row else {}
        return self._needs[asset]

    def _counted(self) -> Counter[str]:
        if self._taken is None:
            self._taken = Counter()
            for row in self._out:
                needs = self.needs(row)
                for name in needs:
                    self._taken[name] += self.weight(name, needs)
        return self._taken


def pool_size(state: State, name: str) -> int:
    """How many slots the pool has."""
    row = state.get(POOLS, name)
    return SLOTS_DEFAULT if row is None or row.slots is None else row.slots


def taken_slots(state: State) -> Slots:
    """The slots as they are taken now.

    Cost: the attempts that are out.
    """
    return Slots(state, state.range(DISPATCHES))


def startable(state: State, slots: Slots) -> Iterator[Ready]:
    """Ready tasks that have the slots they need, in dispatch order; each takes its slots.

    Runs of which it is not known yet whether a limit covers them are passed over.

    Cost: what is yielded, and one look per asset and run whose tasks wait for a pool.
    """
    passed = 0
    rows = state.range(READY)
    known = considered_through(state) if limits_set(state) else NUMBER_LAST
    while (row := next(rows, None)) is not None:
        if row.run_number > known:
            rows = state.range(READY, after=(row.rank, row.run_number, NUMBER_LAST))
            continue
        if slots.takes(row):
            yield row
            continue
        passed += 1
        if passed > PASSED_MAX:
            return
        rows = state.range(READY, after=_behind_alike(slots.plan(row.run_id), row))


def _behind_alike(plan: PlanRow | None, row: Ready) -> Key:
    """Where the tasks of the same asset end: what one of them waits for, all do."""
    tasks = plan.tasks if plan else ()
    asset, last, stride = tasks[row.index].asset, row.index, 1
    while stride:
        ahead = last + stride
        if ahead < len(tasks) and tasks[ahead].asset == asset:
            last, stride = ahead, stride * 2
        else:
            stride //= 2
    return (row.rank, row.run_number, last)


__all__ = [
    "EVENTS",
    "PASSED_MAX",
    "POOLS",
    "SLOTS_DEFAULT",
    "TABLES",
    "Needs",
    "Pool",
    "PoolSized",
    "Slots",
    "pool_size",
    "startable",
    "taken_slots",
]
