"""Quarantined facts: shown with their bytes, and folded again when somebody mended what refused
them.

A fact that is refused again stays, with the new reason. Must not know what any fact means.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

import msgspec

from arco.engine.database import Database
from arco.engine.lanes.batches import Fact, LaneSlot, decode_slot
from arco.engine.lanes.events import FactsFolded
from arco.engine.lanes.folding import Gathered, Retry, fold_facts
from arco.engine.lanes.reading import read_facts
from arco.engine.lanes.slots import Slots
from arco.engine.lanes.tables import QUARANTINE, QuarantinedFact
from arco.errors import Corrupt, Invalid, NotFound
from arco.model import Event, Key, State
from arco.store import keys

RETRIES_MAX = 256


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of quarantined facts that were tried again."""

    tried: int
    """How many were read and tried."""
    released: int
    """How many left quarantine: folded now, or known to be folded before."""
    unreadable: int
    """How many stay because their batch cannot be read."""


class Quarantine:
    """The quarantine as one process works on it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots = Slots(database.store, database.runtime)

    async def fact(self, row: QuarantinedFact) -> Fact:
        """The fact as it was sent.

        Raises: Corrupt LANE_UNREADABLE, LANE_SLOT_MISSING. Cost: 1 GET.
        """
        slot = await self._read(row)
        return slot.facts[row.position]

    async def known(self) -> tuple[Retry, ...]:
        """The facts of unknown types that this release knows. Cost: a GET for each slot."""
        retries, _ = await self._gathered(await self._database.asked(self._known))
        return retries

    async def retry(self, rows: Sequence[QuarantinedFact]) -> Retried:
        """What became of these facts after trying each once more, at most 256 in one commit.

        Idempotent: one that was folded counts once. Cost: a GET for each slot, a commit for 256.
        """
        tried = released = unreadable = 0
        for start in range(0, len(rows), RETRIES_MAX):
            retries, missing = await self._gathered(rows[start : start + RETRIES_MAX])
            folded = await self._fold(retries)
            tried += len(retries)
            unreadable += missing
            released += folded
        return Retried(tried=tried, released=released, unreadable=unreadable)

    async def _fold(self, retries: tuple[Retry, ...]) -> int:
        gathered = Gathered(roster_first=0, retries=retries)
        receipt = await self._database.transact(partial(self._decide, gathered=gathered))
        done = [each.payload for each in receipt.events if isinstance(each.payload, FactsFolded)]
        return sum(each.facts + each.duplicates for each in done)

    def _decide(self, state: State, now: datetime, *, gathered: Gathered) -> list[Event]:
        folded = fold_facts(self._database.registry, state, gathered=gathered, now=now)
        return [] if folded is None else [Event(folded)]

    def _known(self, state: State) -> list[QuarantinedFact]:
        decoder = self._database.registry.fact_decoder
        rows = (
            row
            for row in state.range(QUARANTINE)
            if row.code == "FACT_TYPE_UNKNOWN" and decoder(row.fact_type, row.version)
        )
        return [row for row, _ in zip(rows, range(RETRIES_MAX), strict=False)]

    async def _gathered(self, rows: Sequence[QuarantinedFact]) -> tuple[tuple[Retry, ...], int]:
        """Facts to try again, and how many cannot be read: those stay where they are."""
        found: list[Retry] = []
        for row in rows:
            with suppress(Corrupt):
                fact = await self.fact(row)
                (read,) = read_facts(self._database.registry, [fact])
                found.append(Retry(row.lane, row.slot, row.position, read))
        return tuple(found), len(rows) - len(found)

    async def _read(self, row: QuarantinedFact) -> LaneSlot:
        decode = partial(decode_slot, lane=row.lane, slot=row.slot)
        slot = await self._slots.read(keys.lane_slot(row.lane, row.slot), decode=decode)
        if slot is None:
            raise Corrupt(
                "LANE_SLOT_MISSING",
                f"slot {row.slot} of lane {row.lane} is gone",
                hint="restore that object from a backup; the fact stays in quarantine until then",
                lane=row.lane,
                slot=row.slot,
            )
        return slot


def quarantined(state: State, *, after: Key | None = None, limit: int) -> list[QuarantinedFact]:
    """The rows of quarantine past `after`, in the order of their places."""
    rows = state.range(QUARANTINE, after=after)
    return [row for row, _ in zip(rows, range(limit), strict=False)]


def quarantined_at(state: State, place: Key) -> QuarantinedFact:
    """The row of one place. Raises: NotFound FACT_NOT_FOUND."""
    row = state.get(QUARANTINE, *place)
    if row is None:
        lane, slot, position = place
        raise NotFound(
            "FACT_NOT_FOUND",
            f"no fact waits in quarantine at {lane}/{slot}/{position}",
            hint="`arco facts quarantine list` shows those that do; it may have been folded since",
        )
    return row


def place_text(row: QuarantinedFact) -> str:
    """Where the fact stands, as people write it: `LANE/SLOT/POSITION`."""
    return f"{row.lane}/{row.slot}/{row.position}"


def place_of(text: str) -> Key:
    """The place that is written so.

    Raises: Invalid PLACE_INVALID.

    >>> place_of("01JM/3/14")
    ('01JM', 3, 14)
    """
    lane, *numbers = text.split("/")
    if len(numbers) != 2 or not all(n.isdecimal() and len(n) < 16 for n in numbers):
        raise Invalid(
            "PLACE_INVALID",
            f"{text[:80]!r} is no place of a fact",
            hint="write LANE/SLOT/POSITION, as lists of quarantined facts show them",
        )
    return (lane, *(int(number) for number in numbers))


__all__ = [
    "RETRIES_MAX",
    "Quarantine",
    "Retried",
    "place_of",
    "place_text",
    "quarantined",
    "quarantined_at",
]
