"""The engine's rows about facts: which lanes there are, how far each is folded, what was seen.

Law F8's bookkeeping: a fact is counted once however often it was sent, and what cannot be folded
waits here. Must not know what any fact means.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from arco.model import Table

FACTS = "facts"


class Folding(msgspec.Struct, frozen=True, kw_only=True):
    """How far facts are folded: one row."""

    name: str
    number: int
    """How many folds there were; the next one is this plus one, or it is stale."""
    roster_next: int
    """The first registration that was not read yet."""
    facts: int
    """Facts that were folded, since the beginning."""
    duplicates: int
    """Facts that had been folded before and changed nothing."""
    folded_at: datetime


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One producer's append-only fact log, and its watermark."""

    lane: str
    next_slot: int
    """The watermark: everything below this slot is folded, nothing above it."""
    is_sealed: bool
    writer: str
    opened_at: datetime


class OpenLane(msgspec.Struct, frozen=True):
    """A lane that may still grow: the index that folding walks."""

    lane: str


class Producer(msgspec.Struct, frozen=True):
    """Which numbers of one producer's epoch were folded, as ranges `[first, next)`."""

    producer: str
    epoch: int
    ranges: tuple[tuple[int, int], ...]


class FactKey(msgspec.Struct, frozen=True):
    """The key of a fact that was folded."""

    fact_key: str


class QuarantinedFact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that could not be folded; its bytes stand in its lane, under this position."""

    lane: str
    slot: int
    position: int
    fact_type: str
    version: int
    code: str
    """`FACT_INVALID`, `FACT_TYPE_UNKNOWN`, `FACT_NOT_FOLDED` or `FACT_GAPS_TOO_MANY`."""
    reason: str
    quarantined_at: datetime


FOLDINGS = Table("engine.foldings", Folding, ("name",))
LANES = Table("engine.lanes", Lane, ("lane",))
OPEN_LANES = Table("engine.open_lanes", OpenLane, ("lane",), public=False)
PRODUCERS = Table("engine.producers", Producer, ("producer", "epoch"), public=False)
FACT_KEYS = Table("engine.fact_keys", FactKey, ("fact_key",), public=False)
QUARANTINE = Table("engine.quarantined_facts", QuarantinedFact, ("lane", "slot", "position"))

LANE_TABLES: tuple[Table[Any], ...] = (
    FOLDINGS,
    LANES,
    OPEN_LANES,
    PRODUCERS,
    FACT_KEYS,
    QUARANTINE,
)

__all__ = [
    "FACTS",
    "FACT_KEYS",
    "FOLDINGS",
    "LANES",
    "LANE_TABLES",
    "OPEN_LANES",
    "PRODUCERS",
    "QUARANTINE",
    "FactKey",
    "Folding",
    "Lane",
    "OpenLane",
    "Producer",
    "QuarantinedFact",
]
