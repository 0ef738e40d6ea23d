"""Gathering: what stands in roster and lanes beyond the watermarks, read in parallel.

Law L8: positions say what to ask for, nothing is listed. Law L6: what was read is made durable
before it is folded. Must not know what any fact means.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import takewhile, zip_longest

import msgspec

from arco.engine.database import Database
from arco.engine.lanes.batches import LaneSlot, decode_slot
from arco.engine.lanes.events import LaneOpened
from arco.engine.lanes.folding import FOLD_FACTS_MAX, Gathered
from arco.engine.lanes.lane import known_roster
from arco.engine.lanes.reading import ReadSlot, read_slot
from arco.engine.lanes.roster import Roster
from arco.engine.lanes.slots import Slots
from arco.engine.lanes.tables import LANES, OPEN_LANES
from arco.errors import Corrupt
from arco.model import State
from arco.store import keys

WINDOWS = (1, 4, 8)
LANE_SLOTS_MAX = 13
"""Slots of one lane that one look reads; the windows add up to it."""


class Watermarks(msgspec.Struct, frozen=True):
    """Where reading goes on."""

    roster_next: int
    lanes: tuple[tuple[str, int], ...]
    """Open lanes and their next slots."""


class Gatherer:
    """Reads for one process; remembers which lanes are damaged."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots = Slots(database.store, database.runtime)
        self._roster = Roster(database.store, database.runtime)
        self.damaged: dict[str, Corrupt] = {}
        """Lanes that cannot be read on, and why; the others go on."""
        self._ahead: dict[tuple[str, int], LaneSlot] = {}
        """Slots that were read and are more than the last fold took. Slots never change."""

    async def gather(self) -> Gathered:
        """Everything new, up to about `FOLD_FACTS_MAX` facts.

        Raises: StoreFault, and Corrupt for the roster. Cost: a GET for the roster and one for each
        open lane; windows of 4 and 8 for a lane that is behind.
        """
        marks = await self._database.asked(watermarks)
        registrations = await self._roster.after(marks.roster_next)
        opened = tuple(LaneOpened(each.lane, each.writer, each.opened_at) for each in registrations)
        known = {lane for lane, _ in marks.lanes}
        fresh = [(each.lane, 0) for each in opened if each.lane not in known]
        positions = [*marks.lanes, *dict.fromkeys(fresh)]
        read = await self._database.runtime.gather(
            self._read_lane(lane, first) for lane, first in positions
        )
        found = turn_by_turn(read)
        slots = await self._decoded(found)
        rest = found[len(slots) :]
        self._ahead = {(slot.heading.lane, slot.heading.slot): slot for slot in rest}
        cut_short = any(len(lane) >= LANE_SLOTS_MAX or _is_enough(lane) for lane in read)
        return Gathered(
            roster_first=marks.roster_next,
            opened=opened,
            slots=slots,
            oldest_at=min((each.heading.written_at for each in found), default=None),
            waiting=None if cut_short or self.damaged else len(rest),
        )

    async def _decoded(self, slots: Sequence[LaneSlot]) -> tuple[ReadSlot, ...]:
        """As many slots as one fold should take, their facts decoded, away from the loop."""
        found: list[ReadSlot] = []
        count = 0
        for slot in slots:
            count += len(slot.facts)
            if found and count > FOLD_FACTS_MAX:
                break
            read = partial(read_slot, self._database.registry, slot)
            found.append(await self._database.runtime.thread(read))
        return tuple(found)

    async def _read_lane(self, lane: str, first: int) -> list[LaneSlot]:
        found: list[LaneSlot] = []
        self.damaged.pop(lane, None)
        try:
            for width in WINDOWS:
                start = first + len(found)
                window = await self._database.runtime.gather(
                    self._read(lane, start + i) for i in range(width)
                )
                there = [slot for slot in takewhile(bool, window) if slot is not None]
                found += there
                if len(there) < width or found[-1].heading.seal or _is_enough(found):
                    break
        except Corrupt as damage:
            # What was read before the damage is whole: it goes on, the lane stops here.
            self.damaged[lane] = damage
        finally:
            if found:
                await self._database.store.confirm(keys.lane_slot(lane, found[-1].heading.slot))
        return found

    async def _read(self, lane: str, slot: int) -> LaneSlot | None:
        known = self._ahead.get((lane, slot))
        if known is not None:
            return known
        decode = partial(decode_slot, lane=lane, slot=slot)
        return await self._slots.read(keys.lane_slot(lane, slot), decode=decode)


def turn_by_turn(lanes: Sequence[Sequence[LaneSlot]]) -> list[LaneSlot]:
    """The first slot of every lane, then the second: a busy lane keeps no other waiting."""
    turns = zip_longest(*lanes)
    return [slot for turn in turns for slot in turn if slot is not None]


def _is_enough(slots: Sequence[LaneSlot]) -> bool:
    return sum(len(slot.facts) for slot in slots) >= FOLD_FACTS_MAX


def watermarks(state: State) -> Watermarks:
    """Where reading goes on, by the state."""
    positions = []
    for row in state.range(OPEN_LANES):
        lane = state.get(LANES, row.lane)
        assert lane is not None
        positions.append((lane.lane, lane.next_slot))
    return Watermarks(known_roster(state), tuple(positions))


__all__ = ["Gatherer", "Watermarks", "turn_by_turn", "watermarks"]
