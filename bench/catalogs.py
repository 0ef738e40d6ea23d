"""Workspaces of many tables, written by the production writer of snapshots in bounded memory.

One table is published by the real command and folded by the real reducers; the rows that makes
are repeated under other ids and names. So whatever the catalog keeps of a table is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa

from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.events import PublishedColumn
from arco.engine.columns import keys_of
from arco.engine.database import Database
from arco.engine.events import SnapshotPublishedV2
from arco.engine.fold import fold
from arco.engine.index import Index, TableFiles
from arco.engine.parquet import ROWS_PER_FILE, rows_to_arrow, schema_of
from arco.engine.tables import Overlay
from arco.engine.writing import Attempt
from arco.ids import sha256
from arco.model import Event, Key, Put, Table
from arco.store import keys

TABLES_PER_NAMESPACE = 1_000
COLUMNS_PER_TABLE = 20
RUN_ID = "01J0000000000000000000RUN0"
CATALOG_ID = "main-catalog"
CREATED_AT = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = ("long", "string", "double", "timestamp")
COLUMNS = tuple(
    PublishedColumn(name=f"column_{number:02}", type=TYPES[number % len(TYPES)])
    for number in range(COLUMNS_PER_TABLE)
)
Ids: TypeAlias = Callable[[int], str]
"""The id of the table with this number."""
TABLE_MARKS = ("{table_id}", "{table}")


def table_id(number: int) -> str:
    """The id of the table with this number: scattered, as the worst case for a sorted store."""
    return hashlib.sha256(b"table %d" % number).hexdigest()[:32]


def created_id(number: int) -> str:
    """Its id where tables were created one after the other, as the server mints them: ids begin
    with the time.
    """
    return f"{number:032x}"


def scattered(name: str, count: int) -> int:
    """A number below `count` that looks like chance and is the same each time."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % count


def added_table(name: str, beside: int, *, identity: str) -> PublishVersions:
    """The command that makes one table more appear in the namespace of another."""
    namespace = namespace_of(beside)
    return creation(
        name,
        identity=identity,
        namespace=(namespace_name(namespace), namespace_id(namespace)),
    )


def later_id(number: int) -> str:
    """An id after all others, as ids are that begin with the time."""
    return f"{'f' * 16}{number:016x}"


def scattered_id(name: str) -> str:
    """An id among all others, as ids are that are hashes."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def table_id_below(share: float) -> str:
    """An id that this share of all ids stand before."""
    return "g" if share >= 1 else f"{int(share * 16**8):08x}"


def table_name(number: int) -> str:
    """Its name."""
    return f"table_{number:07}"


def namespace_id(number: int) -> str:
    """The id of the namespace with this number."""
    return hashlib.sha256(b"namespace %d" % number).hexdigest()[:32]


def namespace_name(number: int) -> str:
    """Its name."""
    return f"namespace_{number:05}"


def namespace_of(number: int) -> int:
    """The number of the namespace that holds this table."""
    return number // TABLES_PER_NAMESPACE


def creation(table: str, *, identity: str, namespace: tuple[str, str]) -> PublishVersions:
    """The command that makes a table of twenty columns appear in a namespace, whose name and id
    are given.
    """
    version = PublishedVersion(
        table_id=identity,
        namespace=namespace[0],
        name=table,
        version=3,
        columns=COLUMNS,
        rows=1_000,
        size_bytes=100_000,
        files=3,
        location=f"warehouse/{identity}",
        description=f"what {table} holds",
    )
    return PublishVersions(
        versions=(version,),
        run_id=RUN_ID,
        actor="bench",
        mint=lambda name: CATALOG_ID if name.startswith("catalog:") else namespace[1],
    )


async def fill(database: Database, count: int, *, ids: Ids = table_id) -> None:
    """The empty workspace becomes one of so many tables: a snapshot of base files is published."""
    attempt = Attempt(database, database.position, "0123456789abcdef")
    tables: dict[str, TableFiles] = {}
    for table, rows in templates(database).items():
        pieces = repeated(table, rows, count=count, ids=ids)
        base = [await attempt.base_file(table, lines) for lines in pieces]
        tables[table.name] = await attempt.paged(table, TableFiles(), base=base, deltas=())
    await published(database, attempt, tables=tables)


async def published(database: Database, attempt: Attempt, *, tables: dict[str, TableFiles]) -> None:
    """These files are the newest snapshot."""
    slot, hash_, committed_at = database.position.seq, database.position.hash, CREATED_AT
    index = Index(slot=slot, hash=hash_, committed_at=committed_at, tables=tables)
    data = msgspec.json.encode(index, order="sorted")
    name = keys.data_folder("engine", slot, attempt.cid) + "index.json"
    await database.store.create(name, data)
    event = SnapshotPublishedV2(slot=slot, index=name, sha256=sha256(data), published_at=CREATED_AT)
    await database.transact(lambda state, now: [Event(event)])


def templates(database: Database) -> dict[Table[Any], list[Any]]:
    """Per table of the state the rows that creating one table puts there, with marks for names."""
    command = creation(
        "{table}", identity="{table_id}", namespace=("{namespace}", "{namespace_id}")
    )

    overlay = Overlay(database.state)
    fold(database.registry, overlay, events=publish_versions(command, overlay, now=CREATED_AT))
    found: dict[Table[Any], dict[Key, Any]] = {}
    for change in overlay.changes:
        assert isinstance(change, Put), "creating a table drops nothing"
        found.setdefault(change.table, {})[change.table.key_of(change.row)] = change.row
    return {table: [rows[key] for key in sorted(rows)] for table, rows in found.items()}


def repeated(table: Table[Any], rows: Sequence[Any], *, count: int, ids: Ids) -> Iterator[pa.Table]:
    """The rows for each of so many tables, for each of their namespaces, or once, as their marks
    say: in key order, in pieces of a file.
    """
    alike: dict[range, list[Any]] = {}
    for row in rows:
        alike.setdefault(numbers_of(row, count), []).append(row)
    pieces = [each_of(table, some, numbers=numbers, ids=ids) for numbers, some in alike.items()]
    if len(pieces) == 1:
        yield from pieces[0]
        return
    together = pa.concat_tables(chain.from_iterable(pieces)).combine_chunks()
    keys_found = keys_of(table, together)
    order = sorted(range(len(keys_found)), key=keys_found.__getitem__)
    for start in range(0, len(order), ROWS_PER_FILE):
        yield together.take(pa.array(order[start : start + ROWS_PER_FILE]))


def each_of(
    table: Table[Any], rows: Sequence[Any], *, numbers: range, ids: Ids
) -> Iterator[pa.Table]:
    """The rows once for each of the numbers, in key order, in pieces of a file."""
    data = rows_to_arrow(table, rows)
    fields = {name: data.column(name).to_pylist() for name in data.column_names}
    key = [str(fields[name][0]) for name in table.key]
    ordered = sorted(numbers, key=lambda number: tuple(named(key, number, ids=ids)))
    schema = schema_of(table)
    step = max(1, ROWS_PER_FILE // len(rows))
    for start in range(0, len(ordered), step):
        part = ordered[start : start + step]
        arrays = [column(fields[field.name], part, kind=field.type, ids=ids) for field in schema]
        yield pa.Table.from_arrays(arrays, schema=schema)


def numbers_of(row: Any, count: int) -> range:
    """The tables, or the first table of each namespace, or one, by the marks the row has."""
    text = repr(row)
    if any(mark in text for mark in TABLE_MARKS):
        return range(count)
    return range(0, count, TABLES_PER_NAMESPACE) if "{namespace" in text else range(1)


def column(
    values: Sequence[Any], numbers: Sequence[int], *, kind: pa.DataType, ids: Ids
) -> pa.Array:
    """The values once for each of the numbers, with its names for the marks."""
    first = values[0]
    if not isinstance(first, str) or "{" not in first:
        return pa.array([*values] * len(numbers), kind)
    assert len(set(values)) == 1, "rows of one table share its names"
    names = pa.array([named([first], number, ids=ids)[0] for number in numbers], kind)
    each = [at for at in range(len(numbers)) for _ in values]
    return names.take(pa.array(each, pa.int32()))


def named(texts: Sequence[str], number: int, *, ids: Ids) -> list[str]:
    """The texts with the names of this table for the marks."""
    namespace = namespace_of(number)
    found = []
    for text in texts:
        if "{table" in text:
            text = text.replace("{table_id}", ids(number))
            text = text.replace("{table}", table_name(number))
        if "{namespace" in text:
            text = text.replace("{namespace_id}", namespace_id(namespace))
            text = text.replace("{namespace}", namespace_name(namespace))
        found.append(text)
    return found


__all__ = [
    "CATALOG_ID",
    "COLUMNS_PER_TABLE",
    "CREATED_AT",
    "RUN_ID",
    "TABLES_PER_NAMESPACE",
    "Ids",
    "added_table",
    "created_id",
    "creation",
    "fill",
    "later_id",
    "namespace_id",
    "namespace_name",
    "namespace_of",
    "scattered",
    "scattered_id",
    "table_id",
    "table_id_below",
    "table_name",
]
