"""Past states that were asked for lately, so that a page after page of one moment is built once.

Law L4: a past state never changes; whoever asks for the same slot gets the same one. Must not know
who asks.
"""

from __future__ import annotations

from collections import OrderedDict

from arco.engine.database import Database
from arco.engine.past import Past, state_at

KEPT_MAX = 4


class Pasts:
    """The past states of one database, the last few of them kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[int, Past] = OrderedDict()
        self._free = database.runtime.signal()
        self._free.set()

    async def at(self, slot: int) -> Past:
        """The state at a slot; one is built at a time.

        Cost: nothing when it was asked for lately, else that of `state_at`. Memory: the rows that
        were asked of the last four. Raises: NotFound SLOT_NOT_FOUND.
        """
        while slot not in self._kept and not self._free.is_set():
            await self._free.wait()
        if slot not in self._kept:
            await self._build(slot)
        self._kept.move_to_end(slot)
        return self._kept[slot]

    async def _build(self, slot: int) -> None:
        self._free.clear()
        try:
            self._kept[slot] = await state_at(self._database, slot)
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        finally:
            self._free.set()


__all__ = ["KEPT_MAX", "Pasts"]
