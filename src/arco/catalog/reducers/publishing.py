"""Versions and schemas of tables: guards on rows make a repeated event change nothing (law F3).

A version moves forward only. What people say about a column stays while the column stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from arco.catalog.events import (
    PublishedColumn,
    TableRefreshed,
    TableVersionPublished,
    TableVersionPublishedV2,
)
from arco.catalog.tables import (
    COLUMNS,
    SCHEMA_VERSIONS,
    TABLE_NAMES,
    TABLES,
    TAGGED,
    TAGS,
    CatalogTable,
    Column,
    SchemaVersion,
)
from arco.model import Change, Drop, Put, State


def table_version_published(state: State, event: TableVersionPublished) -> Iterator[Change]:
    """The table moves forward to the version, and its columns to the version's schema."""
    table = table_with(state, event.table_id)
    if table is None or (table.version is not None and table.version >= event.version):
        return
    yield Put(TABLES, _moved(table, event))
    yield from _columns(state, event)


def table_version_published_with_schema(
    state: State, event: TableVersionPublishedV2
) -> Iterator[Change]:
    """The table moves forward to the version; a schema that differs is kept as history."""
    table = table_with(state, event.table_id)
    if table is None or (table.version is not None and table.version >= event.version):
        return
    moved = msgspec.structs.replace(_moved(table, event), materialized_at=event.published_at)
    yield from schema_changed(state, moved, columns=event.columns, changed_at=event.published_at)


def table_refreshed(state: State, event: TableRefreshed) -> Iterator[Change]:
    """The external table is what was found; a schema that differs is kept as history."""
    table = table_with(state, event.table_id)
    if table is None or event.revision != (table.revision or 0) + 1:
        return
    refreshed = msgspec.structs.replace(
        table,
        revision=event.revision,
        version=event.version,
        rows=event.rows,
        size_bytes=event.size_bytes,
        files=event.files,
        partition_columns=event.partition_columns,
        updated_at=event.refreshed_at,
        materialized_at=event.refreshed_at,
    )
    yield from schema_changed(
        state, refreshed, columns=event.columns, changed_at=event.refreshed_at
    )


def table_with(state: State, table_id: str) -> CatalogTable | None:
    """The table with this id; None when none stands."""
    name = state.get(TABLE_NAMES, table_id)
    return state.get(TABLES, name.namespace_id, name.name) if name else None


def schema_changed(
    state: State,
    table: CatalogTable,
    *,
    columns: Sequence[PublishedColumn],
    changed_at: datetime,
) -> Iterator[Change]:
    """The table, its columns in order, and its schema as history when that differs."""
    present = list(state.range(COLUMNS, table.table_id))
    comments = {column.name: column.comment for column in present}
    rows = [
        Column(
            table_id=table.table_id,
            ordinal=ordinal,
            name=column.name,
            type=column.type,
            nullable=column.nullable,
            is_partition=column.name in table.partition_columns,
            comment=column.comment or comments.get(column.name),
        )
        for ordinal, column in enumerate(columns)
    ]
    differs = table.schema_version is None or _shapes(present) != _shapes(rows)
    number = (table.schema_version or 0) + 1 if differs else table.schema_version
    yield Put(TABLES, msgspec.structs.replace(table, schema_version=number))
    if differs:
        row = SchemaVersion(
            table_id=table.table_id,
            schema_version=(table.schema_version or 0) + 1,
            columns=tuple(columns),
            changed_at=changed_at,
            version=table.version,
            run_id=table.run_id,
        )
        yield Put(SCHEMA_VERSIONS, row)
    yield from _column_changes(present, rows)
    kept = {row.name for row in rows}
    for column in present:
        if column.name not in kept:
            yield from untagged(state, table.table_id, column=column.name)


def untagged(state: State, object_id: str, *, column: str) -> Iterator[Change]:
    """No tag of the object's column (empty: of the object itself) stands any more."""
    for tag in list(state.range(TAGS, object_id, column)):
        yield Drop(TAGS, (object_id, column, tag.tag))
        yield Drop(TAGGED, (tag.tag, tag.value, object_id, column))


def _moved(
    table: CatalogTable, event: TableVersionPublished | TableVersionPublishedV2
) -> CatalogTable:
    return msgspec.structs.replace(
        table,
        version=event.version,
        rows=event.rows,
        size_bytes=event.size_bytes,
        files=event.files,
        run_id=event.run_id,
        updated_at=event.published_at,
        description=event.description or table.description,
        partition_columns=event.partition_columns,
    )


def _shapes(columns: Sequence[Column]) -> list[tuple[object, ...]]:
    return [(row.name, row.type, row.nullable, row.is_partition) for row in columns]


def _column_changes(present: Sequence[Column], rows: Sequence[Column]) -> Iterator[Change]:
    for ordinal, row in enumerate(rows):
        if ordinal >= len(present) or present[ordinal] != row:
            yield Put(COLUMNS, row)
    for column in present[len(rows) :]:
        yield Drop(COLUMNS, (column.table_id, column.ordinal))


def _columns(state: State, event: TableVersionPublished) -> Iterator[Change]:
    for ordinal, column in enumerate(event.columns):
        row = Column(
            table_id=event.table_id,
            ordinal=ordinal,
            name=column.name,
            type=column.type,
            nullable=column.nullable,
            is_partition=column.name in event.partition_columns,
        )
        if state.get(COLUMNS, event.table_id, ordinal) != row:
            yield Put(COLUMNS, row)
    last = (event.table_id, len(event.columns) - 1)
    for column_row in state.range(COLUMNS, event.table_id, after=last):
        yield Drop(COLUMNS, (event.table_id, column_row.ordinal))


__all__ = [
    "schema_changed",
    "table_refreshed",
    "table_version_published",
    "table_version_published_with_schema",
    "table_with",
    "untagged",
]
