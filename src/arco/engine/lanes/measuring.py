"""How far behind a fold found the lanes: one row, which goes with the fold's own commit.

What cannot be known is null, never zero. Must not know what any fact means.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from arco.engine.lanes.folding import Gathered
from arco.engine.lanes.tables import FACTS
from arco.model import Change, Payload, Put, State, Table


class FactLag(msgspec.Struct, frozen=True, kw_only=True):
    """How far behind the newest fold found the lanes."""

    name: str
    """Always `facts`: there is one."""
    lag_ms: int | None
    """How long its oldest fact had waited, by the clocks of those who wrote and folded; null: it
    is not known."""
    waiting_batches: int | None
    """How many batches it left for the next one; null: it is not known."""
    damaged_lanes: int
    """Lanes that cannot be read on: nobody knows how much waits there."""
    measured_at: datetime
    """When that was so."""


class FactsMeasured(Payload, frozen=True):
    """A fold says how far behind it found the lanes."""

    lag_ms: int | None
    """How long its oldest fact had waited; null: it is not known."""
    waiting_batches: int | None
    """How many batches it left for the next one; null: it is not known."""
    damaged_lanes: int
    """Lanes that cannot be read on: nobody knows how much waits there."""
    measured_at: datetime
    """When that was so."""


FACT_LAGS = Table("engine.fact_lags", FactLag, ("name",))


def facts_measured(state: State, event: FactsMeasured) -> Iterator[Change]:
    """The newest measurement stands."""
    row = FactLag(
        name=FACTS,
        lag_ms=event.lag_ms,
        waiting_batches=event.waiting_batches,
        damaged_lanes=event.damaged_lanes,
        measured_at=event.measured_at,
    )
    if state.get(FACT_LAGS, FACTS) != row:
        yield Put(FACT_LAGS, row)


def measured(gathered: Gathered, *, damaged: int, now: datetime) -> FactsMeasured:
    """What a look at the lanes says once all of it is folded."""
    oldest = gathered.oldest_at
    waited_ms = None if oldest is None else max(0, round((now - oldest).total_seconds() * 1000))
    return FactsMeasured(
        lag_ms=None if damaged else waited_ms,
        waiting_batches=None if damaged else gathered.waiting,
        damaged_lanes=damaged,
        measured_at=now,
    )


__all__ = ["FACT_LAGS", "FactLag", "FactsMeasured", "facts_measured", "measured"]
