"""The catalog as a domain: its tables, and one reducer for each of its events."""

from __future__ import annotations

from arco.catalog import tables
from arco.catalog.events import (
    CatalogCreated,
    NamespaceCreated,
    TableRegistered,
    TableVersionPublished,
)
from arco.catalog.reducers import (
    catalog_created,
    namespace_created,
    table_registered,
    table_version_published,
)
from arco.model import Domain

DOMAIN = Domain(
    "catalog",
    tables.ALL,
    {
        CatalogCreated: catalog_created,
        NamespaceCreated: namespace_created,
        TableRegistered: table_registered,
        TableVersionPublished: table_version_published,
    },
)

__all__ = ["DOMAIN"]
