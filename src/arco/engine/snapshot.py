"""Publishing snapshots: the changed rows become delta runs, runs become larger runs, and at last
the base.

A published index names the one it was built on; if another came between, it is built again, never
rebased. Law F7: a process that met an unknown event publishes nothing. Law F6: nothing is published
but folded rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from arco.engine import parquet
from arco.engine.commit import Position, SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import NEWEST, SNAPSHOTS, Snapshot
from arco.engine.events import SnapshotPublishedV2
from arco.engine.garbage import first_condemned
from arco.engine.index import File, Index, TableFiles, file_names, merge_due, rebase_due
from arco.engine.parquet import Changed
from arco.errors import Corrupt
from arco.ids import sha256
from arco.model import Event, Key, State, Table
from arco.store import keys

TAIL_COMMITS_MAX = 64
TAIL_BYTES_MAX = 1024 * 1024
REBUILDS_MAX = 5

Changes = Mapping[str, Sequence[Changed]]


def is_due(database: Database, *, age_seconds_max: float) -> bool:
    """True when the tail is long, large or old enough to be worth a snapshot, or the newest one is
    damaged.
    """
    if database.replay.damage is not None:
        return True
    tail = database.tail
    if tail.commits == 0:
        return False
    age = database.runtime.monotonic() - tail.since_seconds
    too_long = tail.commits >= TAIL_COMMITS_MAX or tail.size_bytes >= TAIL_BYTES_MAX
    return too_long or age >= age_seconds_max


async def publish(database: Database) -> bool:
    """True when a snapshot of the present state was published; False when another process did it
    first.

    Cost: one PUT per changed table, one for the index, one commit.
    """
    if database.unknown is not None:
        return False
    newest = await database.asked(_newest)
    try:
        written = await _written(database)
    except Corrupt as found:
        await database.refresh()
        if await database.asked(_newest) != newest:
            # Another process published; what we were building on may be collected by now.
            return False
        # What the new files would be laid over cannot be read: they are built from the rows alone.
        await database.rebuild(found)
        written = await _written(database)
    receipt = await database.transact(lambda state, now: still_publishable(state, written))
    if receipt.events and database.replay.damage is written.damage:
        database.replay.damage = None
    return bool(receipt.events)


async def rebuild(database: Database) -> bool:
    """True when a snapshot stands that was made from the log alone, whatever the last one said.

    Memory: all rows. Cost: one GET a slot, then what `publish` costs.
    """
    await database.refold()
    database.replay.damage = Corrupt(
        "SNAPSHOT_DISTRUSTED", "the snapshot was given up", hint="it is made again from the log"
    )
    for _ in range(REBUILDS_MAX):
        # False: another process published meanwhile; its snapshot is replaced as well.
        if await publish(database):
            return True
    return False


class Written(msgspec.Struct, frozen=True, eq=False):
    """A snapshot whose files stand, and which nobody knows of yet."""

    published: SnapshotPublishedV2
    names: tuple[str, ...]
    """Its index and every file it is made of."""
    damage: Corrupt | None
    """What it mends."""


async def _written(database: Database) -> Written:
    """What would publish the present state."""
    await database.asked(_newest)
    position, damage = database.position, database.replay.damage
    newest = database.state.get(SNAPSHOTS, NEWEST)
    changes = changed_rows(database)
    before = await _index_before(database, newest)
    attempt = Attempt(database, position, f"{database.runtime.entropy(64):016x}")
    index = await attempt.write(before, changes)
    data = msgspec.json.encode(index, order="sorted")
    name = keys.data_folder("engine", position.seq, attempt.cid) + "index.json"
    await database.store.create(name, data)
    published = SnapshotPublishedV2(
        slot=position.seq,
        index=name,
        sha256=sha256(data),
        published_at=database.runtime.now(),
        built_on=newest.index if newest else "",
    )
    return Written(published, (name, *file_names(index)), damage)


def changed_rows(database: Database) -> dict[str, list[Changed]]:
    """Per table the keys that changed since the newest snapshot; every row when that one is
    damaged.
    """
    everything = database.replay.damage is not None
    changes: dict[str, list[Changed]] = {}
    for name, memory in database.tables.memory.items():
        seqs: Mapping[Key, int] = memory.changed
        if everything:
            seqs = dict.fromkeys(memory.rows, database.seq)
        if seqs:
            changes[name] = [Changed(k, memory.rows.get(k), seqs[k]) for k in sorted(seqs)]
    return changes


def still_publishable(state: State, written: Written) -> list[Event]:
    """The event, unless another snapshot came between or one of the files is condemned: then the
    snapshot is built again, under new names.
    """
    newest = _newest(state)
    if (newest.index if newest else "") != written.published.built_on:
        return []
    if first_condemned(state, written.names) is not None:
        return []
    return [Event(written.published)]


def _newest(state: State) -> Snapshot | None:
    return state.get(SNAPSHOTS, NEWEST)


async def _index_before(database: Database, newest: Snapshot | None) -> Mapping[str, TableFiles]:
    if newest is None or database.replay.damage is not None:
        return {}
    reference = SnapshotReference(newest.slot, newest.index, newest.sha256)
    return (await database.replay.read_index(reference)).tables


class Attempt:
    """One try at a snapshot: every file it writes has a name no other try uses."""

    def __init__(self, database: Database, position: Position, cid: str) -> None:
        self._database = database
        self._position = position
        self._files = 0
        self.cid = cid

    async def write(self, before: Mapping[str, TableFiles], changes: Changes) -> Index:
        """The index after laying `changes` over `before`, every file it names written."""
        tables = dict(before)
        for name, changed in changes.items():
            table = self._database.registry.tables[name]
            files = tables.get(name, TableFiles())
            delta = await self._delta(table, changed)
            files = msgspec.structs.replace(files, deltas=(*files.deltas, delta))
            tables[name] = await self._compact(table, files)
        position = self._position
        return Index(
            slot=position.seq,
            hash=position.hash,
            committed_at=position.committed_at,
            tables=tables,
            events=tuple(sorted(self._database.folded)),
        )

    async def _compact(self, table: Table[Any], files: TableFiles) -> TableFiles:
        if rebase_due(files):
            return await self._base(table, files)
        due = merge_due(files)
        if due is None:
            return files
        newest: dict[Key, Changed] = {}
        for line in await self._database.replay.lines(table, files.deltas[due]):
            newest[line.key] = line
        merged = await self._delta(table, [newest[key] for key in sorted(newest)])
        deltas = (*files.deltas[: due.start], merged, *files.deltas[due.stop :])
        return msgspec.structs.replace(files, deltas=deltas)

    async def _base(self, table: Table[Any], files: TableFiles) -> TableFiles:
        rows = await self._database.replay.rows(table, files)
        ordered = [rows[key] for key in sorted(rows)]
        base = [
            await self._base_file(table, ordered[start : start + parquet.ROWS_PER_FILE])
            for start in range(0, len(ordered), parquet.ROWS_PER_FILE)
        ]
        return TableFiles(base=tuple(base))

    async def _base_file(self, table: Table[Any], rows: list[Any]) -> File:
        starts = tuple(table.key_of(row) for row in rows[:: parquet.ROWS_PER_GROUP])
        data = await self._database.runtime.thread(parquet.write_base, table, rows)
        return await self._create(table, data, rows=len(rows), starts=starts)

    async def _delta(self, table: Table[Any], changed: Sequence[Changed]) -> File:
        data = await self._database.runtime.thread(parquet.write_delta, table, changed)
        return await self._create(table, data, rows=len(changed))

    async def _create(
        self, table: Table[Any], data: bytes, *, rows: int, starts: tuple[Key, ...] = ()
    ) -> File:
        domain, name = table.name.split(".", 1)
        folder = keys.data_folder(domain, self._position.seq, self.cid)
        self._files += 1
        key = f"{folder}{name}-{self._files}.parquet"
        await self._database.store.create(key, data)
        return File(
            name=key,
            rows=rows,
            size_bytes=len(data),
            sha256=sha256(data),
            slot=self._position.seq,
            starts=starts,
        )


__all__ = [
    "Attempt",
    "Written",
    "changed_rows",
    "is_due",
    "publish",
    "rebuild",
    "still_publishable",
]
