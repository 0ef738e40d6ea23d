"""What of lanes and roster is kept: from which slot on, what quarantine spares, what is gone.

Law L6: batches are released in one commit, below what any fold will ever consume again, and
deleted after it. A lane that ended and is gone altogether is forgotten. Must not know what any
fact means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from arco.engine.lanes.tables import FACTS, FOLDINGS, LANES
from arco.model import Change, Drop, Payload, Put, Reducer, State, Table

ROSTER = "roster"
"""The name under which the registrations of lanes are kept; no lane is named so."""


class KeptLane(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects of a lane stand. `roster`: which registrations do."""

    lane: str
    """The lane, or `roster`."""
    kept_from: int
    """From this slot on everything is kept; below it only what is spared."""
    gone_below: int
    """Below this slot everything is deleted but what is spared."""
    spared: tuple[int, ...]
    """Slots below `kept_from` that quarantined facts stand in."""


KEPT_LANES = Table("engine.kept_lanes", KeptLane, ("lane",))


class ReleasedLane(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of one lane nobody needs any more."""

    lane: str
    kept_from: int
    """Below this slot nothing is needed but what is spared."""
    spared: tuple[int, ...] = ()
    """Slots below that quarantined facts stand in."""


class CollectedLane(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of one lane does not exist any more."""

    lane: str
    gone_below: int
    """Below this slot everything is deleted but what is spared."""
    spared: tuple[int, ...] = ()
    """What is left below: slots that quarantined facts stand in."""


class BatchesReleased(Payload, frozen=True):
    """Folded batches that are older than everything that is kept may be deleted from here on."""

    floor: int
    """The slot of the log whose watermarks were taken: folds from there on can be folded again."""
    lanes: tuple[ReleasedLane, ...]
    """The lanes of which more than before is needed by nobody."""
    released_at: datetime
    """When it was decided, by the collector's clock."""


class BatchesCollected(Payload, frozen=True):
    """Released batches are deleted."""

    collected_at: datetime
    """When they were deleted."""
    lanes: tuple[CollectedLane, ...] = ()
    """How far each lane is deleted."""
    ended: tuple[str, ...] = ()
    """Sealed lanes of which nothing is left: they are forgotten."""


def batches_released(state: State, event: BatchesReleased) -> Iterator[Change]:
    """What is kept begins later, never earlier and never above what is folded."""
    for released in event.lanes:
        known = kept_of(state, released.lane)
        end = folded_to(state, released.lane)
        if end is not None and known.kept_from < released.kept_from <= end:
            yield Put(
                KEPT_LANES,
                msgspec.structs.replace(
                    known, kept_from=released.kept_from, spared=released.spared
                ),
            )


def batches_collected(state: State, event: BatchesCollected) -> Iterator[Change]:
    """What is gone grows, up to what was released; lanes that are gone are forgotten."""
    for collected in event.lanes:
        known = state.get(KEPT_LANES, collected.lane)
        if known is not None and known.gone_below <= collected.gone_below <= known.kept_from:
            spared = tuple(slot for slot in known.spared if slot in collected.spared)
            gone_below = collected.gone_below
            yield Put(
                KEPT_LANES,
                msgspec.structs.replace(known, gone_below=gone_below, spared=spared),
            )
    for lane in event.ended:
        row = state.get(LANES, lane)
        if row is not None and row.is_sealed:
            yield Drop(LANES, (lane,))
            if state.get(KEPT_LANES, lane) is not None:
                yield Drop(KEPT_LANES, (lane,))


def kept_of(state: State, lane: str) -> KeptLane:
    """What is kept of the lane: everything, until something was released."""
    nothing = KeptLane(lane=lane, kept_from=0, gone_below=0, spared=())
    return state.get(KEPT_LANES, lane) or nothing


def folded_to(state: State, lane: str) -> int | None:
    """The first slot that no fold has consumed; None for a lane that is not known."""
    if lane == ROSTER:
        folding = state.get(FOLDINGS, FACTS)
        return folding.roster_next if folding else 0
    row = state.get(LANES, lane)
    return row.next_slot if row else None


def is_released(state: State, lane: str, *, slot: int) -> bool:
    """True when the batch may be gone: it was folded and released, or its lane is forgotten."""
    if state.get(LANES, lane) is None:
        return True
    known = kept_of(state, lane)
    return slot < known.kept_from and slot not in known.spared


REDUCERS: Mapping[type[Payload], Reducer] = {
    BatchesReleased: batches_released,
    BatchesCollected: batches_collected,
}

__all__ = [
    "KEPT_LANES",
    "REDUCERS",
    "ROSTER",
    "BatchesCollected",
    "BatchesReleased",
    "CollectedLane",
    "KeptLane",
    "ReleasedLane",
    "batches_collected",
    "batches_released",
    "folded_to",
    "is_released",
    "kept_of",
]
