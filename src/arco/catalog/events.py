"""What can happen to catalog objects; every id and time is inside."""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.model import Payload


class PublishedColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column of a published schema, in order."""

    name: str
    type: str
    nullable: bool = True


class CatalogCreated(Payload, frozen=True):
    """A catalog exists."""

    name: str
    catalog_id: str
    created_at: datetime


class NamespaceCreated(Payload, frozen=True):
    """A namespace exists in a catalog."""

    catalog: str
    name: str
    namespace_id: str
    created_at: datetime


class TableRegistered(Payload, frozen=True):
    """A table exists under a name; it has no version yet."""

    table_id: str
    catalog: str
    namespace: str
    namespace_id: str
    name: str
    format: str
    location: str
    created_at: datetime
    description: str = ""
    partition_columns: tuple[str, ...] = ()


class TableVersionPublished(Payload, frozen=True):
    """Readers of the table see this version from here on."""

    table_id: str
    version: int
    columns: tuple[PublishedColumn, ...]
    rows: int
    size_bytes: int
    files: int
    published_at: datetime
    run_id: str = ""
    description: str = ""
    partition_columns: tuple[str, ...] = ()


__all__ = [
    "CatalogCreated",
    "NamespaceCreated",
    "PublishedColumn",
    "TableRegistered",
    "TableVersionPublished",
]
