"""Catalog objects as they are listed and changed: one declaration for server and clients."""

from __future__ import annotations

from typing import Annotated

import msgspec

from arco.catalog.changes import CHANGES_MAX, CatalogChange, Comment, Name, Texts
from arco.catalog.kinds import Kind
from arco.catalog.tables import (
    Catalog,
    CatalogTable,
    Function,
    Namespace,
    SchemaVersion,
    View,
    Volume,
)
from arco.service.objects import Bearer, Changed, DroppedLine

PLURALS = {
    Kind.CATALOG: "catalogs",
    Kind.NAMESPACE: "namespaces",
    Kind.TABLE: "tables",
    Kind.VIEW: "views",
    Kind.VOLUME: "volumes",
    Kind.FUNCTION: "functions",
}


class CatalogList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Catalogs by name."""

    catalogs: list[Catalog]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class NamespaceList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Namespaces by catalog and name."""

    namespaces: list[Namespace]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class TableList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tables by catalog, namespace and name."""

    tables: list[CatalogTable]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class ViewList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Views by catalog, namespace and name."""

    views: list[View]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class VolumeList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Volumes by catalog, namespace and name."""

    volumes: list[Volume]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class FunctionList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Functions by catalog, namespace and name."""

    functions: list[Function]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class TagList(msgspec.Struct, frozen=True, omit_defaults=True):
    """What bears tags, by tag, value and object."""

    tags: list[Bearer]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class DroppedList(msgspec.Struct, frozen=True, omit_defaults=True):
    """What can be brought back, by the name it had."""

    dropped: list[DroppedLine]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class SchemaList(msgspec.Struct, frozen=True, omit_defaults=True):
    """The schemas of a table, the newest first."""

    schemas: list[SchemaVersion]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class AlterRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be said about an object; what is left out stays."""

    comment: Comment | None = None
    owner: Comment | None = None
    properties: dict[str, str | None] = {}
    """Properties to set; null removes one."""
    texts: Texts | None = None
    """The texts of a view or function, all of them."""
    column_comments: dict[str, str] = {}
    """Comments on columns of a table."""


class TagsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tags that an object, or one column of a table, shall bear."""

    tags: dict[str, str | None]
    """Tags to set; null removes one, the others stay."""
    column: str = ""
    """A column of the table; empty: the object itself."""


class MoveRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an object shall stand."""

    to: Name
    """Its whole new name, such as `main.archive.orders`."""


class UndropRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a dropped object shall be called."""

    to: str = ""
    """The name it gets; empty: the one it had."""


class ChangesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes that happen together or not at all."""

    changes: Annotated[list[CatalogChange], msgspec.Meta(min_length=1, max_length=CHANGES_MAX)]
    """Each is decided on what those before it made."""


class ChangesAnswer(msgspec.Struct, frozen=True):
    """What each change was about, in their order."""

    changed: tuple[Changed, ...]


__all__ = [
    "PLURALS",
    "AlterRequest",
    "CatalogList",
    "ChangesAnswer",
    "ChangesRequest",
    "DroppedList",
    "FunctionList",
    "MoveRequest",
    "NamespaceList",
    "SchemaList",
    "TableList",
    "TagList",
    "TagsRequest",
    "UndropRequest",
    "ViewList",
    "VolumeList",
]
