"""What can happen to catalog objects; every id and time is inside.

Law F3: an event that changes an object says which revision it makes, so a repeated one is told.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.model import Payload


class PublishedColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column of a published schema, in order."""

    name: str
    type: str
    nullable: bool = True
    comment: str = ""


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter of a function, in order."""

    name: str
    type: str
    comment: str = ""


class CatalogCreated(Payload, frozen=True):
    """A catalog exists."""

    name: str
    catalog_id: str
    created_at: datetime


class CatalogCreatedV2(Payload, frozen=True):
    """A catalog exists, with what is said about it."""

    VERSION = 2

    name: str
    catalog_id: str
    created_at: datetime
    comment: str = ""
    owner: str = ""
    properties: dict[str, str] = msgspec.field(default_factory=dict)


class NamespaceCreated(Payload, frozen=True):
    """A namespace exists in a catalog."""

    catalog: str
    name: str
    namespace_id: str
    created_at: datetime


class NamespaceCreatedV2(Payload, frozen=True):
    """A namespace exists in a catalog or in another namespace, with what is said about it."""

    VERSION = 2

    catalog: str
    name: str
    """Its path in the catalog: `sales`, `sales.eu`."""
    namespace_id: str
    created_at: datetime
    parent_id: str = ""
    comment: str = ""
    owner: str = ""
    properties: dict[str, str] = msgspec.field(default_factory=dict)


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


class TableRegisteredV2(Payload, frozen=True):
    """A table exists under a name, with what is said about it and the columns it is declared with.

    What somebody else keeps is `external`.
    """

    VERSION = 2

    table_id: str
    catalog: str
    namespace: str
    namespace_id: str
    name: str
    table_type: str
    format: str
    location: str
    created_at: datetime
    description: str = ""
    comment: str = ""
    owner: str = ""
    properties: dict[str, str] = msgspec.field(default_factory=dict)
    columns: tuple[PublishedColumn, ...] = ()
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


class TableVersionPublishedV2(Payload, frozen=True):
    """Readers of the table see this version from here on; a changed schema becomes history."""

    VERSION = 2

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


class TableRefreshed(Payload, frozen=True):
    """What an external table was found to be; what its format does not tell is null."""

    table_id: str
    revision: int
    refreshed_at: datetime
    columns: tuple[PublishedColumn, ...]
    partition_columns: tuple[str, ...] = ()
    version: int | None = None
    rows: int | None = None
    size_bytes: int | None = None
    files: int | None = None


class ViewCreated(Payload, frozen=True):
    """A view exists under a name."""

    view_id: str
    catalog: str
    namespace: str
    namespace_id: str
    name: str
    texts: dict[str, str]
    created_at: datetime
    comment: str = ""
    owner: str = ""
    properties: dict[str, str] = msgspec.field(default_factory=dict)


class VolumeCreated(Payload, frozen=True):
    """A volume exists under a name."""

    volume_id: str
    catalog: str
    namespace: str
    namespace_id: str
    name: str
    volume_type: str
    location: str
    created_at: datetime
    comment: str = ""
    owner: str = ""
    properties: dict[str, str] = msgspec.field(default_factory=dict)


class FunctionCreated(Payload, frozen=True):
    """A function exists under a name."""

    function_id: str
    catalog: str
    namespace: str
    namespace_id: str
    name: str
    parameters: tuple[Parameter, ...]
    returns: str
    texts: dict[str, str]
    created_at: datetime
    comment: str = ""
    owner: str = ""
    properties: dict[str, str] = msgspec.field(default_factory=dict)


class ObjectAltered(Payload, frozen=True):
    """What is said about an object changed; what is null stays as it was."""

    object_id: str
    revision: int
    altered_at: datetime
    comment: str | None = None
    owner: str | None = None
    properties: dict[str, str] | None = None
    """All of them, as they are from here on."""
    texts: dict[str, str] | None = None
    """The query or body per dialect, of a view or function."""
    column_comments: dict[str, str] = msgspec.field(default_factory=dict)
    """Column -> what is said about it from here on."""


class ObjectTagged(Payload, frozen=True):
    """An object, or one column of a table, bears these tags and no longer those removed."""

    object_id: str
    revision: int
    tagged_at: datetime
    column: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    removed: tuple[str, ...] = ()


class ObjectMoved(Payload, frozen=True):
    """An object and all it contains stand under another name or in another place; ids stay."""

    object_id: str
    revision: int
    moved_at: datetime
    catalog: str
    namespace: str
    """The namespace it stands in from here on; empty: in the catalog itself."""
    name: str
    """The last part of its name."""


class ObjectDropped(Payload, frozen=True):
    """An object and all it contained are gone, and can be brought back until they are purged."""

    object_id: str
    revision: int
    dropped_at: datetime
    purge_after: datetime


class ObjectUndropped(Payload, frozen=True):
    """A dropped object and what went with it stand again, perhaps under another name."""

    object_id: str
    revision: int
    undropped_at: datetime
    catalog: str
    namespace: str
    """The namespace it stands in from here on; empty: in the catalog itself."""
    name: str
    """The last part of its name."""


class ObjectsPurged(Payload, frozen=True):
    """Dropped objects are gone for good."""

    object_ids: tuple[str, ...]
    purged_at: datetime


class FilesPurged(Payload, frozen=True):
    """No file of these purged tables and volumes stands any more."""

    object_ids: tuple[str, ...]
    purged_at: datetime


__all__ = [
    "CatalogCreated",
    "CatalogCreatedV2",
    "FilesPurged",
    "FunctionCreated",
    "NamespaceCreated",
    "NamespaceCreatedV2",
    "ObjectAltered",
    "ObjectDropped",
    "ObjectMoved",
    "ObjectTagged",
    "ObjectUndropped",
    "ObjectsPurged",
    "Parameter",
    "PublishedColumn",
    "TableRefreshed",
    "TableRegistered",
    "TableRegisteredV2",
    "TableVersionPublished",
    "TableVersionPublishedV2",
    "ViewCreated",
    "VolumeCreated",
]
