"""What search is published as: segments that are laid over those of the last snapshot.

Changed objects become a segment of their own and are hidden in the older ones; segments of like
size become one. Law: what is published follows from rows alone and stands in no event. Must not
know who asks what.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from arco.catalog.kinds import Kind
from arco.catalog.search.documents import Document, Hidden
from arco.catalog.search.segments import Segment, built, merged
from arco.catalog.tables import TABLES, CatalogTable
from arco.engine.database import Database
from arco.engine.derived import Files
from arco.engine.index import Derived, File, TableFiles
from arco.engine.parquet import Changed
from arco.engine.past import Past
from arco.engine.reader import Reader
from arco.model import Key, Misses, State, Table
from arco.service.search.documents import (
    KINDS,
    TOUCHED,
    Object,
    touched,
)
from arco.service.search.gathering import (
    SEGMENT_DOCUMENTS,
    all_others,
    all_tables,
    documents_of,
    slices,
)
from arco.service.search.shelves import Shelves, StoredSegment, alive, merge_due
from arco.service.search.tables import ENTRIES, HIDDEN, POSTINGS

NAME = "search"
VERSION = 2
TOLD_MAX = 65_536
MERGES_MAX = 4
# What says of a table what its document is made of; the rest moves with every run.
TELLING = ("table_id", "comment", "description", "owner", "revision", "schema_version")


class SearchFiles:
    """Keeps the segments of a workspace: an `engine.derived.Derivation`."""

    name = NAME
    version = VERSION

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made: Derived | None = None
        self.is_distrusted = False
        self._told: dict[Object, tuple[Any, ...]] = {}
        """What the documents of tables were made of that stand in `_made`."""

    async def derive(
        self, files: Files, before: Derived | None, *, changes: Mapping[str, Sequence[Changed]]
    ) -> Derived:
        """The segments after these changes."""
        if before is None or before != self._made or len(self._told) > TOLD_MAX:
            self._told.clear()
        self._made = None
        if before is None or self.is_distrusted:
            made = await self._anew(files)
        else:
            made = await self._laid_over(files, before, changes=changes)
        self._made, self.is_distrusted = made, False
        return made

    async def _anew(self, files: Files) -> Derived:
        """Segments of everything there is."""
        segments: list[StoredSegment] = []
        for kind in KINDS:
            read = all_tables if kind == Kind.TABLE.value else partial(all_others, kind=kind)
            async for documents in read(self._database, files):
                segments += await self._written(files, documents)
        return await self._derived(files, segments)

    async def _laid_over(
        self, files: Files, before: Derived, *, changes: Mapping[str, Sequence[Changed]]
    ) -> Derived:
        objects = await self._concerned(changes)
        if not objects:
            return before
        shelves = await stored_shelves(self._database, before)
        documents = await documents_of(self._database, objects)
        for some in slices(list(documents)):
            hidden = await self._database.asked(partial(_hidden, shelves=shelves, objects=some))
            for segment, bits in zip(shelves.segments, hidden, strict=True):
                segment.hidden |= bits
            await self._database.runtime.sleep(0)
        segments = [each for each in shelves.segments if isinstance(each, StoredSegment)]
        segments += await self._written(files, documents.values())
        return await self._derived(files, await self._merged(files, segments))

    async def _concerned(self, changes: Mapping[str, Sequence[Changed]]) -> list[Object]:
        """The objects whose documents these changes may change."""
        found: dict[Object, None] = {}
        for name in TOUCHED:
            for some in slices(changes.get(name, ())):
                kept = [each for each in some if not self._is_told(name, each)]
                keys = [each.key for each in kept]
                objects = await self._database.asked(partial(_touched, name=name, keys=keys))
                found.update(dict.fromkeys(objects))
                await self._database.runtime.sleep(0)
        return list(found)

    def _is_told(self, name: str, changed: Changed) -> bool:
        """True for a table that moved on in a way that its document does not tell."""
        row, object_ = changed.row, (Kind.TABLE.value, changed.key)
        if name != TABLES.name:
            return False
        if not isinstance(row, CatalogTable):
            self._told.pop(object_, None)
            return False
        said = _said(row)
        if self._told.get(object_) == said:
            return True
        self._told[object_] = said
        return False

    async def _written(
        self, files: Files, documents: Iterable[Document | None]
    ) -> list[StoredSegment]:
        """Segments of the documents that stand."""
        standing = [each for each in documents if each is not None]
        return [
            await self._stored(files, await self._database.runtime.thread(built, some))
            for some in slices(standing, SEGMENT_DOCUMENTS)
        ]

    async def _stored(self, files: Files, segment: Segment) -> StoredSegment:
        postings = await files.rows_file(POSTINGS, segment.postings)
        entries = await files.rows_file(ENTRIES, segment.entries)
        cache = self._database.tables.cache
        return StoredSegment(postings, entries, hidden=0, cache=cache)

    async def _merged(self, files: Files, segments: Sequence[StoredSegment]) -> list[StoredSegment]:
        """Fewer segments, when many are of like size or hide most of what they hold."""
        left = [each for each in segments if alive(each)]
        for _ in range(MERGES_MAX):
            due = merge_due([alive(each) for each in left]) or _wasteful(left)
            if not due:
                break
            parts = [left[at] for at in due]
            left = [each for each in left if each not in parts]
            left.append(await self._stored(files, await self._merge(parts)))
        return left

    async def _merge(self, parts: Sequence[StoredSegment]) -> Segment:
        reader = self._database.replay.reader
        read = [
            (await segment_of(reader, postings=each.postings, entries=each.entries), each.hidden)
            for each in parts
        ]
        return await self._database.runtime.thread(merged, read)

    async def _derived(self, files: Files, segments: Sequence[StoredSegment]) -> Derived:
        hidden = sorted(
            (
                Hidden(segment=each.postings.name, documents=_bytes(each))
                for each in segments
                if each.hidden
            ),
            key=lambda row: row.segment,
        )
        tables = {
            POSTINGS.name: TableFiles(deltas=tuple(each.postings for each in segments)),
            ENTRIES.name: TableFiles(deltas=tuple(each.entries for each in segments)),
        }
        if hidden:
            tables[HIDDEN.name] = TableFiles(base=(await files.rows_file(HIDDEN, hidden),))
        return Derived(version=VERSION, tables=tables)


async def stored_shelves(standing: Database | Past, derived: Derived) -> Shelves:
    """The segments that a snapshot names. Cost: one GET when some of their documents are hidden."""
    reader, cache = standing.replay.reader, standing.tables.cache
    named = [derived.tables.get(each.name, TableFiles()) for each in (POSTINGS, ENTRIES, HIDDEN)]
    postings, entries, hidden = (*(each.deltas for each in named[:2]), named[2].base)
    bits = await hidden_in(reader, hidden)
    return Shelves(
        StoredSegment(first, second, hidden=bits.get(first.name, 0), cache=cache)
        for first, second in zip(postings, entries, strict=True)
    )


async def hidden_in(reader: Reader, files: Iterable[File]) -> dict[str, int]:
    """The documents that are hidden, by the name of the segment they are in."""
    bits: dict[str, int] = {}
    for file in files:
        rows = await _rows(reader, HIDDEN, file=file)
        bits |= {row.segment: int.from_bytes(row.documents, "little") for row in rows}
    return bits


def _hidden(state: State, *, shelves: Shelves, objects: Iterable[Object]) -> list[int]:
    return shelves.hidden_by(objects)


def _touched(state: State, *, name: str, keys: Iterable[Key]) -> list[Object]:
    found: list[Object] = []
    misses = Misses()
    for key in keys:
        with misses:
            found += touched(state, name, key=key)
    misses.settle()
    return found


def _said(row: CatalogTable) -> tuple[Any, ...]:
    moment = row.materialized_at or row.updated_at
    return (*(getattr(row, name) for name in TELLING), moment.date(), row.version is None)


def _wasteful(segments: Sequence[StoredSegment]) -> list[int]:
    """A segment that hides most of what it holds."""
    return next(([at] for at, each in enumerate(segments) if alive(each) * 2 < each.size), [])


def _bytes(segment: StoredSegment) -> bytes:
    return segment.hidden.to_bytes(-(-segment.size // 8), "little")


async def segment_of(reader: Reader, *, postings: File, entries: File) -> Segment:
    """The whole segment that stands in two files."""
    held = await _rows(reader, ENTRIES, file=entries)
    return Segment(held, await _rows(reader, POSTINGS, file=postings))


async def _rows(reader: Reader, table: Table[Any], *, file: File) -> list[Any]:
    """The rows of a file."""
    return [row for _, row in await reader.newest_first(table, TableFiles(base=(file,)))]


__all__ = [
    "NAME",
    "VERSION",
    "SearchFiles",
    "hidden_in",
    "segment_of",
    "stored_shelves",
]
