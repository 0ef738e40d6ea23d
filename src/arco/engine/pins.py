"""Pins: a slot stays readable under a name, for as long as the pin stands.

A pin holds a snapshot at or before its slot and everything the state at that slot refers to. The
floor never falls, so what was given up once is never promised again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.engine.commit import SnapshotReference
from arco.engine.garbage import (
    PAST_SNAPSHOTS,
    PINS,
    PastSnapshot,
    PinCreated,
    PinDropped,
    PinnedSlot,
    collection_of,
)
from arco.errors import AlreadyExists, Invalid, NotFound, Precondition
from arco.model import Decision, Event, State

PIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")


class CreatePin(msgspec.Struct, frozen=True, kw_only=True):
    """Hold this slot under this name."""

    name: str
    slot: int
    expires_at: datetime | None = None
    reason: str = ""
    actor: str = ""


def create_pin(command: CreatePin) -> Decision:
    """PinCreated; nothing when the name holds the slot already.

    Raises: Invalid PIN_NAME_INVALID; AlreadyExists PIN_NAME_TAKEN; Precondition PIN_BELOW_FLOOR.
    """
    return partial(_create, command=command)


def drop_pin(name: str, actor: str = "") -> Decision:
    """PinDropped.

    Raises: NotFound PIN_NOT_FOUND.
    """
    return partial(_drop, name=name, actor=actor)


def snapshot_of(pin: PinnedSlot) -> SnapshotReference | None:
    """The snapshot the pin holds; None when it holds none."""
    if pin.snapshot_slot is None:
        return None
    return SnapshotReference(pin.snapshot_slot, pin.index, pin.sha256)


def kept_snapshot_before(state: State, slot: int) -> PastSnapshot | None:
    """The newest kept snapshot at or before `slot`."""
    before = [row for row in state.range(PAST_SNAPSHOTS) if row.slot <= slot]
    return before[-1] if before else None


def _create(state: State, now: datetime, *, command: CreatePin) -> Sequence[Event]:
    if not PIN_NAME.match(command.name):
        raise Invalid(
            "PIN_NAME_INVALID",
            f"{command.name[:80]!r} cannot name a pin",
            hint="use up to 64 letters, digits, '.', '_' and '-', a letter or digit first",
        )
    standing = state.get(PINS, command.name)
    if standing is not None and standing.slot == command.slot:
        return ()
    if standing is not None:
        raise AlreadyExists(
            "PIN_NAME_TAKEN",
            f"pin {command.name} holds slot {standing.slot}",
            hint=f"choose another name, or drop it first: arco pin drop {command.name}",
        )
    floor = collection_of(state).floor
    if command.slot < floor:
        raise Precondition(
            "PIN_BELOW_FLOOR",
            f"slot {command.slot} is below {floor}, from where on everything is kept",
            hint=f"pin slot {floor} or a later one; what was not pinned in time may be gone",
            floor=floor,
        )
    return (Event(_pin(state, now, command=command), command.actor),)


def _pin(state: State, now: datetime, *, command: CreatePin) -> PinCreated:
    held = kept_snapshot_before(state, command.slot)
    return PinCreated(
        name=command.name,
        slot=command.slot,
        pinned_at=now,
        snapshot_slot=held.slot if held else None,
        index=held.index if held else "",
        sha256=held.sha256 if held else "",
        expires_at=command.expires_at,
        reason=command.reason,
    )


def _drop(state: State, now: datetime, *, name: str, actor: str) -> Sequence[Event]:
    if state.get(PINS, name) is None:
        raise NotFound(
            "PIN_NOT_FOUND", f"there is no pin {name!r}", hint="`arco pin list` lists them"
        )
    return (Event(PinDropped(name, now), actor),)


__all__ = [
    "PIN_NAME",
    "CreatePin",
    "create_pin",
    "drop_pin",
    "kept_snapshot_before",
    "snapshot_of",
]
