"""Table-log entries with fixed bytes: written aside, then created in their place by anybody.

Repeating a step changes nothing, and a foreign entry is never overwritten. Must not know what an
entry says or who moves the table.
Source: orchestration, "Publishing".
"""

from __future__ import annotations

from collections.abc import Iterable

from arco.catalog.commands import PublishedVersion
from arco.errors import Corrupt
from arco.formats import kinds, versions
from arco.formats.columns import columns_of_delta
from arco.formats.versions import TableSnapshot
from arco.ids import sha256
from arco.model import State
from arco.orchestration.definitions import Format
from arco.orchestration.rows import Asset, PreparedTable
from arco.orchestration.tables import ASSETS
from arco.service.table_formats import format_of
from arco.service.workspace import Workspace
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


def as_fixed(table: PreparedTable, format: Format) -> versions.PublishedVersion:
    """The version that the entry makes, and what of it is compared when it is read."""
    return versions.PublishedVersion(table.version, table.sha256, format)


async def moving(
    workspace: Workspace, tables: Iterable[PreparedTable]
) -> list[tuple[PreparedTable, Format]]:
    """The tables with their formats, in their order."""

    def known(state: State) -> list[tuple[PreparedTable, Format]]:
        return [(table, _format(state, table)) for table in tables]

    return await workspace.database.asked(known)


def _format(state: State, table: PreparedTable) -> Format:
    asset = state.get(ASSETS, table.asset)
    assert asset is not None, table.asset
    return format_of(state, asset)


async def displaced_of(
    workspace: Workspace, tables: Iterable[PreparedTable]
) -> list[PreparedTable]:
    """Those tables in whose entry's place another program's stands; all the others' stand."""
    return [
        table
        for table, format in await moving(workspace, tables)
        if not await _entry_stands(workspace.store, table, format=format)
    ]


async def snapshots_of(
    workspace: Workspace, tables: Iterable[PreparedTable]
) -> dict[str, TableSnapshot]:
    """Table id -> the version that its entry makes."""
    folder = workspace.store.location
    return {
        table.table_id: await workspace.runtime.thread(
            kinds.snapshot,
            folder(keys.warehouse(table.table_id).rstrip("/")),
            as_fixed(table, format),
        )
        for table, format in await moving(workspace, tables)
    }


async def _entry_stands(store: Store, table: PreparedTable, *, format: Format) -> bool:
    """The table's entry stands and is durable. False: somebody else's has its place.

    Raises: Corrupt when it does not stand and cannot be made from what was fixed.
    """
    name = kinds.KINDS[format].entry_name(table.table_id, table.version)
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
        format=snapshot.format,
        description=asset.definition.description,
        owner=next(iter(asset.definition.owners), ""),
        tags=asset.definition.tags,
        partition_columns=snapshot.partition_columns,
    )


__all__ = [
    "as_fixed",
    "displaced_of",
    "fixed_entry",
    "moving",
    "published_version",
    "snapshots_of",
]
