"""Time travel: the state as it was at any slot, which slot a time means, and what differs.

Law F6 backwards: an old snapshot and the commits after it are the state of then. Nothing here
writes. Must not know any business word.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from arco.engine.commit import GENESIS_PREV, Position
from arco.engine.database import EPOCH, Database
from arco.engine.fold import decode
from arco.engine.history import Replay, bootstrap
from arco.engine.log import Slot
from arco.engine.registry import WireEvent
from arco.engine.tables import Tables
from arco.errors import Corrupt, Invalid, NotFound
from arco.model import Change, Key, NotLoaded, Put, State, Table

Answer = TypeVar("Answer")
ChangeKind = Literal["added", "changed", "removed"]

SNAPSHOTS_TRIED_MAX = 8
WINDOW = 16
"""Slots that are looked at together when a time is searched for."""


class Past:
    """The state at one slot: what a `Database` answers, without its future."""

    def __init__(self, replay: Replay, tables: Tables, position: Position) -> None:
        self._replay = replay
        self._tables = tables
        self.position = position

    @property
    def seq(self) -> int:
        """The slot this state stands at."""
        return self.position.seq

    async def asked(self, question: Callable[[State], Answer]) -> Answer:
        """The answer of `question`, asked until every row it needs is in memory."""
        while True:
            try:
                return question(self._tables)
            except NotLoaded as cold:
                await self._load(cold)

    async def advance(self, until: int) -> dict[tuple[str, Key], Table[Any]]:
        """The state moves on to slot `until`; the answer is every key that was written on the way.

        Cost: one GET a slot.
        """
        written: dict[tuple[str, Key], Table[Any]] = {}
        async for slot in self._replay.slots(self.seq + 1, until):
            for change in await self._fold(slot):
                written[change.table.name, _key(change)] = change.table
        return written

    async def _fold(self, slot: Slot) -> list[Change]:
        known, _ = decode(self._replay.registry, await self._replay.events(slot.commit))
        try:
            changes = await self._replay.changes(self._tables, known)
        except Corrupt:
            await self._refold()
            changes = await self._replay.changes(self._tables, known)
        self._tables.apply(changes, slot.commit.seq)
        self.position = Position(slot.commit.seq, slot.hash, slot.commit.committed_at)
        return changes

    async def _load(self, cold: NotLoaded) -> None:
        try:
            await self._replay.load(self._tables, cold)
        except Corrupt:
            await self._refold()

    async def _refold(self) -> None:
        """The snapshot of then was collected or damaged since; the log still has everything."""
        tables = Tables(self._replay.registry.tables.values())
        await self._replay.fold_onto(tables, after=-1, until=self.seq)
        self._tables.memory = tables.memory


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


async def state_at(database: Database, slot: int) -> Past:
    """The state at `slot`.

    It stands on the newest snapshot at or before the slot whose index is still there, else on slot
    0. Memory: the rows that are asked for and those that the commits after the snapshot look at.
    Cost: the slot, an index, one GET a commit after the snapshot; from slot 0, one GET a slot.
    Raises: NotFound SLOT_NOT_FOUND.
    """
    reference = (await _slot(database, slot)).commit.snapshot
    for _ in range(SNAPSHOTS_TRIED_MAX):
        if reference is None:
            break
        replay, tables = _nothing(database)
        start = await bootstrap(replay, tables, reference=reference)
        if start is not None:
            return await _advanced(Past(replay, tables, start), slot)
        reference = (await _slot(database, reference.slot)).commit.snapshot
    replay, tables = _nothing(database)
    return await _advanced(Past(replay, tables, Position(-1, GENESIS_PREV, EPOCH)), slot)


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
        window = range(middle, min(middle + WINDOW, high + 1))
        slots = await database.runtime.gather(_slot(database, seq) for seq in window)
        early = [slot.commit.seq for slot in slots if slot.commit.committed_at <= moment]
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
    await _slot(database, after)
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


async def _slot(database: Database, seq: int) -> Slot:
    slot = await database.log.read(seq) if 0 <= seq <= database.seq else None
    if slot is None:
        raise NotFound(
            "SLOT_NOT_FOUND",
            f"there is no slot {seq}; the newest is {database.seq}",
            hint="`arco history` lists slots with their times",
        )
    return slot


def _nothing(database: Database) -> tuple[Replay, Tables]:
    replay = Replay(database.store, database.runtime, database.registry)
    return replay, Tables(database.registry.tables.values())


async def _advanced(past: Past, slot: int) -> Past:
    await past.advance(slot)
    return past


def _key(change: Change) -> Key:
    return change.table.key_of(change.row) if isinstance(change, Put) else change.key


__all__ = [
    "WINDOW",
    "ChangeKind",
    "Past",
    "RowChange",
    "changes_between",
    "events_between",
    "slot_at",
    "state_at",
]
