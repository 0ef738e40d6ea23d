"""Time travel: which slot a time means, what happened between two slots, and what differs.

Nothing here writes. Must not know any business word.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Literal

import msgspec

from arco.engine.database import Database
from arco.engine.log import Slot
from arco.engine.past import Past, refuse_unknown, state_at
from arco.engine.registry import WireEvent
from arco.errors import Invalid, NotFound
from arco.model import Key, Table

ChangeKind = Literal["added", "changed", "removed"]

WINDOW = 16
"""Slots that are looked at together when a time is searched for."""


class RowChange(msgspec.Struct, frozen=True, kw_only=True):
    """One row that is not the same at two slots."""

    table: Table[Any]
    key: Key
    before: msgspec.Struct | None
    after: msgspec.Struct | None

    @property
    def kind(self) -> ChangeKind:
        """`added`, `changed` or `removed`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


async def slot_at(database: Database, moment: datetime) -> int:
    """The newest slot that was committed at or before `moment`.

    Commit times go back only after a process whose clock was over five minutes ahead; the search
    looks at `WINDOW` slots at a time, so that a shorter stretch of its commits misleads nobody.
    Cost: log2(slots) round trips of `WINDOW` GETs. Raises: NotFound SLOT_NOT_FOUND when the log is
    younger.
    """
    low, high = -1, database.seq
    while low < high:
        middle = (low + high + 1) // 2
        slots = database.replay.slots(middle, min(middle + WINDOW, high + 1) - 1)
        early = [s.commit.seq async for s in slots if s.commit.committed_at <= moment]
        low, high = (early[-1], high) if early else (low, middle - 1)
    if low < 0:
        raise NotFound(
            "SLOT_NOT_FOUND",
            f"the log had not begun at {moment:%Y-%m-%d %H:%M:%SZ}",
            hint="`arco history` lists slots with their times",
        )
    return low


async def changes_between(database: Database, before: int, *, after: int) -> list[RowChange]:
    """Every row that differs between the states at two slots, by table and key.

    Memory: the rows that were written in between. Cost: the state at `before`, one GET a slot.
    Raises: Invalid SLOTS_REVERSED; NotFound SLOT_NOT_FOUND.
    """
    if after < before:
        raise Invalid(
            "SLOTS_REVERSED",
            f"slot {after} stands before slot {before}",
            hint="name the earlier slot or time first",
        )
    await refuse_unknown(database, after)
    start, end = await state_at(database, before), await state_at(database, before)
    written = await end.advance(after)
    found = []
    for (_, key), table in sorted(written.items(), key=lambda item: item[0]):
        row, now = await _row(start, table, key=key), await _row(end, table, key=key)
        if row != now:
            found.append(RowChange(table=table, key=key, before=row, after=now))
    return found


async def events_between(
    database: Database, first: int, *, last: int
) -> AsyncIterator[tuple[Slot, tuple[WireEvent, ...]]]:
    """Every slot from `first` to `last` with its events. Cost: one GET a slot."""
    async for slot in database.replay.slots(first, last):
        yield slot, tuple(await database.replay.events(slot.commit))


async def _row(past: Past, table: Table[Any], *, key: Key) -> msgspec.Struct | None:
    return await past.asked(lambda state: state.get(table, *key))


__all__ = [
    "WINDOW",
    "ChangeKind",
    "RowChange",
    "changes_between",
    "events_between",
    "slot_at",
]
