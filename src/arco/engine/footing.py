"""Footing: the snapshot whose files hold the rows that are not in memory, and another one where
those files are damaged or gone.

Laws L4 and L6: a row is what the fold of the log says, whichever files it was read from. Must not
know how a slot is written.
"""

from __future__ import annotations

from collections.abc import Callable

from arco.engine.commit import SnapshotReference
from arco.engine.history import Replay, bring_up
from arco.engine.log import Log
from arco.engine.tables import Tables
from arco.errors import Corrupt
from arco.model import NotLoaded


class Footing:
    """Brings rows of one state into memory, from the files it stands on or from the log."""

    def __init__(
        self, log: Log, tables: Tables, replay: Replay, *, head: Callable[[], int]
    ) -> None:
        self._log = log
        self._tables = tables
        self._replay = replay
        self._head = head

    async def load(self, cold: NotLoaded) -> None:
        """The rows that `cold` asked for are in memory."""
        try:
            await self._replay.load(self._tables, cold)
        except Corrupt as damage:
            if cold.table.name not in self._tables.memory:
                raise
            await self._recover(damage)

    async def rebuild(self, damage: Corrupt) -> None:
        """All rows are in memory, folded from slot 0 where a snapshot file is damaged; the next
        snapshot is built from nothing but them.
        """
        await self._stand_on(None)
        self._replay.damage = damage

    async def refold(self) -> None:
        """All rows are in memory, folded from slot 0, whatever snapshots say."""
        tables = self._tables.empty()
        await bring_up(self._replay.again(), tables, reference=None, head=self._head)
        self._tables.memory, self._replay.index = tables.memory, None

    async def _recover(self, damage: Corrupt) -> None:
        """Cold rows stand in a newer snapshot now: files of the one they stood in are collected
        once newer ones have been there for long enough. Without a newer one it is damage.
        """
        slot = await self._log.read(await self._log.head())
        newest, index = slot.commit.snapshot if slot else None, self._replay.index
        if newest is None or (index is not None and newest.slot <= index.slot):
            await self.rebuild(damage)
        elif newest.slot <= self._head():
            try:
                await self._stand_on(newest)
            except Corrupt as found:
                await self.rebuild(found)
        else:
            await self._stand_on(None)

    async def _stand_on(self, reference: SnapshotReference | None) -> None:
        """Rows are those of a snapshot and the slots after it, or of all slots from 0."""
        fresh, tables = self._replay.again(), self._tables.empty()
        await bring_up(fresh, tables, reference=reference, head=self._head)
        if self._tables.is_cold:
            self._tables.memory, self._replay.index = tables.memory, fresh.index


__all__ = ["Footing"]
