"""Folding again: what a fold commit says it consumed must make the rows it says came of it.

For verifying: nothing here writes. Must not know what any fact means.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import msgspec

from arco.engine.lanes.batches import Fact, LaneSlot, decode_slot
from arco.engine.lanes.events import FactsFolded, rows_of
from arco.engine.lanes.folding import Gathered, Retry, fold_facts
from arco.engine.lanes.reading import Read, ReadSlot, read_facts
from arco.engine.lanes.slots import Slots
from arco.engine.lanes.tables import FACTS, FOLDINGS, QUARANTINE
from arco.engine.registry import Registry
from arco.errors import Corrupt
from arco.model import State
from arco.store import keys


class Refolder:
    """Reads lanes again and folds them again."""

    def __init__(self, slots: Slots, registry: Registry) -> None:
        self._slots = slots
        self._registry = registry

    async def refold(self, state: State, folded: FactsFolded) -> FactsFolded | None:
        """What folding the same facts onto `state`, the state before the commit, makes today.

        What went to quarantine then goes there again, though this release might know it. Raises:
        Corrupt when a lane's slot is damaged or, LANE_SLOT_MISSING, gone.
        """
        before = state.get(FOLDINGS, FACTS)
        gathered = Gathered(
            roster_first=before.roster_next if before else 0,
            opened=folded.opened,
            slots=tuple([slot async for slot in self._consumed(folded)]),
            retries=tuple([retry async for retry in self._retried(folded)]),
        )
        return fold_facts(self._registry, state, gathered=gathered, now=folded.folded_at)

    async def _consumed(self, folded: FactsFolded) -> AsyncIterator[ReadSlot]:
        refused = refusals(folded)
        for part in folded.ranges:
            for number in range(part.first, part.next):
                slot = await self._read(part.lane, number)
                reads = read_facts(self._registry, slot.facts)
                judged = tuple(
                    refused.get((part.lane, number, position), read)
                    for position, read in enumerate(reads)
                )
                yield ReadSlot(part.lane, number, judged, slot.heading.seal)

    async def _retried(self, folded: FactsFolded) -> AsyncIterator[Retry]:
        refused = refusals(folded)
        for lane, number, position in folded.retried:
            slot = await self._read(lane, number)
            (read,) = read_facts(self._registry, slot.facts[position : position + 1])
            judged = refused.get((lane, number, position), read)
            yield Retry(lane, number, position, judged)

    async def _read(self, lane: str, number: int) -> LaneSlot:
        decode = partial(decode_slot, lane=lane, slot=number)
        slot = await self._slots.read(keys.lane_slot(lane, number), decode=decode)
        if slot is None:
            raise Corrupt(
                "LANE_SLOT_MISSING",
                f"slot {number} of lane {lane} is gone",
                hint="its facts are folded: restore that object from a backup to prove it",
                lane=lane,
                slot=number,
            )
        return slot


def refusals(folded: FactsFolded) -> dict[tuple[str, int, int], Read]:
    """Place -> what was said of the fact there, of those that the fold put into quarantine."""
    found: dict[tuple[str, int, int], Read] = {}
    changes = [each for each in folded.changes if each.table == QUARANTINE.name]
    for row in [row for each in changes for row in rows_of(QUARANTINE, each)]:
        fact = Fact(type=row.fact_type, version=row.version, payload=msgspec.Raw(b"null"))
        found[row.lane, row.slot, row.position] = Read(fact, None, row.code, row.reason)
    return found


__all__ = ["Refolder", "refusals"]
