"""The catalog as a domain: its tables, and one reducer for each of its events."""

from __future__ import annotations

from arco.catalog import events, tables
from arco.catalog.reducers import changing, creating, placing, publishing
from arco.model import Domain

DOMAIN = Domain(
    "catalog",
    tables.ALL,
    {
        events.CatalogCreated: creating.catalog_created,
        events.CatalogCreatedV2: creating.catalog_created_described,
        events.NamespaceCreated: creating.namespace_created,
        events.NamespaceCreatedV2: creating.namespace_created_within,
        events.TableRegistered: creating.table_registered,
        events.TableRegisteredV2: creating.table_registered_described,
        events.TableVersionPublished: publishing.table_version_published,
        events.TableVersionPublishedV2: publishing.table_version_published_with_schema,
        events.TableRefreshed: publishing.table_refreshed,
        events.ViewCreated: creating.view_created,
        events.VolumeCreated: creating.volume_created,
        events.FunctionCreated: creating.function_created,
        events.ObjectAltered: changing.object_altered,
        events.ObjectTagged: changing.object_tagged,
        events.ObjectMoved: placing.object_moved,
        events.ObjectDropped: placing.object_dropped,
        events.ObjectUndropped: placing.object_undropped,
        events.ObjectsPurged: placing.objects_purged,
        events.FilesPurged: placing.files_purged,
    },
)

__all__ = ["DOMAIN"]
