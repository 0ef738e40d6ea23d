"""What may be asked of the catalog: one struct per change, as JSON spells it and decisions take it.

Several of them together are one commit. Must not know how they are decided.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from arco.catalog.events import Parameter, PublishedColumn
from arco.catalog.kinds import Kind

CHANGES_MAX = 1_000
"""So many are one commit at most."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
Comment = Annotated[str, msgspec.Meta(max_length=65_536)]
Labels = Annotated[dict[str, str], msgspec.Meta(max_length=200)]
Texts = Annotated[dict[str, str], msgspec.Meta(min_length=1, max_length=32)]
Columns = Annotated[tuple[PublishedColumn, ...], msgspec.Meta(max_length=10_000)]
Format = Literal["delta", "iceberg", "parquet"]


class Asked(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="change"
):
    """A change of what is there; `name` says of what, by name or id."""

    name: Name


class Creation(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="change"
):
    """A new object that is asked for, and what it may say about itself."""

    name: Name
    comment: Comment = ""
    owner: Comment = ""
    """Who owns it; empty: who creates it."""
    properties: Labels = {}
    tags: Labels = {}


class CreateCatalog(Creation, frozen=True, kw_only=True, tag="create_catalog"):
    """A catalog shall exist."""


class CreateNamespace(Creation, frozen=True, kw_only=True, tag="create_namespace"):
    """A namespace shall exist; what it stands in exists already."""


class CreateTable(Creation, frozen=True, kw_only=True, tag="create_table"):
    """A table shall exist: managed, or external where a `location` is given."""

    location: Comment = ""
    """The folder of an external table; its schema is read from there."""
    format: Format = "delta"
    columns: Columns = ()
    """The columns of a managed table; those of an external one are read."""
    partition_columns: tuple[str, ...] = ()


class CreateView(Creation, frozen=True, kw_only=True, tag="create_view"):
    """A view shall exist."""

    texts: Texts
    """Dialect -> the query, such as `{"duckdb": "select 1"}`."""


class CreateVolume(Creation, frozen=True, kw_only=True, tag="create_volume"):
    """A volume shall exist: managed, or external where a `location` is given."""

    location: Comment = ""


class CreateFunction(Creation, frozen=True, kw_only=True, tag="create_function"):
    """A function shall exist."""

    parameters: tuple[Parameter, ...] = ()
    returns: Name
    texts: Texts
    """Dialect -> the body."""


class Alter(Asked, frozen=True, kw_only=True, tag="alter"):
    """What is said about an object shall differ; what is left out stays."""

    kind: Kind
    if_match: str = ""
    """The `etag` the object must have."""
    comment: Comment | None = None
    owner: Comment | None = None
    properties: dict[str, str | None] = {}
    """Properties to set; null removes one."""
    texts: Texts | None = None
    """The texts of a view or function, all of them."""
    column_comments: dict[str, str] = {}


class SetTags(Asked, frozen=True, kw_only=True, tag="set_tags"):
    """An object, or one column of a table, shall bear these tags."""

    kind: Kind
    if_match: str = ""
    column: str = ""
    """A column of the table; empty: the object itself."""
    tags: dict[str, str | None]
    """Tags to set; null removes one."""


class Move(Asked, frozen=True, kw_only=True, tag="move"):
    """An object shall have another name, perhaps in another place; its id stays."""

    kind: Kind
    to: Name
    """The whole new name, such as `main.archive.orders`."""
    if_match: str = ""


class DropObject(Asked, frozen=True, kw_only=True, tag="drop"):
    """An object shall go; until it is purged it can be brought back."""

    kind: Kind
    contents: Literal["refuse", "drop"] = "refuse"
    """What happens when something is in it: refused, or dropped too."""
    if_match: str = ""


class Undrop(Asked, frozen=True, kw_only=True, tag="undrop"):
    """A dropped object shall come back: by id, or the newest that had the name."""

    kind: Kind
    to: str = ""
    """The name it gets; empty: the one it had."""


class Refresh(Asked, frozen=True, kw_only=True, tag="refresh"):
    """What stands at an external table's location shall be looked at again."""

    if_match: str = ""


CatalogChange: TypeAlias = (
    CreateCatalog
    | CreateNamespace
    | CreateTable
    | CreateView
    | CreateVolume
    | CreateFunction
    | Alter
    | SetTags
    | Move
    | DropObject
    | Undrop
    | Refresh
)

__all__ = [
    "CHANGES_MAX",
    "Alter",
    "Asked",
    "CatalogChange",
    "Comment",
    "CreateCatalog",
    "CreateFunction",
    "CreateNamespace",
    "CreateTable",
    "CreateView",
    "CreateVolume",
    "Creation",
    "DropObject",
    "Format",
    "Move",
    "Name",
    "Refresh",
    "SetTags",
    "Texts",
    "Undrop",
]
