"""The projections of the catalog: catalogs, namespaces, tables, views, volumes, functions.

What stands in a namespace is keyed by `(namespace_id, name)`: uniqueness of the key is uniqueness
of the name, and a page is one slice. Must not know how rows come about.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from arco.catalog.events import Parameter, PublishedColumn
from arco.model import Table


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """A named collection of namespaces."""

    name: str
    catalog_id: str
    created_at: datetime
    comment: str | None = None
    owner: str | None = None
    properties: dict[str, str] | None = None
    revision: int | None = None
    altered_at: datetime | None = None


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """A named collection of tables, views, volumes, functions and further namespaces."""

    catalog: str
    name: str
    """Its path in the catalog: `sales`, `sales.eu`."""
    namespace_id: str
    created_at: datetime
    parent_id: str | None = None
    """The namespace it is in; null when it stands in the catalog itself."""
    comment: str | None = None
    owner: str | None = None
    properties: dict[str, str] | None = None
    revision: int | None = None
    altered_at: datetime | None = None

    @property
    def full_name(self) -> str:
        """`catalog.namespace`."""
        return f"{self.catalog}.{self.name}"


class CatalogTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table, and the version that readers see."""

    namespace_id: str
    name: str
    table_id: str
    namespace: str
    catalog: str
    format: str
    location: str
    description: str = ""
    partition_columns: tuple[str, ...] = ()
    version: int | None = None
    rows: int | None = None
    size_bytes: int | None = None
    files: int | None = None
    run_id: str = ""
    created_at: datetime
    updated_at: datetime
    comment: str | None = None
    owner: str | None = None
    properties: dict[str, str] | None = None
    revision: int | None = None
    altered_at: datetime | None = None
    table_type: str | None = None
    """`external` when somebody else keeps its files; null: they are ours."""
    schema_version: int | None = None
    """Counts the schemas it has had, from 1."""
    materialized_at: datetime | None = None
    """When its data last changed, as far as the catalog was told."""

    @property
    def full_name(self) -> str:
        """`namespace.table`, as SQL writes it."""
        return f"{self.namespace}.{self.name}"

    @property
    def is_external(self) -> bool:
        """True when somebody else keeps its files."""
        return self.table_type == "external"


class TableName(msgspec.Struct, frozen=True, kw_only=True):
    """Where the table with this id stands."""

    table_id: str
    namespace_id: str
    name: str


class Column(msgspec.Struct, frozen=True, gc=False):
    """One column of a table's present schema."""

    table_id: str
    ordinal: int
    name: str
    type: str
    nullable: bool = True
    is_partition: bool = False
    comment: str | None = None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A query under a name, as each dialect spells it."""

    namespace_id: str
    name: str
    view_id: str
    namespace: str
    catalog: str
    texts: dict[str, str]
    created_at: datetime
    comment: str | None = None
    owner: str | None = None
    properties: dict[str, str] | None = None
    revision: int | None = None
    altered_at: datetime | None = None

    @property
    def full_name(self) -> str:
        """`namespace.view`, as SQL writes it."""
        return f"{self.namespace}.{self.name}"


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of files that are no table."""

    namespace_id: str
    name: str
    volume_id: str
    namespace: str
    catalog: str
    location: str
    created_at: datetime
    volume_type: str = "managed"
    """`managed` or `external`."""
    comment: str | None = None
    owner: str | None = None
    properties: dict[str, str] | None = None
    revision: int | None = None
    altered_at: datetime | None = None

    @property
    def full_name(self) -> str:
        """`namespace.volume`."""
        return f"{self.namespace}.{self.name}"


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function under a name, as each dialect spells it."""

    namespace_id: str
    name: str
    function_id: str
    namespace: str
    catalog: str
    parameters: tuple[Parameter, ...] = ()
    returns: str
    """The type of its result; for a table function `table<...>`."""
    texts: dict[str, str]
    created_at: datetime
    comment: str | None = None
    owner: str | None = None
    properties: dict[str, str] | None = None
    revision: int | None = None
    altered_at: datetime | None = None

    @property
    def full_name(self) -> str:
        """`namespace.function`."""
        return f"{self.namespace}.{self.name}"


class ObjectName(msgspec.Struct, frozen=True, kw_only=True):
    """Where the object with this id stands; tables have `catalog.table_names`."""

    object_id: str
    kind: str
    parent: str
    """The first part of its key: a catalog's name or a namespace's id; empty for a catalog."""
    name: str


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag of an object, or of one column of a table."""

    object_id: str
    column: str
    """The column; empty: the object itself."""
    tag: str
    value: str
    kind: str
    tagged_at: datetime


class Tagged(msgspec.Struct, frozen=True, kw_only=True):
    """What bears a tag: the way from a tag to objects."""

    tag: str
    value: str
    object_id: str
    column: str


class SchemaVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a table from one change of its schema to the next."""

    table_id: str
    schema_version: int
    columns: tuple[PublishedColumn, ...]
    changed_at: datetime
    version: int | None = None
    run_id: str = ""


class DroppedObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object that was dropped and can still be brought back."""

    object_id: str
    kind: str
    full_name: str
    """What it was called, with its catalog."""
    dropped_with: str
    """The object whose drop took it along; its own id when it was dropped itself."""
    position: int
    """Its place among what was dropped together: containers come before what they contain."""
    rows: str
    """JSON: the rows that were it, `[table, row]` each."""
    revision: int
    dropped_at: datetime
    purge_after: datetime
    """From then on it may be gone for good."""


class DroppedName(msgspec.Struct, frozen=True, kw_only=True):
    """Dropped objects by the name they had."""

    full_name: str
    object_id: str


class DroppedWith(msgspec.Struct, frozen=True, kw_only=True):
    """Dropped objects by the object whose drop took them along, in the order of their return."""

    dropped_with: str
    position: int
    """Containers come before what they contain."""
    object_id: str


class DroppedUntil(msgspec.Struct, frozen=True, kw_only=True):
    """Dropped objects by when they may be purged."""

    purge_after: datetime
    object_id: str


class Purged(msgspec.Struct, frozen=True, kw_only=True):
    """A managed table or volume that is gone for good while files of it may still stand."""

    object_id: str
    purged_at: datetime


CATALOGS = Table("catalog.catalogs", Catalog, ("name",))
NAMESPACES = Table("catalog.namespaces", Namespace, ("catalog", "name"))
TABLES = Table("catalog.tables", CatalogTable, ("namespace_id", "name"))
TABLE_NAMES = Table("catalog.table_names", TableName, ("table_id",), public=False)
COLUMNS = Table("catalog.columns", Column, ("table_id", "ordinal"))
VIEWS = Table("catalog.views", View, ("namespace_id", "name"))
VOLUMES = Table("catalog.volumes", Volume, ("namespace_id", "name"))
FUNCTIONS = Table("catalog.functions", Function, ("namespace_id", "name"))
OBJECT_NAMES = Table("catalog.object_names", ObjectName, ("object_id",), public=False)
TAGS = Table("catalog.tags", Tag, ("object_id", "column", "tag"))
TAGGED = Table("catalog.tagged", Tagged, ("tag", "value", "object_id", "column"), public=False)
SCHEMA_VERSIONS = Table("catalog.schema_versions", SchemaVersion, ("table_id", "schema_version"))
DROPPED = Table("catalog.dropped_objects", DroppedObject, ("object_id",))
DROPPED_NAMES = Table(
    "catalog.dropped_names", DroppedName, ("full_name", "object_id"), public=False
)
DROPPED_WITH = Table(
    "catalog.dropped_with", DroppedWith, ("dropped_with", "position"), public=False
)
DROPPED_UNTIL = Table(
    "catalog.dropped_until", DroppedUntil, ("purge_after", "object_id"), public=False
)
PURGED = Table("catalog.purged", Purged, ("object_id",), public=False)

ALL: tuple[Table[Any], ...] = (
    CATALOGS,
    NAMESPACES,
    TABLES,
    TABLE_NAMES,
    COLUMNS,
    VIEWS,
    VOLUMES,
    FUNCTIONS,
    OBJECT_NAMES,
    TAGS,
    TAGGED,
    SCHEMA_VERSIONS,
    DROPPED,
    DROPPED_NAMES,
    DROPPED_WITH,
    DROPPED_UNTIL,
    PURGED,
)

__all__ = [
    "ALL",
    "CATALOGS",
    "COLUMNS",
    "DROPPED",
    "DROPPED_NAMES",
    "DROPPED_UNTIL",
    "DROPPED_WITH",
    "FUNCTIONS",
    "NAMESPACES",
    "OBJECT_NAMES",
    "PURGED",
    "SCHEMA_VERSIONS",
    "TABLES",
    "TABLE_NAMES",
    "TAGGED",
    "TAGS",
    "VIEWS",
    "VOLUMES",
    "Catalog",
    "CatalogTable",
    "Column",
    "DroppedName",
    "DroppedObject",
    "DroppedUntil",
    "DroppedWith",
    "Function",
    "Namespace",
    "ObjectName",
    "Purged",
    "SchemaVersion",
    "TableName",
    "Tag",
    "Tagged",
    "View",
    "Volume",
]
