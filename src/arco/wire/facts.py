"""Facts as they are sent and receipted: one declaration for the server and its clients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from arco.engine.lanes.batches import SLOT_FACTS_MAX
from arco.engine.lanes.quarantine import RETRIES_MAX, Retried
from arco.engine.lanes.tables import QuarantinedFact

Name = Annotated[str, msgspec.Meta(max_length=256)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class SentFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One observation. With `producer` and `seq`, or with `key`, it may be sent again."""

    type: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    """Such as `lineage.foreign_run_reported`."""
    payload: dict[str, Any]
    """What was observed; the type says which fields there are."""
    version: Annotated[int, msgspec.Meta(ge=1)] = 1
    producer: Name = ""
    """Who counts its facts with `seq`."""
    epoch: Number = 0
    """A producer that lost count begins a new epoch."""
    seq: Number | None = None
    """The fact's number: a number of a producer's epoch counts once."""
    key: Name = ""
    """The fact's own name, where nobody counts: a key counts once."""


class FactsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Facts to take, in one piece."""

    facts: Annotated[tuple[SentFact, ...], msgspec.Meta(min_length=1, max_length=SLOT_FACTS_MAX)]
    """They stand in one slot, in this order."""


class FactProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that is kept and will wait in quarantine, and why."""

    position: int
    """Its place in the lane's slot: `system.engine.quarantined_facts` has the same."""
    code: str
    """`FACT_INVALID` or `FACT_TYPE_UNKNOWN`."""
    reason: str


class FactsReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Where the facts stand. They are durable; they become visible when they are folded."""

    lane: str
    """The lane of the process that took them."""
    slot: int
    position: int
    """The place of the first of them; the others follow."""
    count: int
    """How many facts were taken: all that were sent."""
    quarantined: tuple[FactProblem, ...]
    """Those that cannot be folded as they stand."""


class QuarantineList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Facts that could not be folded, in the order of their places."""

    facts: list[QuarantinedFact]
    """Where each stands, and why it is not folded."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class FactPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a fact stands."""

    lane: Annotated[str, msgspec.Meta(min_length=1, max_length=26)]
    slot: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    """The batch of the lane that it stands in."""
    position: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class RetryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which facts to try again. None named: the first ones there are."""

    facts: Annotated[tuple[FactPlace, ...], msgspec.Meta(max_length=RETRIES_MAX)] = ()
    """Their places, as the list tells them."""


class ShownFact(msgspec.Struct, frozen=True, kw_only=True):
    """A quarantined fact, as it was sent."""

    type: str
    version: int
    """The version of the type it was sent as."""
    producer: str
    epoch: int
    seq: int | None
    """Its number; null when its producer does not count."""
    key: str
    payload: Any
    """What was observed."""
    code: str
    """Why it is not folded: `FACT_INVALID`, `FACT_TYPE_UNKNOWN`, `FACT_NOT_FOLDED`, ..."""
    reason: str
    quarantined_at: datetime


__all__ = [
    "FactPlace",
    "FactProblem",
    "FactsReceipt",
    "FactsRequest",
    "QuarantineList",
    "QuarantinedFact",
    "Retried",
    "RetryRequest",
    "SentFact",
    "ShownFact",
]
