"""A past state: the rows at one slot, from a snapshot that is kept and the log after it.

Law F6: any kept snapshot at or before the slot gives the same rows, and so does the log alone.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from arco.engine.commit import GENESIS_PREV, Position, SnapshotReference
from arco.engine.database import EPOCH, Database
from arco.engine.fold import decode
from arco.engine.history import Answer, Question, Replay, answer, bootstrap
from arco.engine.log import Slot
from arco.engine.snapshot_files import kept_snapshots
from arco.engine.tables import Tables
from arco.engine.tokens import StateToken
from arco.errors import Corrupt, NotFound
from arco.model import Change, Key, NotLoaded, Put, State, Table

Written = dict[tuple[str, Key], Table[Any]]
"""(Table name, key) -> the table: what was written."""

Stepped = dict[tuple[str, Key], tuple[Table[Any], msgspec.Struct | None]]
"""(Table name, key) -> the table, and the row before; None: there was none."""

SNAPSHOTS_TRIED_MAX = 8


class Past:
    """The state at one slot: what a `Database` answers, without its future."""

    def __init__(self, replay: Replay, tables: Tables, position: Position) -> None:
        self.replay = replay
        self.tables = tables
        self.position = position
        self.snapshot: SnapshotReference | None = None
        """Where folding began; None: at slot 0."""

    @property
    def seq(self) -> int:
        """The slot this state stands at."""
        return self.position.seq

    @property
    def token(self) -> StateToken:
        """What names this state."""
        return StateToken(self.position.seq, self.position.hash)

    async def asked(self, question: Question[Answer]) -> Answer:
        """The answer of `question`, asked until every row it needs is in memory."""
        return await answer(question, self.tables, load=self._load)

    async def advance(self, until: int) -> Written:
        """The state moves on to slot `until`; the answer is every key that was written on the way.

        Cost: one GET a slot.
        """
        written: Written = {}
        async for slot in self.replay.slots(self.seq + 1, until):
            for change in await self._fold(slot):
                written[change.table.name, _key(change)] = change.table
        return written

    async def step(self) -> Stepped:
        """The state moves on by one slot, which has to stand; every key that was written, with the
        row that stood there before.

        Cost: one GET, and the rows that are looked at.
        """
        before: Stepped = {}
        async for slot in self.replay.slots(self.seq + 1, self.seq + 1):
            changes = await self._changes(slot)
            for change in changes:
                table, key = change.table, _key(change)
                if (table.name, key) not in before:
                    row = await self.asked(partial(_row, table=table, key=key))
                    before[table.name, key] = (table, row)
            self._apply(slot, changes)
        return before

    async def _fold(self, slot: Slot) -> list[Change]:
        changes = await self._changes(slot)
        self._apply(slot, changes)
        return changes

    async def _changes(self, slot: Slot) -> list[Change]:
        known, _ = decode(self.replay.registry, await self.replay.events(slot.commit))
        try:
            return await self.replay.changes(self.tables, known)
        except Corrupt:
            await self._refold()
            return await self.replay.changes(self.tables, known)

    def _apply(self, slot: Slot, changes: list[Change]) -> None:
        self.tables.apply(changes, slot.commit.seq)
        self.position = Position(slot.commit.seq, slot.hash, slot.commit.committed_at)

    async def _load(self, cold: NotLoaded) -> None:
        try:
            await self.replay.load(self.tables, cold)
        except Corrupt:
            if cold.table.name not in self.tables.memory:
                raise
            await self._refold()

    async def _refold(self) -> None:
        """The snapshot of then was collected or damaged since; the log still has everything."""
        tables = self.tables.empty()
        await self.replay.fold_onto(tables, after=-1, until=self.seq)
        self.tables.memory, self.snapshot = tables.memory, None


async def state_at(database: Database, slot: int) -> Past:
    """The state at `slot`.

    It stands on the newest kept snapshot at or before the slot, else on slot 0: below the floor
    snapshots are gone, the log never is. Memory: the rows that are asked for and those that the
    commits after the snapshot look at. Cost: an index and one GET a commit after the snapshot.
    Raises: NotFound SLOT_NOT_FOUND.
    """
    await refuse_unknown(database, slot)
    kept = await database.asked(kept_snapshots)
    before = sorted((each for each in kept if each.slot <= slot), key=_slot, reverse=True)
    for reference in before[:SNAPSHOTS_TRIED_MAX]:
        replay, tables = _nothing(database)
        start = await bootstrap(replay, tables, reference=reference)
        if start is not None:
            past = Past(replay, tables, start)
            past.snapshot = reference
            return await _advanced(past, slot)
    return await _advanced(Past(*_nothing(database), Position(-1, GENESIS_PREV, EPOCH)), slot)


async def refuse_unknown(database: Database, slot: int) -> None:
    """Nothing, when `slot` stands. Cost: what `refresh` costs, for a slot that is not known yet.

    Raises: NotFound SLOT_NOT_FOUND.
    """
    if slot > database.seq:
        await database.refresh()
    if not 0 <= slot <= database.seq:
        raise NotFound(
            "SLOT_NOT_FOUND",
            f"there is no slot {slot}; the newest is {database.seq}",
            hint="`arco history` lists slots with their times",
        )


def _row(state: State, table: Table[Any], *, key: Key) -> msgspec.Struct | None:
    return state.get(table, *key)


def _slot(reference: SnapshotReference) -> int:
    return reference.slot


def _nothing(database: Database) -> tuple[Replay, Tables]:
    replay = Replay(database.store, database.runtime, database.registry)
    return replay, database.tables.empty()


async def _advanced(past: Past, slot: int) -> Past:
    await past.advance(slot)
    return past


def _key(change: Change) -> Key:
    return change.table.key_of(change.row) if isinstance(change, Put) else change.key


__all__ = ["Past", "Stepped", "Written", "refuse_unknown", "state_at"]
