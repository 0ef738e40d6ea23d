"""What is kept and what is going: past snapshots, pins, the floor, and condemned names.

Law L6: a name is condemned in one commit and deleted after another time, and no commit in between
refers to it. Must not know what the objects hold or which business needs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from arco.model import Change, Drop, Payload, Put, Reducer, State, Table

ONLY = "collection"


class PastSnapshot(msgspec.Struct, frozen=True):
    """A published snapshot that is still kept."""

    slot: int
    index: str
    """The object that names the snapshot's files."""
    sha256: str
    published_at: datetime


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """How far collecting garbage has come."""

    name: str = ONLY
    """Always `collection`: there is one."""
    passes: int = 0
    """How many passes have begun."""
    floor: int = 0
    """Below this slot nothing is kept but what pins hold; it never falls."""
    condemnations: int = 0
    """The last number that was given to a condemnation."""
    collected_names: int = 0
    """How many objects were deleted in all."""
    collected_bytes: int = 0
    """The bytes of everything that was deleted."""
    began_at: datetime | None = None
    """When the newest pass began."""


class Condemnation(msgspec.Struct, frozen=True, kw_only=True):
    """Objects that nobody may refer to any more; they are deleted after `not_before`."""

    number: int
    """Counts condemnations, without gaps."""
    area: str
    """Which kind of objects they are."""
    names: tuple[str, ...]
    """The objects."""
    size_bytes: int
    """Their bytes."""
    condemned_at: datetime
    """When nobody needed them any more, by the collector's clock."""
    not_before: datetime
    """When they may be deleted: readers may have begun with them."""


class CondemnedName(msgspec.Struct, frozen=True):
    """A name that no commit may refer to."""

    name: str
    """The object."""
    number: int
    """The condemnation it belongs to."""


class PinnedSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that stays readable for as long as the pin stands."""

    name: str
    """What people call it."""
    slot: int
    """The slot that stays readable."""
    snapshot_slot: int | None = None
    """The slot of the snapshot the pin holds; null when the log alone leads to the slot."""
    index: str = ""
    """The object that names that snapshot's files; empty when there is none."""
    sha256: str = ""
    """The hash of the index object; empty when there is none."""
    pinned_at: datetime
    """When it was created."""
    expires_at: datetime | None = None
    """When a pass of the collector drops it; null: never."""
    reason: str = ""
    """Why, for those who find it."""


PAST_SNAPSHOTS = Table("engine.past_snapshots", PastSnapshot, ("slot",), public=False)
COLLECTIONS = Table("engine.collections", Collection, ("name",), public=False)
CONDEMNATIONS = Table("engine.condemnations", Condemnation, ("number",), public=False)
CONDEMNED = Table("engine.condemned", CondemnedName, ("name",), public=False)
PINS = Table("engine.pins", PinnedSlot, ("name",))

TABLES = (PAST_SNAPSHOTS, COLLECTIONS, CONDEMNATIONS, CONDEMNED, PINS)


class FloorRaised(Payload, frozen=True):
    """A pass of the collector began: no pin may go below `slot`, other snapshots than `kept` go."""

    number: int
    """Counts passes, without gaps."""
    slot: int
    """The floor: from here on everything is kept."""
    kept: tuple[int, ...]
    """The slots of the snapshots that stay known."""
    raised_at: datetime
    """When the pass began."""


class NamesCondemned(Payload, frozen=True):
    """Nothing that is kept leads to these objects: from here on no commit may refer to them."""

    number: int
    """Counts condemnations, without gaps."""
    area: str
    """Which kind of objects they are."""
    names: tuple[str, ...]
    """The objects."""
    size_bytes: int
    """Their bytes."""
    condemned_at: datetime
    """When nobody needed them any more, by the collector's clock."""
    not_before: datetime
    """When they may be deleted: readers may have begun with them."""


class NamesCollected(Payload, frozen=True):
    """The objects of a condemnation are deleted."""

    number: int
    """The condemnation."""
    collected_at: datetime
    """When they were deleted."""


class PinCreated(Payload, frozen=True):
    """A slot, and the snapshot that leads to it, are held under a name."""

    name: str
    """What people call it."""
    slot: int
    """The slot that stays readable."""
    pinned_at: datetime
    """When it was created."""
    snapshot_slot: int | None = None
    """The slot of the snapshot it holds; null when the log alone leads there."""
    index: str = ""
    """The object that names that snapshot's files; empty when there is none."""
    sha256: str = ""
    """The hash of the index object; empty when there is none."""
    expires_at: datetime | None = None
    """When a pass of the collector drops it; null: never."""
    reason: str = ""
    """Why, for those who find it."""


class PinDropped(Payload, frozen=True):
    """A pin holds nothing any more."""

    name: str
    """The pin."""
    dropped_at: datetime
    """When it was let go."""


def collection_of(state: State) -> Collection:
    """How far collecting has come; the beginning when it never ran."""
    return state.get(COLLECTIONS, ONLY) or Collection()


def first_condemned(state: State, names: Sequence[str]) -> str | None:
    """The first of these names that no commit may refer to."""
    return next((name for name in names if state.get(CONDEMNED, name) is not None), None)


def floor_raised(state: State, event: FloorRaised) -> Iterator[Change]:
    """Passes follow each other; the floor never falls."""
    row = collection_of(state)
    if event.number != row.passes + 1:
        return
    yield Put(
        COLLECTIONS,
        msgspec.structs.replace(
            row,
            passes=event.number,
            floor=max(row.floor, event.slot),
            began_at=event.raised_at,
        ),
    )
    kept = set(event.kept)
    for past in state.range(PAST_SNAPSHOTS):
        if past.slot not in kept:
            yield Drop(PAST_SNAPSHOTS, (past.slot,))


def names_condemned(state: State, event: NamesCondemned) -> Iterator[Change]:
    """Condemnations are numbered without gaps, so a repeated one changes nothing."""
    row = collection_of(state)
    if event.number != row.condemnations + 1:
        return
    yield Put(COLLECTIONS, msgspec.structs.replace(row, condemnations=event.number))
    yield Put(
        CONDEMNATIONS,
        Condemnation(
            number=event.number,
            area=event.area,
            names=event.names,
            size_bytes=event.size_bytes,
            condemned_at=event.condemned_at,
            not_before=event.not_before,
        ),
    )
    for name in event.names:
        yield Put(CONDEMNED, CondemnedName(name, event.number))


def names_collected(state: State, event: NamesCollected) -> Iterator[Change]:
    """The condemnation is over; its names are forgotten."""
    condemnation = state.get(CONDEMNATIONS, event.number)
    if condemnation is None:
        return
    row = collection_of(state)
    yield Drop(CONDEMNATIONS, (event.number,))
    for name in condemnation.names:
        yield Drop(CONDEMNED, (name,))
    yield Put(
        COLLECTIONS,
        msgspec.structs.replace(
            row,
            collected_names=row.collected_names + len(condemnation.names),
            collected_bytes=row.collected_bytes + condemnation.size_bytes,
        ),
    )


def pin_created(state: State, event: PinCreated) -> Iterator[Change]:
    """A name that holds something keeps it; nothing below the floor is held."""
    if state.get(PINS, event.name) is not None or event.slot < collection_of(state).floor:
        return
    yield Put(
        PINS,
        PinnedSlot(
            name=event.name,
            slot=event.slot,
            snapshot_slot=event.snapshot_slot,
            index=event.index,
            sha256=event.sha256,
            pinned_at=event.pinned_at,
            expires_at=event.expires_at,
            reason=event.reason,
        ),
    )


def pin_dropped(state: State, event: PinDropped) -> Iterator[Change]:
    """The row goes."""
    if state.get(PINS, event.name) is not None:
        yield Drop(PINS, (event.name,))


REDUCERS: Mapping[type[Payload], Reducer] = {
    FloorRaised: floor_raised,
    NamesCondemned: names_condemned,
    NamesCollected: names_collected,
    PinCreated: pin_created,
    PinDropped: pin_dropped,
}

__all__ = [
    "COLLECTIONS",
    "CONDEMNATIONS",
    "CONDEMNED",
    "ONLY",
    "PAST_SNAPSHOTS",
    "PINS",
    "REDUCERS",
    "TABLES",
    "Collection",
    "Condemnation",
    "CondemnedName",
    "FloorRaised",
    "NamesCollected",
    "NamesCondemned",
    "PastSnapshot",
    "PinCreated",
    "PinDropped",
    "PinnedSlot",
    "collection_of",
    "first_condemned",
    "floor_raised",
    "names_collected",
    "names_condemned",
    "pin_created",
    "pin_dropped",
]
