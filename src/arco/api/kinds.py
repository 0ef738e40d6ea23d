"""What each kind of object is over HTTP: the one table that its routes are made of.

Must not know how any route is made.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from arco.catalog.changes import (
    CreateCatalog,
    CreateFunction,
    CreateNamespace,
    CreateTable,
    CreateView,
    CreateVolume,
)
from arco.catalog.kinds import Kind
from arco.service.objects import (
    CatalogDetail,
    FunctionDetail,
    NamespaceDetail,
    ViewDetail,
    VolumeDetail,
)
from arco.service.summaries import TableDetail
from arco.wire.objects import (
    PLURALS,
    CatalogList,
    FunctionList,
    NamespaceList,
    TableList,
    ViewList,
    VolumeList,
)

FILTERS = frozenset({"catalog", "namespace", "owner", "format"})
Wanted = TypeVar("Wanted")
Listed = TypeVar("Listed")
Detail = TypeVar("Detail")


class Declared(msgspec.Struct, Generic[Wanted, Listed, Detail], frozen=True, kw_only=True):
    """One kind of object: what creates it, lists it and shows it, and what is said of that."""

    kind: Kind
    wanted: type[Wanted]
    """What asks for a new one."""
    listed: type[Listed]
    """A page of them."""
    detail: type[Detail]
    """One of them."""
    filters: frozenset[str] = FILTERS - {"format"}
    """By what a list of them can be narrowed."""
    creating: str
    """What creating one is called."""
    creates: str
    """What is created."""
    lists: str
    """What is listed, in which order."""
    shows: str
    """What is told of one."""

    @property
    def plural(self) -> str:
        """Several of them, as the path spells it."""
        return PLURALS[self.kind]


DECLARED = (
    Declared(
        kind=Kind.CATALOG,
        wanted=CreateCatalog,
        listed=CatalogList,
        detail=CatalogDetail,
        filters=frozenset({"owner"}),
        creating="Create a catalog",
        creates="A collection of namespaces.",
        lists="Catalogs by name, page by page.",
        shows="One catalog with its tags.",
    ),
    Declared(
        kind=Kind.NAMESPACE,
        wanted=CreateNamespace,
        listed=NamespaceList,
        detail=NamespaceDetail,
        filters=frozenset({"catalog", "owner"}),
        creating="Create a namespace",
        creates="A namespace in a catalog or in another namespace: `sales`, `sales.eu`, "
        "`lab.sales`.",
        lists="Namespaces of every depth by catalog and name, page by page.",
        shows="One namespace with its tags.",
    ),
    Declared(
        kind=Kind.TABLE,
        wanted=CreateTable,
        listed=TableList,
        detail=TableDetail,
        filters=FILTERS,
        creating="Create or register a table",
        creates="A managed table with the columns given; or, with a `location`, a Delta, Iceberg "
        "or Parquet\ntable that stands there already: its schema is read.",
        lists="Tables with the version that readers see now, by catalog, namespace and name, page "
        "by\npage.",
        shows="One table with the columns of its present schema, its tags and its statistics.",
    ),
    Declared(
        kind=Kind.VIEW,
        wanted=CreateView,
        listed=ViewList,
        detail=ViewDetail,
        creating="Create a view",
        creates="A query under a name. `POST /api/v1/query` reads it by its `duckdb` text.",
        lists="Views by catalog, namespace and name, page by page.",
        shows="One view with its tags.",
    ),
    Declared(
        kind=Kind.VOLUME,
        wanted=CreateVolume,
        listed=VolumeList,
        detail=VolumeDetail,
        creating="Create or register a volume",
        creates="A folder for files that are no table: one of ours, or the one at `location`.",
        lists="Volumes by catalog, namespace and name, page by page.",
        shows="One volume with its tags.",
    ),
    Declared(
        kind=Kind.FUNCTION,
        wanted=CreateFunction,
        listed=FunctionList,
        detail=FunctionDetail,
        creating="Create a function",
        creates="A function under a name, with a body per dialect.",
        lists="Functions by catalog, namespace and name, page by page.",
        shows="One function with its tags.",
    ),
)

__all__ = ["DECLARED", "FILTERS", "Declared"]
