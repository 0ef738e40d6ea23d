"""Gathering documents: of the objects that are named, or of everything there is.

What other rows say of a table stands by its id, and tables are told in the order of their names:
for all of them it is read once for very many tables, never table by table. Law: a document follows
from rows alone, however it was gathered. Must not know segments.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from arco.catalog.search.bits import ORDINALS_MAX
from arco.catalog.search.documents import Document
from arco.catalog.tables import COLUMNS, TABLES, TAGS
from arco.engine.database import Database
from arco.engine.derived import Files
from arco.model import Key, Misses, State
from arco.service.search.documents import (
    Object,
    all_objects,
    bare_table,
    document_of,
    dressed,
)

OBJECTS_AT_ONCE = 64
"""So many are looked at before others have their turn."""
SEGMENT_DOCUMENTS = ORDINALS_MAX
ROWS_AT_ONCE = 3_000_000
"""So many rows about tables are in memory at once."""


async def all_tables(database: Database, files: Files) -> AsyncIterator[list[Document]]:
    """The documents of all tables, as many at once as a segment holds.

    Cost: each row once, and the files of columns and tags once for so many rows of them.
    """
    after: Key | None = None
    while True:
        bare = await _bare_tables(database, after, count=_tables_at_once(files))
        if not bare:
            return
        ids = [identity for identity, _ in bare]
        after = bare[-1][1].key
        columns = await files.gathered(COLUMNS, ("name", "comment"), of=ids)
        tags = await files.gathered(TAGS, ("tag", "value"), of=ids)
        for some in slices(range(len(bare)), SEGMENT_DOCUMENTS):
            found: list[Document] = []
            for few in slices(some):
                found += (dressed(bare[at][1], columns.of(at), tags=tags.of(at)) for at in few)
                await database.runtime.sleep(0)
            yield found
        # The next ones are read while nothing of these is held.
        del bare, columns, tags, found


async def all_others(
    database: Database, files: Files, *, kind: str
) -> AsyncIterator[list[Document]]:
    """The documents of every object of a kind, as many at once as a segment holds."""
    found: list[Document] = []
    after: Key | None = None
    while True:
        objects = await database.asked(partial(_page, kind=kind, after=after))
        if not objects:
            break
        told = await documents_of(database, objects)
        found += (each for each in told.values() if each is not None)
        after = objects[-1][1]
        if len(found) >= SEGMENT_DOCUMENTS:
            yield found
            found = []
    if found:
        yield found


async def documents_of(
    database: Database, objects: Sequence[Object]
) -> dict[Object, Document | None]:
    """The document of each object; None for those that do not stand."""
    found: dict[Object, Document | None] = {}
    for some in slices(objects):
        found |= await database.asked(partial(told_of, objects=some))
        await database.runtime.sleep(0)
    return found


def told_of(state: State, objects: Iterable[Object]) -> dict[Object, Document | None]:
    """The same, of one state. Raises: NotLoaded."""
    found: dict[Object, Document | None] = {}
    misses = Misses()
    for each in objects:
        with misses:
            found[each] = document_of(state, each)
    misses.settle()
    return found


def slices(values: Sequence[Any], size: int = OBJECTS_AT_ONCE) -> Iterator[Sequence[Any]]:
    """The values, so many at a time."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


async def _bare_tables(
    database: Database, after: Key | None, *, count: int
) -> list[tuple[str, Document]]:
    """The next so many tables behind a key, each with its id."""
    found: list[tuple[str, Document]] = []
    while len(found) < count:
        some = await database.asked(partial(_bare_page, after=found[-1][1].key if found else after))
        if not some:
            break
        found += some
        await database.runtime.sleep(0)
    return found


def _bare_page(state: State, *, after: Key | None) -> list[tuple[str, Document]]:
    found: list[tuple[str, Document]] = []
    misses = Misses()
    for row in islice(state.range(TABLES, after=after), OBJECTS_AT_ONCE):
        with misses:
            found.append((row.table_id, bare_table(state, row)))
    misses.settle()
    return found


def _page(state: State, *, kind: str, after: Key | None) -> list[Object]:
    return list(islice(all_objects(state, kind, after=after), OBJECTS_AT_ONCE))


def _tables_at_once(files: Files) -> int:
    """For so many tables what other rows say of them is in memory at once."""
    tables, rows = files.size(TABLES), files.size(COLUMNS) + files.size(TAGS)
    segments = ROWS_AT_ONCE * tables // max(1, rows * SEGMENT_DOCUMENTS)
    return SEGMENT_DOCUMENTS * max(1, min(8, segments))


__all__ = [
    "SEGMENT_DOCUMENTS",
    "all_others",
    "all_tables",
    "documents_of",
    "slices",
    "told_of",
]
