"""Reading the files of snapshots: whole, by block, and the pages of an index.

Law L6: nothing is used whose hash differs. A file is checked as a whole when it is first read;
afterwards one row group is read alone and checked by its own hash.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from arco.engine import layout, parquet
from arco.engine.blocks import Block, BlockCache, Line
from arco.engine.commit import SnapshotReference
from arco.engine.index import FORMAT, File, Index, Page, PageContent, TableFiles, all_files
from arco.engine.lanes.zstd import decompress
from arco.engine.layout import Layout
from arco.engine.log import REREADS
from arco.engine.stored import Place
from arco.errors import Corrupt, Unavailable
from arco.ids import sha256
from arco.model import Key, Table
from arco.runtime import Runtime
from arco.store.port import Store
from arco.store.text import decoded_object

LAYOUTS_MAX = 4096
PAGES_MAX = 64
PAGE_BYTES_MAX = 64 * 1024 * 1024
READS_AT_ONCE = 16
LARGE = 256 * 1024
"""Bytes that are not hashed on the loop."""
GIVEN_BACK_AFTER = 64
"""So many blocks were read until what that needed for a while is given back: it takes a while."""


class Reader:
    """Reads what snapshots are made of, and believes nothing that is not what its name says."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self._store = store
        self._runtime = runtime
        self._layouts: OrderedDict[str, Layout] = OrderedDict()
        self._pages: OrderedDict[str, PageContent] = OrderedDict()
        self._index: tuple[str, Index] | None = None
        self._blocks_read = 0
        self._named: dict[str, frozenset[str]] = {}
        """Hash of an index -> what it names, of the snapshots that were asked for last."""

    async def checked(self, name: str, digest: str) -> bytes:
        """The object's bytes.

        Raises: Corrupt when it is gone or its hash differs each time it is read.
        """
        for _ in range(REREADS):
            data = await self._store.get(name)
            if data is not None and await self._hash(data) == digest:
                return data
        raise _damaged(name, data)

    async def _hash(self, data: bytes) -> str:
        return await self._runtime.thread(sha256, data) if len(data) > LARGE else sha256(data)

    async def index(self, reference: SnapshotReference) -> Index:
        """The index a snapshot reference names.

        Raises: Unavailable INDEX_FORMAT_UNKNOWN.
        """
        if self._index is not None and self._index[0] == reference.sha256:
            return self._index[1]
        data = await self.checked(reference.index, reference.sha256)
        index = decoded_object(data, Index, name=reference.index)
        if index.format > FORMAT:
            raise Unavailable(
                "INDEX_FORMAT_UNKNOWN",
                f"{reference.index} has format {index.format}; this release reads up to {FORMAT}",
                hint="upgrade this process: a newer release wrote the snapshot",
            )
        self.remember(reference.sha256, index)
        return index

    def remember(self, digest: str, index: Index) -> None:
        """The bytes with this hash are this index."""
        self._index = (digest, index)

    async def base(self, files: TableFiles) -> tuple[File, ...]:
        """The base files of a table, read from pages if that is where they stand."""
        if not files.pages:
            return files.base
        contents = await self._runtime.gather(self.page(page) for page in files.pages)
        return tuple(file for content in contents for file in content.files)

    async def page(self, page: Page) -> PageContent:
        """What the page lists."""
        known = self._pages.get(page.sha256)
        if known is None:
            packed = await self.checked(page.name, page.sha256)
            data = await self._runtime.thread(
                partial(decompress, packed, size_bytes_max=PAGE_BYTES_MAX)
            )
            known = self._pages[page.sha256] = decoded_object(data, PageContent, name=page.name)
            while len(self._pages) > PAGES_MAX:
                self._pages.popitem(last=False)
        return known

    async def objects(self, index: Index) -> dict[str, str]:
        """Every object of the snapshot, pages and files, with its hash."""
        found: dict[str, str] = {}
        for files in all_files(index):
            listed = (*files.listed, *await self.base(files))
            found |= {each.name: each.sha256 for each in listed}
        return found

    async def named(self, snapshots: Collection[SnapshotReference]) -> frozenset[str]:
        """Every object of these snapshots, their indexes included.

        What an index names never changes, so it is kept for as long as it is asked for. Cost: one
        GET for each snapshot that the last asking did not have, and for each page of its index.
        """
        known: dict[str, frozenset[str]] = {}
        for reference in snapshots:
            names = self._named.get(reference.sha256)
            if names is None:
                objects = await self.objects(await self.index(reference))
                names = frozenset(map(sys.intern, (reference.index, *objects)))
            known[reference.sha256] = names
        self._named = known
        return frozenset().union(*known.values())

    async def blocks(self, table: Table[Any], places: Sequence[Place], *, into: BlockCache) -> None:
        """The blocks are in the cache."""
        by_file: dict[str, list[Place]] = {}
        for place in places:
            by_file.setdefault(place.file.name, []).append(place)
        for start in range(0, len(by_file), READS_AT_ONCE):
            together = list(by_file.values())[start : start + READS_AT_ONCE]
            await self._runtime.gather(self._file(table, each, into=into) for each in together)

    async def _file(self, table: Table[Any], places: Sequence[Place], *, into: BlockCache) -> None:
        file = places[0].file
        known = self._layouts.get(file.name)
        if known is None or len(places) > 1 or places[0].group is None:
            data = await self.file(file)
            if known is None:
                self._know(file.name, await self._runtime.thread(layout.layout_of, data))
            for place in places:
                groups = None if place.group is None else [place.group]
                block = await self._block(table, partial(parquet.read_groups, data, groups))
                into.put(place.block, block)
            return
        self._layouts.move_to_end(file.name)
        block = await self._group(table, places[0], where=known)
        into.put(places[0].block, block)

    async def _group(self, table: Table[Any], place: Place, *, where: Layout) -> Block:
        assert place.group is not None
        name = place.file.name
        parts = (where.footer, where.groups[place.group])
        footer, group = await self._runtime.gather(self._part(name, part) for part in parts)
        read = partial(layout.read_group, place.group, group, footer=footer, layout=where)
        return await self._block(table, read)

    async def _block(self, table: Table[Any], read: Callable[[], parquet.Lines]) -> Block:
        self._blocks_read += 1
        is_due = self._blocks_read % GIVEN_BACK_AFTER == 0
        return await self._runtime.thread(_block_given_back if is_due else _block, table, read)

    async def _part(self, name: str, part: layout.Part) -> bytes:
        for _ in range(REREADS):
            data = await self._store.get(name, start=part.start, end=part.end)
            if data is not None and sha256(data) == part.sha256:
                return data
        raise _damaged(name, data)

    def _know(self, name: str, found: Layout) -> None:
        self._layouts[name] = found
        while len(self._layouts) > LAYOUTS_MAX:
            self._layouts.popitem(last=False)

    async def newest_first(self, table: Table[Any], files: TableFiles) -> list[Line]:
        """Every line of the table's files, newer runs before older ones."""
        changed = await self.changed(table, files.deltas)
        lines: list[Line] = [(line.key, line.row) for line in reversed(changed)]
        for file in await self.base(files):
            rows = await self._runtime.thread(parquet.read_rows, table, await self.file(file))
            lines += [(table.key_of(row), row) for row in rows]
        return lines

    async def rows(self, table: Table[Any], files: TableFiles) -> dict[Key, Any]:
        """Every row these files hold, newer runs over older ones."""
        rows: dict[Key, Any] = {}
        for key, row in await self.newest_first(table, files):
            rows.setdefault(key, row)
        return {key: row for key, row in rows.items() if row is not None}

    async def changed(self, table: Table[Any], deltas: Sequence[File]) -> list[parquet.Changed]:
        """The lines of delta files, oldest run first."""
        lines: list[parquet.Changed] = []
        for start in range(0, len(deltas), READS_AT_ONCE):
            files = deltas[start : start + READS_AT_ONCE]
            for data in await self._runtime.gather(self.file(file) for file in files):
                lines += await self._runtime.thread(parquet.read_changed, table, data)
        return lines

    async def file(self, file: File) -> bytes:
        """The file's bytes."""
        return await self.checked(file.name, file.sha256)


def _block(table: Table[Any], read: Callable[[], parquet.Lines]) -> Block:
    return Block(table, read())


def _block_given_back(table: Table[Any], read: Callable[[], parquet.Lines]) -> Block:
    block = Block(table, read())
    parquet.give_back_memory()
    return block


def _damaged(name: str, data: bytes | None) -> Corrupt:
    what = "is gone" if data is None else "does not match its hash"
    return Corrupt(
        "OBJECT_DAMAGED",
        f"{name} {what}",
        hint="nothing acknowledged is lost: the log rebuilds it; run `arco verify`",
        object=name,
    )


__all__ = ["READS_AT_ONCE", "Reader"]
