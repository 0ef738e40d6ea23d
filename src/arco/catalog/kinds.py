"""The kinds of objects: where each stands, how its id is called, what it is in.

What differs between kinds is a line of data here. Must not know names' rules or decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from arco.catalog.tables import (
    CATALOGS,
    FUNCTIONS,
    NAMESPACES,
    OBJECT_NAMES,
    TABLE_NAMES,
    TABLES,
    VIEWS,
    VOLUMES,
    ObjectName,
    TableName,
)
from arco.ids import sha256
from arco.model import Change, Drop, Key, Put, State, Table

ETAG_CHARACTERS = 32
EXTERNAL = "external"
MANAGED = "managed"


class Kind(StrEnum):
    """What an object is."""

    CATALOG = "catalog"
    NAMESPACE = "namespace"
    TABLE = "table"
    VIEW = "view"
    VOLUME = "volume"
    FUNCTION = "function"


class Shelf(msgspec.Struct, frozen=True, eq=False):
    """Where objects of one kind stand."""

    table: Table[Any]
    id_field: str
    rivals: tuple[Kind, ...] = ()
    """Kinds that share its names: a table and a view are read the same way."""


SHELVES: Mapping[Kind, Shelf] = {
    Kind.CATALOG: Shelf(CATALOGS, "catalog_id"),
    Kind.NAMESPACE: Shelf(NAMESPACES, "namespace_id"),
    Kind.TABLE: Shelf(TABLES, "table_id", (Kind.VIEW,)),
    Kind.VIEW: Shelf(VIEWS, "view_id", (Kind.TABLE,)),
    Kind.VOLUME: Shelf(VOLUMES, "volume_id"),
    Kind.FUNCTION: Shelf(FUNCTIONS, "function_id"),
}
LEAVES = (Kind.TABLE, Kind.VIEW, Kind.VOLUME, Kind.FUNCTION)
"""Kinds that stand in a namespace and contain nothing."""


class Found(msgspec.Struct, frozen=True):
    """An object as it stands: its kind and its row."""

    kind: Kind
    row: Any

    @property
    def object_id(self) -> str:
        """Its id, which stays when it is renamed or moved."""
        return str(getattr(self.row, SHELVES[self.kind].id_field))

    @property
    def key(self) -> Key:
        """Where its row stands."""
        return SHELVES[self.kind].table.key_of(self.row)

    @property
    def revision(self) -> int:
        """Counts its changes; rows of the first release say nothing, which is 0."""
        return self.row.revision or 0

    @property
    def keeps_files(self) -> bool:
        """True when there is a folder of ours that is deleted with it."""
        if self.kind is Kind.TABLE:
            return not self.row.is_external
        return self.kind is Kind.VOLUME and self.row.volume_type != EXTERNAL

    @property
    def etag(self) -> str:
        """Differs whenever its row differs: what is said of it, its name, the version readers see.

        Tags and columns change its revision or its version, so they count too.
        """
        return sha256(msgspec.json.encode(self.row, order="sorted"))[:ETAG_CHARACTERS]

    @property
    def full_name(self) -> str:
        """Its name with every part: `main.sales.orders`."""
        if self.kind in (Kind.CATALOG, Kind.NAMESPACE):
            return str(getattr(self.row, "full_name", self.row.name))
        return f"{self.row.catalog}.{self.row.namespace}.{self.row.name}"

    @property
    def name(self) -> str:
        """The last part of its name, as it was given."""
        name = str(self.row.name)
        return name.rpartition(".")[2] if self.kind is Kind.NAMESPACE else name


def by_id(state: State, object_id: str) -> Found | None:
    """The object with this id; None when none stands."""
    name = state.get(OBJECT_NAMES, object_id)
    if name is not None:
        kind = Kind(name.kind)
        key = (name.name,) if kind is Kind.CATALOG else (name.parent, name.name)
        return _found(kind, state.get(SHELVES[kind].table, *key))
    table = state.get(TABLE_NAMES, object_id)
    if table is None:
        return None
    return _found(Kind.TABLE, state.get(TABLES, table.namespace_id, table.name))


def at_key(state: State, kind: Kind, *, key: Key) -> Found | None:
    """The object of a kind that stands under this key of its table."""
    return _found(kind, state.get(SHELVES[kind].table, *key))


def is_free(state: State, kind: Kind, *, key: tuple[str, ...]) -> bool:
    """True when no object of this kind or of one that shares its names stands under the key."""
    kinds = (kind, *SHELVES[kind].rivals)
    return all(at_key(state, each, key=key) is None for each in kinds)


def index_put(found: Found) -> Change:
    """The way from its id to its row."""
    key = found.key
    if found.kind is Kind.TABLE:
        return Put(
            TABLE_NAMES, TableName(table_id=found.object_id, namespace_id=key[0], name=key[1])
        )
    parent = "" if found.kind is Kind.CATALOG else str(key[0])
    name = ObjectName(
        object_id=found.object_id, kind=found.kind.value, parent=parent, name=str(key[-1])
    )
    return Put(OBJECT_NAMES, name)


def index_drop(found: Found) -> Change:
    """No way from its id to a row any more."""
    table: Table[Any] = TABLE_NAMES if found.kind is Kind.TABLE else OBJECT_NAMES
    return Drop(table, (found.object_id,))


def _found(kind: Kind, row: Any) -> Found | None:
    return None if row is None else Found(kind, row)


__all__ = [
    "EXTERNAL",
    "LEAVES",
    "MANAGED",
    "SHELVES",
    "Found",
    "Kind",
    "Shelf",
    "at_key",
    "by_id",
    "index_drop",
    "index_put",
    "is_free",
]
