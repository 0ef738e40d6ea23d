"""Restoring: tables become what they were at a slot, all of them in one commit, by rolling forward.

What would change is worked out first and changes nothing; then versions and bytes are fixed, the
table-log entries created, and one commit moves what readers see and what partitions hold. Whoever
leads finishes what was started.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from urllib.parse import unquote

import msgspec

from arco.catalog.commands import PublishVersions, find_table, publish_versions
from arco.engine.garbage import collection_of, first_condemned
from arco.engine.past import Past, state_at
from arco.errors import Conflict, Invalid, NotFound
from arco.formats import delta
from arco.formats.entries import entry_stands, fixed_entry, published_version
from arco.formats.reverting import Reversion, is_same, revert, without
from arco.formats.snapshot import TableSnapshot
from arco.ids import milliseconds, new_ulid
from arco.lineage.domain import ObservedRead, ReadsRecorded
from arco.lineage.tables import OBSERVATIONS
from arco.model import Event, State
from arco.orchestration.commands.restores import (
    FinishRestore,
    Held,
    RebaseRestore,
    StartRestore,
    finish_restore,
    rebase_restore,
    restored_partitions,
    start_restore,
)
from arco.orchestration.restores import RESTORES, Restore, RestoredPartition, TablesRestored
from arco.orchestration.rows import Asset, PreparedTable
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import ASSETS, PARTITION_STATUS, PINS
from arco.service.workspace import Workspace
from arco.store import keys

REBASES_MAX = 100
STARTS_MAX = 10


class TablePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore would do to one table."""

    table: str
    version_now: int
    version_then: int
    rows_now: int
    rows_then: int
    files_added: int
    files_removed: int
    partitions: int
    """Partitions that would hold something else."""
    is_unchanged: bool
    """True: the table is what it was, nothing has to be done."""


class RestorePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore would do; nothing has happened yet."""

    slot: int
    committed_at: datetime
    tables: tuple[TablePlan, ...]


async def plan_restore(workspace: Workspace, names: Sequence[str], *, slot: int) -> RestorePlan:
    """What bringing these tables back to a slot would do.

    Cost: `state_at`, and a LIST and two log replays a table. Raises: NotFound TABLE_NOT_FOUND,
    TABLE_ABSENT_THEN, FILES_GONE; Invalid PARTITIONING_CHANGED, DELTA_FEATURE_UNSUPPORTED.
    """
    past = await state_at(workspace.database, slot)
    tables = [await _planned(workspace, name, past=past) for name in dict.fromkeys(names)]
    return RestorePlan(slot=slot, committed_at=past.position.committed_at, tables=tuple(tables))


async def begin_restore(workspace: Workspace, plan: RestorePlan, *, actor: str) -> str:
    """The id of the restore that was started; empty when every table is what it was.

    Raises: Conflict TABLE_BUSY; what `plan_restore` raises.
    """
    restore_id = new_ulid(workspace.runtime)
    for _ in range(STARTS_MAX):
        changed = {each.table: each.version_then for each in plan.tables if not each.is_unchanged}
        if not changed:
            return ""
        collected = await workspace.database.asked(_collected)
        prepared = [
            await _prepared(workspace, name, version=version, restore_id=restore_id)
            for name, version in changed.items()
        ]
        command = StartRestore(
            restore_id=restore_id,
            slot=plan.slot,
            versions=changed,
            tables=tuple(each.table for each in prepared),
            actor=actor,
            files=tuple(name for each in prepared for name in each.files),
        )
        decision = partial(_start, command=command, collected=collected)
        receipt = await workspace.database.transact(decision)
        if receipt.events:
            return restore_id
        plan = await plan_restore(workspace, list(changed), slot=plan.slot)
    raise Conflict(
        "TABLE_BUSY",
        f"{', '.join(changed)} moved each time it was about to be restored",
        hint="stop the runs that publish it, then ask again",
    )


def _start(
    state: State, now: datetime, *, command: StartRestore, collected: int
) -> Sequence[Event]:
    """Nothing, too, when objects were deleted since the files were seen: they are looked at again.

    One that is only condemned refuses the event, which names it.
    """
    return start_restore(command)(state, now) if _collected(state) == collected else ()


def _collected(state: State) -> int:
    return collection_of(state).collected_names


async def restore(workspace: Workspace, restore_id: str) -> None:
    """The restore moves forward to its end. Idempotent: by restore id."""
    for _ in range(REBASES_MAX):
        row = await workspace.database.asked(lambda state: state.get(RESTORES, restore_id))
        if row is None or row.state is not PublicationState.STARTED:
            return
        displaced = [
            table for table in row.tables if not await entry_stands(workspace.store, table)
        ]
        if displaced:
            await _rebase(workspace, row, displaced=displaced)
        else:
            await _finish(workspace, row)


async def _planned(workspace: Workspace, name: str, *, past: Past) -> TablePlan:
    asset, version_now, version_then = await _versions(workspace, name, past=past)
    location = _location(workspace, asset.table_id)
    read = workspace.runtime.thread
    now = await read(delta.snapshot, location, version_now)
    then = await read(delta.snapshot, location, version_then)
    delta.refuse_features(now, "replace")
    _refuse_partitioning(asset, then)
    await _refuse_missing(workspace, asset, then=then)
    probe = PreparedTable(
        table_id=asset.table_id, asset=asset.key, version=version_now + 1, sha256=""
    )
    partitions = await _partitions(workspace, past, tables=(probe,))
    return TablePlan(
        table=asset.key,
        version_now=version_now,
        version_then=version_then,
        rows_now=now.rows,
        rows_then=then.rows,
        files_added=len(without(then, now)),
        files_removed=len(without(now, then)),
        partitions=len(partitions),
        is_unchanged=is_same(now, then) and not partitions,
    )


async def _versions(workspace: Workspace, name: str, *, past: Past) -> tuple[Asset, int, int]:
    def present(state: State) -> tuple[Asset, int]:
        find_table(state, name)
        asset, pin = state.get(ASSETS, name), state.get(PINS, name)
        assert asset is not None and pin is not None, name
        return asset, pin.version

    asset, version_now = await workspace.database.asked(present)
    then = await past.asked(lambda state: state.get(PINS, name))
    if then is None or then.table_id != asset.table_id:
        raise NotFound(
            "TABLE_ABSENT_THEN",
            f"{name} had no data at slot {past.seq}",
            hint=f"`arco history {name}` lists its versions and their slots",
        )
    return asset, version_now, then.version


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


async def _refuse_missing(workspace: Workspace, asset: Asset, *, then: TableSnapshot) -> None:
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


class _Prepared(msgspec.Struct, frozen=True):
    """A table's next version with fixed bytes, and the objects it has that the last one had not."""

    table: PreparedTable
    files: tuple[str, ...]


async def _prepared(
    workspace: Workspace, name: str, *, version: int, restore_id: str, onto: int | None = None
) -> _Prepared:
    """The entry that brings `version` back, on top of what readers see, or of version `onto`.

    Raises: NotFound FILES_GONE.
    """
    asset = await workspace.database.asked(lambda state: state.get(ASSETS, name))
    pin = await workspace.database.asked(lambda state: state.get(PINS, name))
    assert asset is not None and pin is not None, name
    location = _location(workspace, asset.table_id)
    following = pin.version if onto is None else onto
    before = await workspace.runtime.thread(delta.snapshot, location, following)
    target = await workspace.runtime.thread(delta.snapshot, location, version)
    await _refuse_missing(workspace, asset, then=target)
    reversion = Reversion(
        table_id=asset.table_id,
        restore_id=restore_id,
        target=target,
        committed_at_ms=milliseconds(workspace.runtime.now()),
    )
    data = await workspace.runtime.thread(revert, reversion, before)
    table = await fixed_entry(
        workspace.store, asset, data=data, version=following + 1, owner=restore_id
    )
    folder = keys.warehouse(asset.table_id)
    files = (folder + unquote(file.path) for file in without(target, before))
    return _Prepared(table, tuple(files))


async def _rebase(workspace: Workspace, row: Restore, *, displaced: list[PreparedTable]) -> None:
    moved = []
    for table in displaced:
        location = _location(workspace, table.table_id)
        newest = await workspace.runtime.thread(delta.latest_version, location)
        version = row.versions[table.asset]
        again = await _prepared(
            workspace, table.asset, version=version, restore_id=row.restore_id, onto=newest
        )
        moved.append(again.table)
    command = RebaseRestore(restore_id=row.restore_id, tables=tuple(moved))
    await workspace.database.transact(rebase_restore(command))


async def _finish(workspace: Workspace, row: Restore) -> None:
    past = await state_at(workspace.database, row.slot)
    names = [table.asset for table in row.tables]
    command = FinishRestore(restore_id=row.restore_id, held=await _held(past, names))
    reads = await past.asked(lambda state: _reads(state, row))
    snapshots = {
        table.table_id: await workspace.runtime.thread(
            delta.snapshot, _location(workspace, table.table_id), table.version
        )
        for table in row.tables
    }

    def decide(state: State, now: datetime) -> Sequence[Event]:
        restored = finish_restore(command)(state, now)
        if not restored:
            return ()
        versions = PublishVersions(
            versions=tuple(
                published_version(state, table, snapshot=snapshots[table.table_id])
                for table in row.tables
            ),
            run_id=row.restore_id,
            actor=row.actor,
            mint=_nothing_new,
        )
        recorded = _recorded(restored, reads, restore_id=row.restore_id, now=now)
        return [*restored, *publish_versions(versions, state, now=now), recorded]

    await workspace.database.transact(decide)


async def _partitions(
    workspace: Workspace, past: Past, *, tables: tuple[PreparedTable, ...]
) -> list[RestoredPartition]:
    held = await _held(past, [table.asset for table in tables])
    row = Restore(
        restore_id="",
        state=PublicationState.STARTED,
        slot=past.seq,
        versions={},
        tables=tables,
        started_at=past.position.committed_at,
    )
    return await workspace.database.asked(lambda state: restored_partitions(state, row, held=held))


async def _held(past: Past, assets: Sequence[str]) -> Held:
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


def _reads(state: State, row: Restore) -> list[ObservedRead]:
    """What the content that comes back was made from."""
    return [
        ObservedRead(
            downstream=seen.downstream,
            upstream=seen.upstream,
            partition_key=seen.partition_key,
            upstream_partition_keys=seen.upstream_partition_keys,
            upstream_data_versions=seen.upstream_data_versions,
            upstream_version=seen.upstream_version,
            downstream_version=table.version,
        )
        for table in row.tables
        for seen in state.range(OBSERVATIONS, table.asset)
    ]


def _recorded(
    restored: Sequence[Event], reads: list[ObservedRead], *, restore_id: str, now: datetime
) -> Event:
    payload = restored[0].payload
    assert isinstance(payload, TablesRestored)
    moved = {(each.asset, each.partition_key) for each in payload.partitions}
    kept = tuple(read for read in reads if (read.downstream, read.partition_key) in moved)
    return Event(ReadsRecorded(run_id=restore_id, reads=kept, recorded_at=now))


def _nothing_new(name: str) -> str:
    raise AssertionError(f"a restored table is registered: {name}")


def _location(workspace: Workspace, table_id: str) -> str:
    return workspace.store.location(keys.warehouse(table_id).rstrip("/"))


__all__ = [
    "RestorePlan",
    "TablePlan",
    "begin_restore",
    "plan_restore",
    "restore",
]
