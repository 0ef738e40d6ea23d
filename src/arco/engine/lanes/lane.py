"""One process's lane: opened once, written slot after slot by nobody else, ended by a seal.

A lane is never used again after a restart: each incarnation opens its own. Sealing is occupying the
next slot, so a batch in flight and a seal cannot both win. Must not know what any fact means.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from arco.engine.database import Database
from arco.engine.lanes.batches import Heading, decode_slot, encode_slot
from arco.engine.lanes.roster import Registration, Roster
from arco.engine.lanes.slots import Slots, pause
from arco.engine.lanes.tables import FACTS, FOLDINGS, LANES
from arco.ids import new_ulid
from arco.model import State
from arco.store import keys
from arco.store.port import StoreFault


class Place(msgspec.Struct, frozen=True):
    """Where a batch stands, and how large it is there."""

    lane: str
    slot: int
    size_bytes: int
    number: int
    """The lane's registration."""


class LaneWriter:
    """The lane of this incarnation; a sealed one is followed by a new one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots = Slots(database.store, database.runtime)
        self._lane = ""
        self._number = 0
        self._next = 0

    async def append(self, lines: Sequence[bytes]) -> Place:
        """Where the batch stands, durable, in a lane that is registered.

        Raises: StoreFault when this process must stop writing. Cost: 1 PUT, and 1 GET to see that
        the lane is still read.
        """
        while True:
            lane = await self._opened()
            data = await self._encoded(lane, lines)
            if await self._occupy(lane, data) and await self._is_read(lane, self._next):
                self._next += 1
                return Place(lane, self._next - 1, len(data), self._number)
            # Somebody took this lane for dead and sealed it. The batch is nowhere that is read.
            self._lane = ""

    async def seal(self) -> None:
        """End the lane if there is one. Cost: 1 PUT."""
        if self._lane:
            lane, self._lane = self._lane, ""
            await occupy_with_seal(self._database, lane, slot=self._next)

    async def _opened(self) -> str:
        if not self._lane:
            database = self._database
            registration = Registration(
                lane=new_ulid(database.runtime),
                writer=database.writer,
                opened_at=database.runtime.now(),
            )
            start = await database.asked(known_roster)
            roster = Roster(database.store, database.runtime)
            self._number = await roster.register(registration, start=start)
            self._lane, self._next = registration.lane, 0
        return self._lane

    async def _is_read(self, lane: str, slot: int) -> bool:
        """True when the slot, which is ours, was folded or will be.

        A process that slept since before its lane was sealed, folded, collected and forgotten finds
        the seal's name, or its registration's, free again. The log knows better: it is read after
        the slot was won.
        """
        database = self._database
        await refreshed(database)

        def question(state: State) -> bool:
            row = state.get(LANES, lane)
            if row is None:
                return known_roster(state) <= self._number
            return not row.is_sealed or slot < row.next_slot - 1

        return await database.asked(question)

    async def _encoded(self, lane: str, lines: Sequence[bytes]) -> bytes:
        heading = heading_of(self._database, lane, slot=self._next)
        heading = msgspec.structs.replace(heading, count=len(lines))
        return await self._database.runtime.thread(encode_slot, heading, lines)

    async def _occupy(self, lane: str, data: bytes) -> bool:
        check = partial(decode_slot, lane=lane, slot=self._next)
        key = keys.lane_slot(lane, self._next)
        return await self._slots.occupy(key, data, check=check) is None


async def occupy_with_seal(database: Database, lane: str, *, slot: int) -> bool:
    """True: the lane ends at `slot`. False: a batch, or somebody else's seal, stands there.

    Raises: StoreFault when this process must stop writing. Cost: 1 PUT.
    """
    heading = msgspec.structs.replace(heading_of(database, lane, slot=slot), seal=True)
    data = await database.runtime.thread(encode_slot, heading, ())
    check = partial(decode_slot, lane=lane, slot=slot)
    slots = Slots(database.store, database.runtime)
    return await slots.occupy(keys.lane_slot(lane, slot), data, check=check) is None


async def refreshed(database: Database) -> None:
    """The newest slot is known, however often the store has to be asked.

    Raises: StoreFault when this process must stop writing.
    """
    tries = 0
    while True:
        try:
            await database.refresh()
            return
        except StoreFault as fault:
            if fault.fatal:
                raise
        await pause(database.runtime, tries)
        tries += 1


def heading_of(database: Database, lane: str, *, slot: int) -> Heading:
    """The heading of an attempt at this slot; no other attempt has the same."""
    return Heading(
        check="",
        lane=lane,
        slot=slot,
        cid=f"{database.runtime.entropy(128):032x}",
        writer=database.writer,
        written_at=database.runtime.now(),
        count=0,
    )


def known_roster(state: State) -> int:
    """The first registration that was not folded yet."""
    folding = state.get(FOLDINGS, FACTS)
    return folding.roster_next if folding else 0


__all__ = [
    "LaneWriter",
    "Place",
    "heading_of",
    "known_roster",
    "occupy_with_seal",
    "refreshed",
]
