"""Objects of a server: made, listed, shown, described, tagged, moved, dropped and brought back.

One class for what every kind can be asked, and a class a kind for how it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack

import msgspec

from arco.catalog.changes import (
    CreateCatalog,
    CreateFunction,
    CreateNamespace,
    CreateTable,
    CreateView,
    CreateVolume,
    Creation,
    Format,
)
from arco.catalog.events import Parameter, PublishedColumn
from arco.catalog.tables import (
    Catalog,
    CatalogTable,
    Function,
    Namespace,
    SchemaVersion,
    View,
    Volume,
)
from arco.client.asking import Asked, Asker
from arco.client.operations import (
    CATALOGS,
    FUNCTIONS,
    NAMESPACES,
    REFRESH_TABLE,
    SHOW_FRESHNESS,
    SHOW_SCHEMAS,
    TABLES,
    VIEWS,
    VOLUMES,
    KindOperations,
)
from arco.client.paging import paged
from arco.errors import Invalid
from arco.service.freshness import Freshness
from arco.service.objects import (
    CatalogDetail,
    Changed,
    FunctionDetail,
    NamespaceDetail,
    ViewDetail,
    VolumeDetail,
)
from arco.service.summaries import TableDetail
from arco.wire.objects import PLURALS, AlterRequest, MoveRequest, TagsRequest, UndropRequest

Row = TypeVar("Row")
Detail = TypeVar("Detail")


class Said(TypedDict, total=False):
    """What every new object may say about itself."""

    comment: str
    owner: str
    properties: Mapping[str, str]
    tags: Mapping[str, str]
    key: str
    """A UUIDv7: asked again with it, it is not done again."""


class TableSaid(Said, total=False):
    """What a new table may say: its columns, or where it stands already."""

    columns: Sequence[PublishedColumn | Mapping[str, Any]]
    partition_columns: Sequence[str]
    location: str
    format: Format


class VolumeSaid(Said, total=False):
    """What a new volume may say: where it stands already."""

    location: str


class Described(TypedDict, total=False):
    """What is said about an object from now on; what is left out stays."""

    comment: str
    owner: str
    properties: Mapping[str, str | None]
    texts: Mapping[str, str]
    column_comments: Mapping[str, str]


class Objects(Generic[Row, Detail]):
    """All objects of one kind. A name is `sales.orders`, `main.sales.orders` or an id.

    Every change takes a `key`, a UUIDv7 by which it is idempotent, and `if_match`, the `etag` that
    the object must have. Raises: NotFound for a name that nobody has; Precondition ETAG_MISMATCH.
    """

    def __init__(self, asker: Asker, operations: KindOperations[Any, Detail]) -> None:
        self._asker = asker
        self._operations = operations

    def get(self, name: str) -> Detail:
        """One object with what is said about it."""
        return self._asker.ask(self._operations.show, Asked(place={"full_name": name}))

    def alter(
        self, name: str, *, if_match: str = "", key: str = "", **said: Unpack[Described]
    ) -> Changed:
        """The object, described otherwise; what is left out stays."""
        body = _fitting(AlterRequest, dict(said))
        return self._change(self._operations.alter, name, body=body, if_match=if_match, key=key)

    def tag(
        self,
        name: str,
        tags: Mapping[str, str | None],
        *,
        column: str = "",
        if_match: str = "",
        key: str = "",
    ) -> Changed:
        """The object, with these tags on it or on one of its columns; None removes one."""
        body = TagsRequest(tags=dict(tags), column=column)
        return self._change(self._operations.tag, name, body=body, if_match=if_match, key=key)

    def move(self, name: str, to: str, *, if_match: str = "", key: str = "") -> Changed:
        """The object under another name; its id stays, and grants, lineage and history with it."""
        body = MoveRequest(to=to)
        return self._change(self._operations.move, name, body=body, if_match=if_match, key=key)

    def drop(
        self,
        name: str,
        *,
        contents: Literal["refuse", "drop"] = "refuse",
        if_match: str = "",
        key: str = "",
    ) -> Changed:
        """The object that is gone, and can be brought back until it is purged."""
        asked = Asked(
            place={"full_name": name}, query={"contents": contents}, if_match=if_match, key=key
        )
        return self._asker.ask(self._operations.drop, asked)

    def undrop(self, name: str, *, to: str = "", key: str = "") -> Changed:
        """The newest dropped object that had the name, or the one with the id, back again."""
        body = UndropRequest(to=to)
        return self._change(self._operations.undrop, name, body=body, key=key)

    def _listed(self, only: Mapping[str, str]) -> Iterator[Row]:
        plural = PLURALS[self._operations.kind]
        rows = self._operations.show_all
        return paged(self._asker, rows, only=only, rows=lambda page: getattr(page, plural))

    def _create(self, wanted: type[Creation], name: str, *, said: Mapping[str, Any]) -> Changed:
        given = {field: value for field, value in said.items() if field != "key"}
        body = _fitting(wanted, {"name": name, **given})
        asked = Asked(body=body, key=said.get("key", ""))
        return self._asker.ask(self._operations.create, asked)

    def _change(self, operation: Any, name: str, **asked: Any) -> Changed:
        changed: Changed = self._asker.ask(operation, Asked(place={"full_name": name}, **asked))
        return changed


class Catalogs(Objects[Catalog, CatalogDetail]):
    """Collections of namespaces."""

    def __init__(self, asker: Asker) -> None:
        super().__init__(asker, CATALOGS)

    def list(self, *, owner: str = "") -> Iterator[Catalog]:
        """Catalogs by name, page by page as they are used."""
        return self._listed({"owner": owner})

    def create(self, name: str, **said: Unpack[Said]) -> Changed:
        """A new catalog."""
        return self._create(CreateCatalog, name, said=said)


class Namespaces(Objects[Namespace, NamespaceDetail]):
    """What tables, views, volumes and functions stand in."""

    def __init__(self, asker: Asker) -> None:
        super().__init__(asker, NAMESPACES)

    def list(self, *, catalog: str = "", owner: str = "") -> Iterator[Namespace]:
        """Namespaces by catalog and name, page by page as they are used."""
        return self._listed({"catalog": catalog, "owner": owner})

    def create(self, name: str, **said: Unpack[Said]) -> Changed:
        """A new namespace, in a catalog or another namespace that exists."""
        return self._create(CreateNamespace, name, said=said)


class Tables(Objects[CatalogTable, TableDetail]):
    """Tables that are made here, and tables that stand somewhere already."""

    def __init__(self, asker: Asker) -> None:
        super().__init__(asker, TABLES)

    def list(
        self, *, catalog: str = "", namespace: str = "", owner: str = "", format: str = ""
    ) -> Iterator[CatalogTable]:
        """Tables by catalog, namespace and name, page by page as they are used."""
        only = {"catalog": catalog, "namespace": namespace, "owner": owner, "format": format}
        return self._listed(only)

    def create(self, name: str, **said: Unpack[TableSaid]) -> Changed:
        """A new table with these columns; or, registered, the one that stands at `location`."""
        return self._create(CreateTable, name, said=said)

    def refresh(self, name: str, *, if_match: str = "", key: str = "") -> Changed:
        """The external table, with the schema and the size that it has by now."""
        return self._change(REFRESH_TABLE, name, if_match=if_match, key=key)

    def freshness(self, name: str) -> Freshness:
        """When the newest of the table was made, and how much of it a run would make again."""
        return self._asker.ask(SHOW_FRESHNESS, Asked(place={"full_name": name}))

    def schemas(self, name: str) -> Sequence[SchemaVersion]:
        """The schemas the table has had, the newest first."""
        place = {"full_name": name}
        return list(paged(self._asker, SHOW_SCHEMAS, rows=lambda page: page.schemas, place=place))


class Views(Objects[View, ViewDetail]):
    """Queries under a name."""

    def __init__(self, asker: Asker) -> None:
        super().__init__(asker, VIEWS)

    def list(self, *, catalog: str = "", namespace: str = "", owner: str = "") -> Iterator[View]:
        """Views by catalog, namespace and name, page by page as they are used."""
        return self._listed({"catalog": catalog, "namespace": namespace, "owner": owner})

    def create(self, name: str, texts: Mapping[str, str], **said: Unpack[Said]) -> Changed:
        """A new view; `texts` has its query for each dialect, such as `duckdb`."""
        return self._create(CreateView, name, said={**said, "texts": texts})


class Volumes(Objects[Volume, VolumeDetail]):
    """Folders for files that are no table."""

    def __init__(self, asker: Asker) -> None:
        super().__init__(asker, VOLUMES)

    def list(self, *, catalog: str = "", namespace: str = "", owner: str = "") -> Iterator[Volume]:
        """Volumes by catalog, namespace and name, page by page as they are used."""
        return self._listed({"catalog": catalog, "namespace": namespace, "owner": owner})

    def create(self, name: str, **said: Unpack[VolumeSaid]) -> Changed:
        """A new volume; or, registered, the folder at `location`."""
        return self._create(CreateVolume, name, said=said)


class Functions(Objects[Function, FunctionDetail]):
    """Functions with a body per dialect."""

    def __init__(self, asker: Asker) -> None:
        super().__init__(asker, FUNCTIONS)

    def list(
        self, *, catalog: str = "", namespace: str = "", owner: str = ""
    ) -> Iterator[Function]:
        """Functions by catalog, namespace and name, page by page as they are used."""
        return self._listed({"catalog": catalog, "namespace": namespace, "owner": owner})

    def create(
        self,
        name: str,
        texts: Mapping[str, str],
        *,
        returns: str,
        parameters: Sequence[Parameter | Mapping[str, Any]] = (),
        **said: Unpack[Said],
    ) -> Changed:
        """A new function; `texts` has its body for each dialect."""
        own = {"texts": texts, "returns": returns, "parameters": parameters}
        return self._create(CreateFunction, name, said={**said, **own})


def _fitting(kind: type[msgspec.Struct], given: Mapping[str, Any]) -> msgspec.Struct:
    """The body that these fields make.

    Raises: Invalid REQUEST_INVALID.
    """
    try:
        return msgspec.convert(given, kind, from_attributes=True)
    except msgspec.ValidationError as error:
        raise Invalid(
            "REQUEST_INVALID",
            f"the request does not fit: {error}",
            hint=f"its fields are {', '.join(kind.__struct_encode_fields__)}",
        ) from error


__all__ = [
    "Catalogs",
    "Described",
    "Functions",
    "Namespaces",
    "Objects",
    "Said",
    "TableSaid",
    "Tables",
    "Views",
    "VolumeSaid",
    "Volumes",
]
