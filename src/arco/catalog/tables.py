"""The projections of the catalog: catalogs, namespaces, tables and columns.

Tables are keyed by `(namespace_id, name)`: uniqueness of the key is uniqueness of the name, and
a page is one slice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from arco.model import Table


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """A named collection of namespaces."""

    name: str
    catalog_id: str
    created_at: datetime


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """A named collection of tables."""

    catalog: str
    name: str
    namespace_id: str
    created_at: datetime


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

    @property
    def full_name(self) -> str:
        """`namespace.table`, as SQL writes it."""
        return f"{self.namespace}.{self.name}"


class TableName(msgspec.Struct, frozen=True, kw_only=True):
    """Where the table with this id stands."""

    table_id: str
    namespace_id: str
    name: str


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a table's present schema."""

    table_id: str
    ordinal: int
    name: str
    type: str
    nullable: bool = True
    is_partition: bool = False


CATALOGS = Table("catalog.catalogs", Catalog, ("name",))
NAMESPACES = Table("catalog.namespaces", Namespace, ("catalog", "name"))
TABLES = Table("catalog.tables", CatalogTable, ("namespace_id", "name"))
TABLE_NAMES = Table("catalog.table_names", TableName, ("table_id",), public=False)
COLUMNS = Table("catalog.columns", Column, ("table_id", "ordinal"))

ALL: tuple[Table[Any], ...] = (CATALOGS, NAMESPACES, TABLES, TABLE_NAMES, COLUMNS)

__all__ = [
    "ALL",
    "CATALOGS",
    "COLUMNS",
    "NAMESPACES",
    "TABLES",
    "TABLE_NAMES",
    "Catalog",
    "CatalogTable",
    "Column",
    "Namespace",
    "TableName",
]
