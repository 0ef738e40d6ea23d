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
from arco.engine.lanes.slots import Slots
from arco.engine.lanes.tables import FACTS, FOLDINGS
from arco.ids import new_ulid
from arco.model import State
from arco.store import keys


class Place(msgspec.Struct, frozen=True):
    """Where a batch stands, and how large it is there."""

    lane: str
    slot: int
    size_bytes: int


class LaneWriter:
    """The lane of this incarnation; a sealed one is followed by a new one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots = Slots(database.store, database.runtime)
        self._lane = ""
        self._next = 0

    async def append(self, lines: Sequence[bytes]) -> Place:
        """Where the batch stands, durable, in a lane that is registered.

        Raises: StoreFault when this process must stop writing. Cost: 1 PUT.
        """
        while True:
            lane = await self._opened()
            data = await self._encoded(lane, lines)
            if await self._occupy(lane, data):
                self._next += 1
                return Place(lane, self._next - 1, len(data))
            # Somebody took this lane for dead and sealed it. The batch is nowhere yet.
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
            await Roster(database.store, database.runtime).register(registration, start=start)
            self._lane, self._next = registration.lane, 0
        return self._lane

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


__all__ = ["LaneWriter", "Place", "heading_of", "known_roster", "occupy_with_seal"]
