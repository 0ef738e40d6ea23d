"""Writing the files of a snapshot: a delta of what changed, what has to be merged, and the index.

Every file has a name of its own attempt, so racing publishers never write the same object. Law L6:
what a snapshot names was written before it is published.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from arco.engine import compaction, parquet
from arco.engine.columns import keys_of
from arco.engine.commit import Position
from arco.engine.database import Database
from arco.engine.gathering import Gathered, Gathering
from arco.engine.index import (
    DeltaRun,
    File,
    Index,
    Page,
    PageContent,
    TableFiles,
    next_run,
    runs_of,
)
from arco.engine.lanes.zstd import compress
from arco.engine.lines import joined
from arco.engine.merging import Zone, may_rebase, merge_due, rebase_due
from arco.engine.parquet import Changed, Lines
from arco.ids import sha256
from arco.model import Key, Table
from arco.store import keys
from arco.store.creating import create_alone

DERIVED_ROWS_PER_GROUP = 1024
"""Rows that were worked out to be looked up one by one are read in smaller pieces."""
Changes = Mapping[str, Sequence[Changed]]


class Attempt:
    """One try at a snapshot: every file it writes has a name no other try uses."""

    def __init__(self, database: Database, position: Position, cid: str) -> None:
        self._database = database
        self._runtime = database.runtime
        self._reader = database.replay.reader
        self._sizes = database.sizes
        self._position = position
        self.cid = cid
        self.names: list[str] = []
        """What it wrote."""
        self._tables: Mapping[str, TableFiles] = {}

    async def write(self, before: Mapping[str, TableFiles], changes: Changes) -> Index:
        """The index after laying `changes` over `before`, every file it names written."""
        tables = dict(before)
        for name, changed in changes.items():
            table = self._database.registry.tables[name]
            files = tables.get(name, TableFiles())
            delta = await self._delta(table, changed, run=next_run(files.deltas))
            files = msgspec.structs.replace(files, deltas=(*files.deltas, *delta))
            tables[name] = await self._compact(table, files)
        self._tables = tables
        position = self._position
        return Index(
            slot=position.seq,
            hash=position.hash,
            committed_at=position.committed_at,
            tables=tables,
            events=tuple(sorted(self._database.folded)),
        )

    async def _delta(
        self, table: Table[Any], changed: Sequence[Changed], *, run: int
    ) -> list[File]:
        files = []
        for start in range(0, len(changed), self._sizes.rows_per_file):
            part = changed[start : start + self._sizes.rows_per_file]
            lines = await self._runtime.thread(parquet.changed_to_arrow, table, part)
            files.append(await self._file(table, lines, run=run))
        return files

    async def _compact(self, table: Table[Any], files: TableFiles) -> TableFiles:
        runs = runs_of(files.deltas)
        if may_rebase(runs, self._sizes):
            base = await self._reader.base(files)
            zones = rebase_due(table, base, runs=runs, sizes=self._sizes)
            if zones:
                return await self._rebased(table, files, base=base, zones=zones)
        due = merge_due(runs, self._sizes)
        if due is None:
            return files
        number = next_run(files.deltas)
        lines = compaction.delta_lines(self._runtime, table, runs=runs[due], reader=self._reader)
        run = tuple([await self._file(table, each, run=number) async for each in lines])
        deltas = [*runs[: due.start], run, *runs[due.stop :]]
        return msgspec.structs.replace(files, deltas=_flat(deltas))

    async def _rebased(
        self,
        table: Table[Any],
        files: TableFiles,
        *,
        base: Sequence[File],
        zones: Sequence[Zone],
    ) -> TableFiles:
        """The files after the lines of these zones went into the base, and left the runs."""
        runs = runs_of(files.deltas)
        ready: list[File] = []
        replaced = {zone.file.name: zone for zone in zones if zone.file is not None}
        appended = [zone for zone in zones if zone.file is None]
        pieces = Stretch(self, table, ready=ready, rows_per_file=self._sizes.rows_per_file)
        for file in base:
            if file.name in replaced:
                await pieces.add(self._rows(table, replaced[file.name], runs=runs))
            else:
                await pieces.end()
                ready.append(file)
        for zone in appended:
            await pieces.add(self._rows(table, zone, runs=runs))
        await pieces.end()
        left = [await self._left(table, run, zones=zones) for run in runs]
        deltas = _flat([run for run in left if run])
        return await self.paged(table, files, base=ready, deltas=deltas)

    def _rows(
        self, table: Table[Any], zone: Zone, *, runs: Sequence[DeltaRun]
    ) -> AsyncIterator[Lines]:
        touching = [
            tuple(file for file in run if compaction.touches(table, file, zones=[zone]))
            for run in runs
        ]
        return compaction.base_lines(
            self._runtime, table, zone=zone, runs=touching, reader=self._reader
        )

    async def _left(self, table: Table[Any], run: DeltaRun, *, zones: Sequence[Zone]) -> DeltaRun:
        """The run without the lines of the zones."""
        left: list[File] = []
        for file in run:
            if not compaction.touches(table, file, zones=zones):
                left.append(file)
                continue
            lines = await compaction.left_lines(
                self._runtime, table, file=file, without=zones, reader=self._reader
            )
            if lines.num_rows:
                left.append(await self._file(table, lines, run=file.run))
        return tuple(left)

    async def paged(
        self,
        table: Table[Any],
        files: TableFiles,
        *,
        base: Sequence[File],
        deltas: tuple[File, ...],
    ) -> TableFiles:
        """The files, the base in pages when it has many; pages that did not change are kept."""
        if len(base) <= self._sizes.inline_files:
            return TableFiles(tuple(base), deltas)
        contents = [(page, (await self._reader.page(page)).files) for page in files.pages]
        kept = {listed[0].name: (page, listed) for page, listed in contents}
        pages: list[Page] = []
        loose: list[File] = []
        at = 0
        while at < len(base):
            page, listed = kept.get(base[at].name, (None, ()))
            is_full = len(listed) * 2 >= self._sizes.files_per_page
            if page is None or not is_full or tuple(base[at : at + len(listed)]) != listed:
                loose.append(base[at])
                at += 1
                continue
            pages += await self.pages(table, loose)
            pages.append(page)
            loose.clear()
            at += len(listed)
        pages += await self.pages(table, loose)
        return TableFiles((), deltas, tuple(pages))

    async def pages(self, table: Table[Any], files: Sequence[File]) -> list[Page]:
        """Pages that list these files."""
        return [
            await self._page(table, files[start : start + self._sizes.files_per_page])
            for start in range(0, len(files), self._sizes.files_per_page)
        ]

    async def _page(self, table: Table[Any], files: Sequence[File]) -> Page:
        content = PageContent(table=table.name, files=tuple(files))
        encode = partial(msgspec.json.encode, order="sorted")
        data = await self._runtime.thread(lambda: compress(encode(content)))
        return Page(
            name=await self._create(table, data, suffix=".json.zst"),
            sha256=sha256(data),
            files=len(files),
            rows=sum(file.rows for file in files),
            size_bytes=sum(file.size_bytes for file in files),
        )

    async def _file(
        self, table: Table[Any], lines: Lines, *, run: int = 0, rows_per_group: int | None = None
    ) -> File:
        groups = rows_per_group or self._sizes.rows_per_group
        data, starts, last = await self._runtime.thread(
            partial(_packed, table, lines, rows_per_group=groups)
        )
        return File(
            name=await self._create(table, data, suffix=".parquet"),
            rows=lines.num_rows,
            size_bytes=len(data),
            sha256=sha256(data),
            slot=self._position.seq,
            starts=starts,
            last=last,
            run=run,
        )

    async def base_file(self, table: Table[Any], rows: Lines) -> File:
        """A file of the base with these rows, which stand in key order."""
        return await self._file(table, rows)

    async def rows_file(self, table: Table[Any], rows: Sequence[msgspec.Struct]) -> File:
        """A file with these rows, of which there is one at least, in the order of their keys."""
        lines = await self._runtime.thread(parquet.rows_to_arrow, table, rows)
        groups = min(self._sizes.rows_per_group, DERIVED_ROWS_PER_GROUP)
        return await self._file(table, lines, rows_per_group=groups)

    def size(self, table: Table[Any]) -> int:
        """About how many rows the snapshot has of a table: no fewer than there are."""
        return self._tables.get(table.name, TableFiles()).rows

    async def gathered(
        self, table: Table[Any], fields: Sequence[str], *, of: Sequence[str]
    ) -> Gathered:
        """Fields of the rows whose keys begin with these ids, as the snapshot has them.

        Cost: every file of the table once.
        """
        files = self._tables.get(table.name, TableFiles())
        gathering = Gathering(table, fields, of=of)
        for file in (*await self._reader.base(files), *files.deltas):
            await self._runtime.thread(gathering.add, await self._reader.file(file))
        return await self._runtime.thread(gathering.end)

    async def _create(self, table: Table[Any], data: bytes, *, suffix: str) -> str:
        domain, name = table.name.split(".", 1)
        folder = keys.data_folder(domain, self._position.seq, self.cid)
        key = f"{folder}{name}-{len(self.names) + 1}{suffix}"
        self.names.append(key)
        await create_alone(self._database.store, self._runtime, key=key, data=data)
        return key


class Stretch:
    """Rows that follow each other, on their way into base files of a good size."""

    def __init__(
        self, attempt: Attempt, table: Table[Any], *, ready: list[File], rows_per_file: int
    ) -> None:
        self._rows_per_file = rows_per_file
        self._attempt = attempt
        self._table = table
        self._ready = ready
        self._rows: list[Lines] = []
        self._count = 0

    async def add(self, pieces: AsyncIterator[Lines]) -> None:
        """These rows come next."""
        async for rows in pieces:
            self._rows.append(rows)
            self._count += rows.num_rows
            if self._count >= self._rows_per_file:
                await self._write(self._rows_per_file)

    async def end(self) -> None:
        """What is left becomes a file: other files follow."""
        if self._count:
            await self._write(1)

    async def _write(self, rows_min: int) -> None:
        """Files of what is there, as long as that is so many rows."""
        rows = joined(self._rows)
        while rows.num_rows >= rows_min:
            file = await self._attempt.base_file(self._table, rows.slice(0, self._rows_per_file))
            self._ready.append(file)
            rows = rows.slice(self._rows_per_file)
        self._rows, self._count = ([rows] if rows.num_rows else []), rows.num_rows


def _packed(
    table: Table[Any], lines: Lines, *, rows_per_group: int
) -> tuple[bytes, tuple[Key, ...], Key]:
    found = keys_of(table, lines)
    data = parquet.write_lines(lines, rows_per_group=rows_per_group)
    return data, tuple(found[::rows_per_group]), found[-1]


def _flat(runs: Sequence[DeltaRun]) -> tuple[File, ...]:
    return tuple(file for run in runs for file in run)


__all__ = ["DERIVED_ROWS_PER_GROUP", "Attempt", "Changes", "Stretch"]
