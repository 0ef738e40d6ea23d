"""The catalog's reducers: guards on rows make a repeated event change nothing (law F3)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from arco.catalog.events import (
    CatalogCreated,
    NamespaceCreated,
    TableRegistered,
    TableVersionPublished,
)
from arco.catalog.tables import (
    CATALOGS,
    COLUMNS,
    NAMESPACES,
    TABLE_NAMES,
    TABLES,
    Catalog,
    CatalogTable,
    Column,
    Namespace,
    TableName,
)
from arco.model import Change, Drop, Put, State


def catalog_created(state: State, event: CatalogCreated) -> Iterator[Change]:
    """The catalog, unless the name is taken."""
    if state.get(CATALOGS, event.name) is None:
        row = Catalog(name=event.name, catalog_id=event.catalog_id, created_at=event.created_at)
        yield Put(CATALOGS, row)


def namespace_created(state: State, event: NamespaceCreated) -> Iterator[Change]:
    """The namespace, unless the name is taken in its catalog."""
    if state.get(NAMESPACES, event.catalog, event.name) is None:
        row = Namespace(
            catalog=event.catalog,
            name=event.name,
            namespace_id=event.namespace_id,
            created_at=event.created_at,
        )
        yield Put(NAMESPACES, row)


def table_registered(state: State, event: TableRegistered) -> Iterator[Change]:
    """The table and its way back from the id, unless name or id is taken."""
    taken = state.get(TABLES, event.namespace_id, event.name)
    if taken is not None or state.get(TABLE_NAMES, event.table_id) is not None:
        return
    yield Put(
        TABLES,
        CatalogTable(
            namespace_id=event.namespace_id,
            name=event.name,
            table_id=event.table_id,
            namespace=event.namespace,
            catalog=event.catalog,
            format=event.format,
            location=event.location,
            description=event.description,
            partition_columns=event.partition_columns,
            created_at=event.created_at,
            updated_at=event.created_at,
        ),
    )
    name = TableName(table_id=event.table_id, namespace_id=event.namespace_id, name=event.name)
    yield Put(TABLE_NAMES, name)


def table_version_published(state: State, event: TableVersionPublished) -> Iterator[Change]:
    """The table moves forward to the version, and its columns to the version's schema."""
    name = state.get(TABLE_NAMES, event.table_id)
    table = state.get(TABLES, name.namespace_id, name.name) if name else None
    if table is None or (table.version is not None and table.version >= event.version):
        return
    moved = msgspec.structs.replace(
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
    yield Put(TABLES, moved)
    yield from _columns(state, event)


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
    "catalog_created",
    "namespace_created",
    "table_registered",
    "table_version_published",
]
