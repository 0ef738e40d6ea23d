"""How a pass of the collector begins: expired pins go, the floor rises, old snapshots are thinned.

Pure. The floor is always the slot of a kept snapshot, so that the state at it is read without
folding.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from arco.engine.garbage import (
    PAST_SNAPSHOTS,
    PINS,
    FloorRaised,
    PastSnapshot,
    PinDropped,
    collection_of,
)
from arco.model import Decision, Event, State

NAMES_PER_COMMIT = 500
CONDEMNATIONS_PER_PASS = 40


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine keeps, and how long condemned objects stand."""

    window: timedelta
    """Every slot this young stays readable."""
    snapshots_newest: int
    """So many of the newest snapshots are kept."""
    snapshots_daily: int
    """And the last one of each of so many days."""
    grace: timedelta
    """A snapshot file this young is left alone, whoever needs it."""
    delay: timedelta
    """So long a condemned object still stands: readers may have begun with it."""
    names_per_commit: int = NAMES_PER_COMMIT
    condemnations_per_pass: int = CONDEMNATIONS_PER_PASS


def begin_pass(policy: Policy) -> Decision:
    """PinDropped for pins that expired, then FloorRaised."""
    return partial(_begin, policy=policy)


def kept_slots(
    past: Sequence[PastSnapshot], policy: Policy, *, floor: int, now: datetime
) -> tuple[int, ...]:
    """The slots of the snapshots to keep: the newest, one a day, and the one the floor stands on.

    Shape: ascending.
    """
    kept = {row.slot for row in past[-max(1, policy.snapshots_newest) :]}
    oldest = (now - timedelta(days=policy.snapshots_daily)).date()
    daily = {row.published_at.date(): row.slot for row in past}
    kept |= {slot for day, slot in daily.items() if day > oldest}
    kept |= {row.slot for row in past if row.slot == floor}
    return tuple(sorted(kept))


def floor_at(past: Sequence[PastSnapshot], *, before: datetime, floor: int) -> int:
    """The slot of the newest snapshot that stood at `before`; `floor` when there is none above."""
    return max([floor, *(row.slot for row in past if row.published_at <= before)])


def _begin(state: State, now: datetime, *, policy: Policy) -> Sequence[Event]:
    row = collection_of(state)
    past = list(state.range(PAST_SNAPSHOTS))
    expired = [pin for pin in state.range(PINS) if pin.expires_at and pin.expires_at <= now]
    floor = floor_at(past, before=now - policy.window, floor=row.floor)
    kept = kept_slots(past, policy, floor=floor, now=now)
    raised = FloorRaised(number=row.passes + 1, slot=floor, kept=kept, raised_at=now)
    return [*(Event(PinDropped(pin.name, now)) for pin in expired), Event(raised)]


__all__ = ["Policy", "begin_pass", "floor_at", "kept_slots"]
