"""What every slot changed, slot by slot, for readers that follow: each finds the slots it asks for
already worked out when another follows, too.

Law F4: the changes of a slot are the same whenever and wherever they are asked for. Must not know
who follows.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from arco.engine.database import EPOCH, Database
from arco.engine.past import Past, Stepped, state_at
from arco.engine.travel import RowChange
from arco.model import Key, State, Table

SLOTS_KEPT_MAX = 256
CURSORS_MAX = 4
STEPS_MAX = 4096
"""A state that was moved on so often is made again from a newer snapshot."""


class SlotChanges(msgspec.Struct, frozen=True):
    """The rows that one slot changed, by table and key."""

    seq: int
    committed_at: datetime
    changes: tuple[RowChange, ...]


class _Cursor:
    """A state that moves through the log, and where it began."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self.began = past.seq


class Feed:
    """The changes of one database's slots; the last few are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[int, SlotChanges] = OrderedDict()
        self._cursors: list[_Cursor] = []
        self._free = database.runtime.signal()
        self._free.set()

    async def at(self, seq: int) -> SlotChanges:
        """What a slot that stands changed; tables that are not public are left out.

        Cost: nothing when somebody asked lately; one GET when somebody asked for the slot before;
        else that of `state_at`.
        """
        while seq not in self._kept and not self._free.is_set():
            await self._free.wait()
        found = self._kept.get(seq)
        return found if found is not None else await self._worked_out(seq)

    async def _worked_out(self, seq: int) -> SlotChanges:
        self._free.clear()
        try:
            found = await (self._stepped(seq) if seq else self._first())
            self._kept[seq] = found
            if len(self._kept) > SLOTS_KEPT_MAX:
                self._kept.popitem(last=False)
            return found
        finally:
            self._free.set()

    async def _stepped(self, seq: int) -> SlotChanges:
        cursor = next((each for each in self._cursors if each.past.seq == seq - 1), None)
        if cursor is not None:
            # Away while it moves: one that fails on the way is not used again.
            self._cursors.remove(cursor)
        if cursor is None or seq - cursor.began > STEPS_MAX:
            cursor = _Cursor(await state_at(self._database, seq - 1))
        changes = await _changes(cursor.past, await cursor.past.step())
        self._cursors = [*self._cursors, cursor][-CURSORS_MAX:]
        return SlotChanges(seq, cursor.past.position.committed_at, changes)

    async def _first(self) -> SlotChanges:
        """Slot 0 begins the log: it changes nothing that anybody may read."""
        past = await state_at(self._database, 0)
        return SlotChanges(0, past.position.committed_at or EPOCH, ())


async def _changes(past: Past, stepped: Stepped) -> tuple[RowChange, ...]:
    found = []
    for (_, key), (table, before) in sorted(stepped.items(), key=lambda item: item[0]):
        if not table.public:
            continue
        after = await past.asked(partial(_row, table=table, key=key))
        if after != before:
            found.append(RowChange(table=table, key=key, before=before, after=after))
    return tuple(found)


def _row(state: State, table: Table[Any], *, key: Key) -> msgspec.Struct | None:
    return state.get(table, *key)


__all__ = ["SLOTS_KEPT_MAX", "Feed", "SlotChanges"]
