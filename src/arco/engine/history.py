"""History: bringing a state into memory from snapshot files, or from slot 0 when they are damaged.

Law F6: snapshot and tail together are the fold of the whole log. Every file is checked against the
hash its index names before a row of it is used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import msgspec

from arco.engine import parquet
from arco.engine.commit import Commit, Position, SnapshotReference, decode_events
from arco.engine.fold import decode, fold
from arco.engine.index import File, Index, TableFiles, block_starts
from arco.engine.log import REREADS, Log, Slot
from arco.engine.registry import Registry, WireEvent
from arco.engine.tables import ColdRows, Overlay, Tables
from arco.errors import Corrupt
from arco.ids import sha256
from arco.model import Change, Event, Key, NotLoaded, Table
from arco.runtime import Runtime
from arco.store.port import Store

SLOTS_AT_ONCE = 16


class Replay:
    """Reads what a state is made of: payloads, indexes and snapshot files, each checked by hash."""

    def __init__(self, store: Store, runtime: Runtime, registry: Registry) -> None:
        self._store = store
        self._runtime = runtime
        self.registry = registry
        self.index: Index | None = None
        self.damage: Corrupt | None = None
        """Why the newest snapshot could not be used; the state was folded from slot 0 instead."""

    async def events(self, commit: Commit) -> Sequence[WireEvent]:
        """The commit's events, wherever they stand."""
        reference = commit.events_payload
        if reference is None:
            return commit.events
        return decode_events(await self.checked(reference.name, reference.sha256))

    async def read_index(self, reference: SnapshotReference) -> Index:
        """The index a snapshot reference names."""
        return msgspec.json.decode(
            await self.checked(reference.index, reference.sha256), type=Index
        )

    async def checked(self, name: str, digest: str) -> bytes:
        """The object's bytes.

        Raises: Corrupt when it is gone or its hash differs each time it is read.
        """
        for _ in range(REREADS):
            data = await self._store.get(name)
            if data is not None and sha256(data) == digest:
                return data
        what = "is gone" if data is None else "does not match its hash"
        raise Corrupt(
            "OBJECT_DAMAGED",
            f"{name} {what}",
            hint="nothing acknowledged is lost: the log rebuilds it; run `arco verify`",
            object=name,
        )

    async def load(self, tables: Tables, cold: NotLoaded) -> None:
        """Bring the rows that `cold` asked for into memory."""
        memory = tables.memory[cold.table.name]
        if memory.cold is None:
            return
        assert self.index is not None, "only a snapshot leaves cold rows"
        files = self.index.tables[cold.table.name]
        blocks = memory.cold.missing(cold.prefix)
        deltas = [] if memory.cold.deltas_loaded else await self.lines(cold.table, files.deltas)
        rows = await self._blocks(cold.table, files, blocks=blocks)
        if tables.memory[cold.table.name] is not memory or memory.cold is None:
            return
        memory.fill((line.key, line.row) for line in reversed(deltas))
        memory.cold.deltas_loaded = True
        memory.fill((cold.table.key_of(row), row) for row in rows)
        memory.settle(blocks)

    async def _blocks(
        self, table: Table[Any], files: TableFiles, *, blocks: list[int]
    ) -> list[Any]:
        found: list[Any] = []
        first = 0
        for file in files.base:
            groups = [b - first for b in blocks if first <= b < first + len(file.starts)]
            first += len(file.starts)
            if groups:
                read = partial(parquet.read_rows, table, await self._file(file))
                found += await self._runtime.thread(partial(read, groups=groups))
        return found

    async def rows(self, table: Table[Any], files: TableFiles) -> dict[Key, Any]:
        """Every row these files hold, newer runs over older ones."""
        rows: dict[Key, Any] = {}
        for file in files.base:
            read = partial(parquet.read_rows, table, await self._file(file))
            groups = range(len(file.starts))
            for row in await self._runtime.thread(partial(read, groups=groups)):
                rows[table.key_of(row)] = row
        for line in await self.lines(table, files.deltas):
            if line.row is None:
                rows.pop(line.key, None)
            else:
                rows[line.key] = line.row
        return rows

    async def lines(self, table: Table[Any], deltas: Sequence[File]) -> list[parquet.Changed]:
        """The lines of delta runs, oldest first."""
        lines: list[parquet.Changed] = []
        for file in deltas:
            data = await self._file(file)
            lines.extend(await self._runtime.thread(parquet.read_changed, table, data))
        return lines

    async def _file(self, file: File) -> bytes:
        return await self.checked(file.name, file.sha256)

    async def fold_onto(self, tables: Tables, *, after: int, until: int) -> None:
        """`tables`, the state at slot `after`, become the state at slot `until`.

        Raises: Corrupt SLOT_MISSING. Cost: one GET a slot, `SLOTS_AT_ONCE` at a time.
        """
        async for slot in self.slots(after + 1, until):
            known, _ = decode(self.registry, await self.events(slot.commit))
            tables.apply(await self.changes(tables, known), slot.commit.seq)

    async def slots(self, first: int, last: int) -> AsyncIterator[Slot]:
        """Every slot from `first` to `last`.

        Raises: Corrupt SLOT_MISSING. Cost: one GET a slot, `SLOTS_AT_ONCE` at a time.
        """
        log = Log(self._store, self._runtime)
        for start in range(first, last + 1, SLOTS_AT_ONCE):
            numbers = range(start, min(start + SLOTS_AT_ONCE, last + 1))
            for seq, slot in zip(
                numbers, await self._runtime.gather(map(log.read, numbers)), strict=True
            ):
                if slot is None:
                    hint = "run `arco verify`"
                    raise Corrupt("SLOT_MISSING", f"log slot {seq} is gone", hint=hint)
                yield slot

    async def changes(self, tables: Tables, events: Sequence[Event]) -> list[Change]:
        """What `events` change on top of `tables`, which gain the rows that reducers looked at."""
        while True:
            overlay = Overlay(tables)
            try:
                fold(self.registry, overlay, events=events)
                return overlay.changes
            except NotLoaded as cold:
                await self.load(tables, cold)


async def bootstrap(
    replay: Replay, tables: Tables, *, reference: SnapshotReference | None
) -> Position | None:
    """The position of the snapshot that `tables` now stand on, rows cold; None when there is none
    to use.
    """
    if reference is None:
        return None
    try:
        index = await replay.read_index(reference)
    except Corrupt as damage:
        replay.damage = damage
        return None
    replay.index = index
    for name, files in index.tables.items():
        memory = tables.memory.get(name)
        if memory is not None:
            memory.cold = ColdRows(block_starts(replay.registry.tables[name], files))
    return Position(index.slot, index.hash, index.committed_at)


__all__ = ["Replay", "bootstrap"]
