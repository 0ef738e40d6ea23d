"""Table-log entries with fixed bytes: written aside, then created in their place by anybody.

Repeating a step changes nothing, and a foreign entry is never overwritten. Must not know what an
entry says or who moves the table.
Source: orchestration, "Publishing".
"""

from __future__ import annotations

from arco.catalog.commands import PublishedVersion
from arco.errors import Corrupt
from arco.formats import snapshot as snapshots
from arco.formats.columns import columns_of_delta
from arco.formats.snapshot import TableSnapshot
from arco.ids import sha256
from arco.model import State
from arco.orchestration.rows import Asset, PreparedTable
from arco.orchestration.tables import ASSETS
from arco.store import keys
from arco.store.port import Store, StoreFault


async def fixed_entry(
    store: Store, asset: Asset, *, data: bytes, version: int, owner: str
) -> PreparedTable:
    """The entry's bytes are durable under a name that says whose they are. Cost: 1 PUT."""
    digest = sha256(data)
    name = keys.prepared_entry(asset.table_id, f"{owner}-{digest[:16]}", version)
    if not await store.create(name, data):
        await store.confirm(name)
    return PreparedTable(
        table_id=asset.table_id, asset=asset.key, version=version, sha256=digest, prepared=name
    )


def as_fixed(table: PreparedTable) -> snapshots.PublishedVersion:
    """The version that the entry makes, and what of it is compared when it is read."""
    return snapshots.PublishedVersion(table.version, table.sha256)


async def entry_stands(store: Store, table: PreparedTable) -> bool:
    """The table's entry stands and is durable. False: somebody else's has its place.

    Raises: Corrupt when it does not stand and cannot be made from what was fixed.
    """
    name = keys.delta_entry(table.table_id, table.version)
    data = await store.get(table.prepared)
    is_whole = data is not None and sha256(data) == table.sha256
    if data is not None and is_whole and await store.create(name, data):
        return True
    standing = await store.get(name)
    if standing is not None and sha256(standing) == table.sha256:
        # Its creator may have died before it survived a power loss.
        await store.confirm(name)
        return True
    if not is_whole:
        raise Corrupt(
            "PREPARED_ENTRY_DAMAGED",
            f"the prepared log entry of {table.asset} is not what was fixed",
            hint="run `arco verify`; the files it names are untouched",
        )
    if standing is None:
        raise StoreFault(f"{name} is said to exist and is not there")
    return False


def published_version(
    state: State, table: PreparedTable, *, snapshot: TableSnapshot
) -> PublishedVersion:
    """What the catalog says about a table once this version is what readers see."""
    asset = state.get(ASSETS, table.asset)
    assert asset is not None, table.asset
    return PublishedVersion(
        table_id=table.table_id,
        namespace=asset.definition.namespace,
        name=asset.definition.name,
        version=table.version,
        columns=columns_of_delta(snapshot.schema),
        rows=snapshot.rows,
        size_bytes=sum(file.size_bytes for file in snapshot.files),
        files=len(snapshot.files),
        location=keys.warehouse(table.table_id),
        description=asset.definition.description,
        owner=next(iter(asset.definition.owners), ""),
        tags=asset.definition.tags,
        partition_columns=snapshot.partition_columns,
    )


__all__ = ["as_fixed", "entry_stands", "fixed_entry", "published_version"]
