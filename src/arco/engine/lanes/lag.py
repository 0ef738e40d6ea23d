"""How far behind folding is: how old the oldest batch is that no fold has consumed, and how many
there are.

What cannot be known is reported as unknown, never as zero. Must not know what any fact means.
"""

from __future__ import annotations

from functools import partial

import msgspec

from arco.engine.database import Database
from arco.engine.lanes.batches import decode_slot
from arco.engine.lanes.gathering import watermarks
from arco.engine.lanes.roster import READ_AT_ONCE_MAX, Roster
from arco.engine.lanes.slots import Slots
from arco.errors import ArcoError
from arco.store import keys

LANES_PROBED_MAX = 64
MEASURED_SECONDS = 1.0
"""So long a measurement is told again."""
ANSWER_SECONDS_MAX = 1.0
"""Whoever asks while the store is slower than this hears that nothing is known."""


class Lag(msgspec.Struct, frozen=True):
    """What is None is not known."""

    seconds: float | None
    open_lanes: int | None
    waiting_batches: int | None


UNKNOWN = Lag(None, None, None)


async def facts_lag(database: Database) -> Lag:
    """The lag at this moment, by the clocks of those who wrote and of this process.

    Cost: 1 GET for the roster, 1 for each open lane, and 2 log2(n) for one with n batches waiting;
    unknown beyond 64 lanes.
    """
    marks = await database.asked(watermarks)
    try:
        opened = await Roster(database.store, database.runtime).after(marks.roster_next)
        if len(opened) >= READ_AT_ONCE_MAX:
            return UNKNOWN
        lanes = {**{each.lane: 0 for each in opened}, **dict(marks.lanes)}
        if len(lanes) > LANES_PROBED_MAX:
            return Lag(None, len(lanes), None)
        waits = await database.runtime.gather(
            _waiting(database, lane, slot=slot) for lane, slot in lanes.items()
        )
    except ArcoError:
        return Lag(None, len(marks.lanes), None)
    oldest_seconds = max([0.0, *(age for age, _ in waits)])
    return Lag(oldest_seconds, len(lanes), sum(depth for _, depth in waits))


async def _waiting(database: Database, lane: str, *, slot: int) -> tuple[float, int]:
    """How long the next batch of the lane has waited, and how many objects stand from it on."""
    decode = partial(decode_slot, lane=lane, slot=slot)
    slots = Slots(database.store, database.runtime)
    found = await slots.read(keys.lane_slot(lane, slot), decode=decode)
    if found is None or found.heading.seal:
        return 0.0, 0
    age = (database.runtime.now() - found.heading.written_at).total_seconds()
    return max(0.0, age), await _depth(database, lane, slot=slot)


async def _depth(database: Database, lane: str, *, slot: int) -> int:
    """How many slots stand from this one on, which does: a lane has no gaps."""
    low, step = slot, 1
    while await _exists(database, lane, slot=low + step):
        low, step = low + step, 2 * step
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        if await _exists(database, lane, slot=middle):
            low = middle
        else:
            high = middle
    return low - slot + 1


async def _exists(database: Database, lane: str, *, slot: int) -> bool:
    return await database.store.get(keys.lane_slot(lane, slot), start=0, end=1) is not None


class LagMeter:
    """The lag for whoever asks often: measured at most once a second, for all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runtime = database.runtime
        self._lag = UNKNOWN
        self._measured: float | None = None
        self._answered = database.runtime.signal()
        self._asking = False

    async def lag(self) -> Lag:
        """The lag, a second old at most; unknown when the store takes longer than a second."""
        now = self._runtime.monotonic()
        if self._measured is not None and now - self._measured < MEASURED_SECONDS:
            return self._lag
        if not self._asking:
            self._asking = True
            self._answered.clear()
            self._runtime.spawn(self._measure(), "arco-lag")
        return self._lag if await self._answered.wait(ANSWER_SECONDS_MAX) else UNKNOWN

    async def _measure(self) -> None:
        self._lag = UNKNOWN
        try:
            self._lag = await facts_lag(self._database)
            self._measured = self._runtime.monotonic()
        finally:
            self._asking = False
            self._answered.set()


__all__ = ["UNKNOWN", "Lag", "LagMeter", "facts_lag"]
