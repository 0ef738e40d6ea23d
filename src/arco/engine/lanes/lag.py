"""How far behind folding is: the age of the oldest batch that no fold has consumed.

What cannot be known is reported as unknown, never as zero. Must not know what any fact means.
"""

from __future__ import annotations

from functools import partial

import msgspec

from arco.engine.database import Database
from arco.engine.lanes.batches import decode_slot
from arco.engine.lanes.gathering import watermarks
from arco.engine.lanes.roster import Roster
from arco.engine.lanes.slots import Slots
from arco.errors import ArcoError
from arco.store import keys

LANES_PROBED_MAX = 64


class Lag(msgspec.Struct, frozen=True):
    """`seconds` is None when it is not known."""

    seconds: float | None
    open_lanes: int


async def facts_lag(database: Database) -> Lag:
    """The lag at this moment, by the clocks of those who wrote and of this process.

    Cost: 1 GET for the roster, 1 for each open lane; unknown beyond 64 of them.
    """
    marks = await database.asked(watermarks)
    try:
        opened = await Roster(database.store, database.runtime).after(marks.roster_next)
        known = dict(marks.lanes)
        lanes = {**{each.lane: 0 for each in opened}, **known}
        if len(lanes) > LANES_PROBED_MAX:
            return Lag(None, len(lanes))
        ages = await database.runtime.gather(
            _age_seconds(database, lane, slot=slot) for lane, slot in lanes.items()
        )
    except ArcoError:
        return Lag(None, len(marks.lanes))
    return Lag(max([0.0, *ages]), len(lanes))


async def _age_seconds(database: Database, lane: str, *, slot: int) -> float:
    """How long the next batch of the lane has waited; 0 when there is none."""
    decode = partial(decode_slot, lane=lane, slot=slot)
    slots = Slots(database.store, database.runtime)
    found = await slots.read(keys.lane_slot(lane, slot), decode=decode)
    if found is None or found.heading.seal:
        return 0.0
    return max(0.0, (database.runtime.now() - found.heading.written_at).total_seconds())


__all__ = ["Lag", "facts_lag"]
