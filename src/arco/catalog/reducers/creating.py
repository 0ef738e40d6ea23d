"""Objects come to exist: each unless its name or id is taken (law F3).

A catalog or namespace that stood before ids had an index is given its entry by the same event.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arco.catalog.events import (
    CatalogCreated,
    CatalogCreatedV2,
    FunctionCreated,
    NamespaceCreated,
    NamespaceCreatedV2,
    TableRegistered,
    TableRegisteredV2,
    ViewCreated,
    VolumeCreated,
)
from arco.catalog.kinds import EXTERNAL, SHELVES, Found, Kind, at_key, by_id, index_put, is_free
from arco.catalog.reducers.publishing import schema_changed
from arco.catalog.tables import (
    CATALOGS,
    DROPPED,
    NAMESPACES,
    PURGED,
    TABLE_NAMES,
    TABLES,
    Catalog,
    CatalogTable,
    Function,
    Namespace,
    TableName,
    View,
    Volume,
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


def catalog_created_described(state: State, event: CatalogCreatedV2) -> Iterator[Change]:
    """The catalog and the way from its id, unless name or id is taken."""
    row = Catalog(
        name=event.name,
        catalog_id=event.catalog_id,
        created_at=event.created_at,
        **described(event),
    )
    yield from _created(state, Found(Kind.CATALOG, row))


def namespace_created_within(state: State, event: NamespaceCreatedV2) -> Iterator[Change]:
    """The namespace and the way from its id, unless name or id is taken."""
    row = Namespace(
        catalog=event.catalog,
        name=event.name,
        namespace_id=event.namespace_id,
        created_at=event.created_at,
        parent_id=event.parent_id or None,
        **described(event),
    )
    yield from _created(state, Found(Kind.NAMESPACE, row))


def table_registered_described(state: State, event: TableRegisteredV2) -> Iterator[Change]:
    """The table with its declared columns, unless name or id is taken."""
    row = CatalogTable(
        table_id=event.table_id,
        format=event.format,
        location=event.location,
        description=event.description,
        partition_columns=event.partition_columns,
        updated_at=event.created_at,
        table_type=EXTERNAL if event.table_type == EXTERNAL else None,
        **placed_within(event),
    )
    created = list(_created(state, Found(Kind.TABLE, row)))
    if not created or not event.columns:
        yield from created
        return
    schema = schema_changed(state, row, columns=event.columns, changed_at=event.created_at)
    yield from created[1:]
    yield from schema


def view_created(state: State, event: ViewCreated) -> Iterator[Change]:
    """The view, unless name or id is taken."""
    row = View(view_id=event.view_id, texts=event.texts, **placed_within(event))
    yield from _created(state, Found(Kind.VIEW, row))


def volume_created(state: State, event: VolumeCreated) -> Iterator[Change]:
    """The volume, unless name or id is taken."""
    row = Volume(
        volume_id=event.volume_id,
        location=event.location,
        volume_type=event.volume_type,
        **placed_within(event),
    )
    yield from _created(state, Found(Kind.VOLUME, row))


def function_created(state: State, event: FunctionCreated) -> Iterator[Change]:
    """The function, unless name or id is taken."""
    row = Function(
        function_id=event.function_id,
        parameters=event.parameters,
        returns=event.returns,
        texts=event.texts,
        **placed_within(event),
    )
    yield from _created(state, Found(Kind.FUNCTION, row))


def described(event: Any) -> dict[str, Any]:
    """What every created object may say about itself, as columns: nothing said is null."""
    return {
        "comment": event.comment or None,
        "owner": event.owner or None,
        "properties": event.properties or None,
        "revision": 1,
    }


def placed_within(event: Any) -> dict[str, Any]:
    """The columns that everything in a namespace has."""
    return {
        "namespace_id": event.namespace_id,
        "name": event.name,
        "namespace": event.namespace,
        "catalog": event.catalog,
        "created_at": event.created_at,
        **described(event),
    }


def _created(state: State, found: Found) -> Iterator[Change]:
    standing = at_key(state, found.kind, key=found.key)
    if standing is not None and standing.object_id == found.object_id:
        if by_id(state, found.object_id) is None:
            yield index_put(found)
        return
    if _is_used(state, found.object_id) or not is_free(state, found.kind, key=found.key):
        return
    yield Put(SHELVES[found.kind].table, found.row)
    yield index_put(found)
    if state.get(PURGED, found.object_id) is not None:
        # What is made again by the same id, such as the table of an asset, needs its files.
        yield Drop(PURGED, (found.object_id,))


def _is_used(state: State, object_id: str) -> bool:
    """True when an object that stands, or can be brought back, has this id."""
    return by_id(state, object_id) is not None or state.get(DROPPED, object_id) is not None


__all__ = [
    "catalog_created",
    "catalog_created_described",
    "described",
    "function_created",
    "namespace_created",
    "namespace_created_within",
    "placed_within",
    "table_registered",
    "table_registered_described",
    "view_created",
    "volume_created",
]
