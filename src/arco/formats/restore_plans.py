"""What a restore would do, worked out before anything is done.

Changes nothing. Must not know how a restore is carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import unquote

from arco.catalog.finding import find_table
from arco.engine.garbage import collection_of, first_condemned
from arco.engine.past import Past, state_at
from arco.errors import Invalid, NotFound
from arco.formats import kinds
from arco.formats.kinds import KINDS
from arco.formats.steps import is_same, without
from arco.formats.versions import PublishedVersion, TableSnapshot
from arco.model import State
from arco.orchestration.commands.restores import Held, restored_partitions
from arco.orchestration.definitions import Format
from arco.orchestration.published import recorded_entry
from arco.orchestration.restores import Restore, RestoredPartition
from arco.orchestration.rows import Asset, Pin, PreparedTable
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import ASSETS, PARTITION_STATUS, PINS
from arco.service.restores import RestorePlan, TablePlan
from arco.service.table_formats import format_of
from arco.service.workspace import Workspace
from arco.store import keys


async def plan_restore(workspace: Workspace, names: Sequence[str], *, slot: int) -> RestorePlan:
    """What bringing these tables back to a slot would do.

    Cost: `state_at`, and a LIST and two log replays a table. Raises: NotFound TABLE_NOT_FOUND,
    TABLE_ABSENT_THEN, FILES_GONE; Invalid PARTITIONING_CHANGED, DELTA_FEATURE_UNSUPPORTED,
    TABLE_NOT_PUBLISHED_HERE.
    """
    past = await state_at(workspace.database, slot)
    tables = [await _planned(workspace, name, past=past) for name in dict.fromkeys(names)]
    return RestorePlan(slot=slot, committed_at=past.position.committed_at, tables=tuple(tables))


async def _planned(workspace: Workspace, name: str, *, past: Past) -> TablePlan:
    asset, version_now, version_then = await _versions(workspace, name, past=past)
    location = location_of(workspace, asset.table_id)
    read = workspace.runtime.thread
    now = await read(kinds.snapshot, location, version_now)
    then = await read(kinds.snapshot, location, version_then)
    KINDS[now.format].refuse_features(now, "replace")
    _refuse_partitioning(asset, then)
    await refuse_missing(workspace, asset, then=then)
    probe = PreparedTable(
        table_id=asset.table_id, asset=asset.key, version=version_now.number + 1, sha256=""
    )
    partitions = await _partitions(workspace, past, tables=(probe,))
    return TablePlan(
        table=asset.key,
        version_now=version_now.number,
        version_then=version_then.number,
        rows_now=now.rows,
        rows_then=then.rows,
        files_added=len(without(then, now)),
        files_removed=len(without(now, then)),
        partitions=len(partitions),
        is_unchanged=is_same(now, then) and not partitions,
    )


async def _versions(
    workspace: Workspace, name: str, *, past: Past
) -> tuple[Asset, PublishedVersion, PublishedVersion]:
    """The asset, what readers see now, and what they saw then."""

    def present(state: State) -> tuple[Asset, PublishedVersion]:
        key = find_table(state, name).full_name
        asset, pin = state.get(ASSETS, key), state.get(PINS, key)
        if asset is None or pin is None:
            raise _never_published(name)
        return asset, _as_published(state, pin, format=format_of(state, asset))

    asset, version_now = await workspace.database.asked(present)
    then = await past.asked(lambda state: state.get(PINS, asset.key))
    if then is None or then.table_id != asset.table_id:
        raise NotFound(
            "TABLE_ABSENT_THEN",
            f"{name} had no data at slot {past.seq}",
            hint=f"`arco history {name}` lists its versions and their slots",
        )
    seen = partial(_as_published, pin=then, format=version_now.format)
    return asset, version_now, await past.asked(seen)


def _as_published(state: State, pin: Pin, *, format: Format) -> PublishedVersion:
    entry = recorded_entry(state, pin.asset, version=pin.version)
    return PublishedVersion(pin.version, entry, format)


def _never_published(name: str) -> Invalid:
    return Invalid(
        "TABLE_NOT_PUBLISHED_HERE",
        f"no asset has published a version of {name}, so there is none to bring back",
        hint="whoever writes its files can bring them back",
    )


def _refuse_partitioning(asset: Asset, then: TableSnapshot) -> None:
    """What comes back must fit the asset that will write to it."""
    columns = set(asset.definition.partition_carriers.values())
    if not asset.removed and columns != set(then.partition_columns):
        raise Invalid(
            "PARTITIONING_CHANGED",
            f"version {then.version} of {asset.key} is partitioned by "
            f"{sorted(then.partition_columns)}, the deployed asset by {sorted(columns)}",
            hint="deploy the asset with the partitions it had then, and restore again",
        )


async def refuse_missing(workspace: Workspace, asset: Asset, *, then: TableSnapshot) -> None:
    """Nothing, when every file of that version is there and kept.

    Raises: NotFound FILES_GONE. Cost: a LIST.
    """
    folder = keys.warehouse(asset.table_id)
    sizes = {entry.key: entry.size_bytes for entry in await workspace.store.list(folder)}
    files = {folder + unquote(file.path): file.size_bytes for file in then.files}
    gone = [name for name, size_bytes in files.items() if sizes.get(name) != size_bytes]
    condemned = await workspace.database.asked(lambda state: first_condemned(state, list(files)))
    first = gone[0] if gone else condemned
    if first is None:
        return
    floor = await workspace.database.asked(lambda state: collection_of(state).floor)
    raise NotFound(
        "FILES_GONE",
        f"files of version {then.version} of {asset.key} are gone, cut or being deleted: {first}",
        hint=f"from slot {floor} on everything is kept: choose a later version, bring the file "
        "back from a backup, or run the asset",
        floor=floor,
    )


async def _partitions(
    workspace: Workspace, past: Past, *, tables: tuple[PreparedTable, ...]
) -> list[RestoredPartition]:
    held = await held_then(past, [table.asset for table in tables])
    row = Restore(
        restore_id="",
        state=PublicationState.STARTED,
        slot=past.seq,
        versions={},
        tables=tables,
        started_at=past.position.committed_at,
    )
    return await workspace.database.asked(lambda state: restored_partitions(state, row, held=held))


async def held_then(past: Past, assets: Sequence[str]) -> Held:
    """What the partitions of these assets held."""

    def question(state: State) -> Held:
        return {
            asset: {
                row.partition_key: row.materialization
                for row in state.range(PARTITION_STATUS, asset)
                if row.materialization is not None
            }
            for asset in assets
        }

    return await past.asked(question)


def location_of(workspace: Workspace, table_id: str) -> str:
    """Where a managed table stands."""
    return workspace.store.location(keys.warehouse(table_id).rstrip("/"))


__all__ = [
    "held_then",
    "location_of",
    "plan_restore",
    "refuse_missing",
]
