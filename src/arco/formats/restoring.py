"""Restoring: tables become what they were at a slot, all of them in one commit, by rolling forward.

What would change is worked out first and changes nothing; then versions and bytes are fixed, the
table-log entries created, and one commit moves what readers see and what partitions hold. Whoever
leads finishes what was started; what a foreign version made impossible is taken back.
Source: ADR 16, ADR 24.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from urllib.parse import unquote

import msgspec

from arco.catalog.commands import PublishVersions, publish_versions
from arco.engine.garbage import collection_of
from arco.engine.past import state_at
from arco.errors import ArcoError, Conflict, Invalid, NotFound
from arco.formats import kinds
from arco.formats.entries import displaced_of, fixed_entry, published_version, snapshots_of
from arco.formats.kinds import KINDS
from arco.formats.restore_plans import (
    held_then,
    location_of,
    plan_restore,
    refuse_missing,
)
from arco.formats.steps import Reversion, reverted, without
from arco.formats.undoing import undo_of
from arco.formats.versions import PublishedVersion
from arco.ids import milliseconds, new_ulid
from arco.lineage.domain import next_recording
from arco.lineage.events import ObservedRead, ReadsRecordedV2
from arco.lineage.tables import OBSERVATIONS
from arco.model import Decision, Event, State
from arco.orchestration.commands.restores import (
    AbandonRestore,
    FinishRestore,
    RebaseRestore,
    StartRestore,
    abandon_restore,
    finish_restore,
    finish_undoing_restore,
    rebase_restore,
    start_restore,
)
from arco.orchestration.published import recorded_entry
from arco.orchestration.restores import (
    RESTORES,
    Restore,
    TablesRestored,
    is_abandoned,
    is_moving,
)
from arco.orchestration.rows import Asset, PreparedTable
from arco.orchestration.tables import ASSETS, PINS
from arco.service.restores import RestorePlan
from arco.service.table_formats import format_of
from arco.service.workspace import Workspace
from arco.store import keys

REBASES_MAX = 100
STARTS_MAX = 10


async def begin_restore(workspace: Workspace, plan: RestorePlan, *, actor: str) -> str:
    """The id of the restore that was started; empty when every table is what it was.

    Raises: Conflict TABLE_BUSY; what `plan_restore` raises.
    """
    for _ in range(STARTS_MAX):
        ready = await ready_restore(workspace, plan, actor=actor)
        if ready is None:
            return ""
        receipt = await workspace.database.transact(ready.decision)
        if receipt.events:
            return ready.restore_id
        plan = await plan_restore(workspace, ready.tables, slot=plan.slot)
    raise tables_busy([each.table for each in plan.tables])


class ReadyRestore(msgspec.Struct, frozen=True):
    """A restore with everything written that its start names."""

    restore_id: str
    tables: tuple[str, ...]
    decision: Decision
    """Starts it; silent once a table or what is kept has moved since."""


async def ready_restore(
    workspace: Workspace, plan: RestorePlan, *, actor: str
) -> ReadyRestore | None:
    """The restore, ready to be started; None when every table is what it was.

    Raises: what `plan_restore` raises.
    """
    changed = {each.table: each.version_then for each in plan.tables if not each.is_unchanged}
    if not changed:
        return None
    restore_id = new_ulid(workspace.runtime)
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
    return ReadyRestore(restore_id, tuple(changed), decision)


def tables_busy(names: Sequence[str]) -> Conflict:
    """The refusal of a restore whose tables do not stand still."""
    return Conflict(
        "TABLE_BUSY",
        f"{', '.join(names)} moved each time it was about to be restored",
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
        if row is None or not is_moving(row):
            return
        displaced = await displaced_of(workspace, row.tables)
        if displaced and is_abandoned(row):
            await _rebase_undo(workspace, row, displaced=displaced)
        elif displaced:
            try:
                await _rebase(workspace, row, displaced=displaced)
            except (Invalid, NotFound) as error:
                await _abandon(workspace, row, displaced=displaced, error=error)
        elif is_abandoned(row):
            await workspace.database.transact(finish_undoing_restore(restore_id))
        else:
            await _finish(workspace, row)


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
    asset, seen = await workspace.database.asked(partial(_seen, name=name, onto=onto))
    location, format = location_of(workspace, asset.table_id), seen.format
    then = PublishedVersion(version, format=format)
    before = await workspace.runtime.thread(kinds.snapshot, location, seen)
    target = await workspace.runtime.thread(kinds.snapshot, location, then)
    await refuse_missing(workspace, asset, then=target)
    reversion = Reversion(
        table_id=asset.table_id,
        restore_id=restore_id,
        target=target,
        committed_at_ms=milliseconds(workspace.runtime.now()),
    )
    step = reverted(reversion, before)
    data = await workspace.runtime.thread(KINDS[format].entry, step, before)
    table = await fixed_entry(
        workspace.store, asset, data=data, version=seen.number + 1, owner=restore_id
    )
    folder = keys.warehouse(asset.table_id)
    files = (folder + unquote(file.path) for file in without(target, before))
    return _Prepared(table, tuple(files))


def _seen(state: State, *, name: str, onto: int | None) -> tuple[Asset, PublishedVersion]:
    """The asset, and the version that is built upon: `onto`, or what readers see."""
    asset, pin = state.get(ASSETS, name), state.get(PINS, name)
    assert asset is not None and pin is not None, name
    version = pin.version if onto is None else onto
    entry = recorded_entry(state, name, version=version)
    return asset, PublishedVersion(version, entry, format_of(state, asset))


async def _rebase(workspace: Workspace, row: Restore, *, displaced: list[PreparedTable]) -> None:
    moved = []
    for table in displaced:
        location = location_of(workspace, table.table_id)
        _, seen = await workspace.database.asked(partial(_seen, name=table.asset, onto=None))
        newest = await workspace.runtime.thread(KINDS[seen.format].latest_version, location)
        version = row.versions[table.asset]
        again = await _prepared(
            workspace, table.asset, version=version, restore_id=row.restore_id, onto=newest
        )
        moved.append(again.table)
    command = RebaseRestore(restore_id=row.restore_id, tables=tuple(moved))
    await workspace.database.transact(rebase_restore(command))


async def _abandon(
    workspace: Workspace,
    row: Restore,
    *,
    displaced: list[PreparedTable],
    error: Invalid | NotFound,
) -> None:
    """What a foreign version refuses ends the restore; what stands of it goes back."""
    standing = [table for table in row.tables if table not in displaced]
    undo = await undo_of(workspace, standing, run_id=row.restore_id)
    command = AbandonRestore(
        restore_id=row.restore_id,
        tables=undo.tables,
        standing=undo.standing,
        code=error.code,
        message=_why(error, displaced, left=undo.left),
    )
    await workspace.database.transact(abandon_restore(command))


async def _rebase_undo(
    workspace: Workspace, row: Restore, *, displaced: list[PreparedTable]
) -> None:
    """Displaced entries that take ours back follow the foreign ones; or cannot any more."""
    moved, standing = {table.table_id for table in displaced}, row.standing or ()
    ours = [each for each in standing if each.table_id in moved]
    undo = await undo_of(workspace, ours, run_id=row.restore_id)
    if undo.left:
        kept = tuple(table for table in row.tables if table.asset not in undo.left)
        fewer = AbandonRestore(
            restore_id=row.restore_id, tables=kept, standing=standing, code="", message=""
        )
        await workspace.database.transact(abandon_restore(fewer))
    command = RebaseRestore(restore_id=row.restore_id, tables=undo.tables)
    await workspace.database.transact(rebase_restore(command))


def _why(error: ArcoError, displaced: Sequence[PreparedTable], *, left: Sequence[str]) -> str:
    """What whoever asked for the restore is told."""
    names = ", ".join(table.asset for table in displaced)
    lines = [
        f"{error.code}: another program changed {names} while it was restored, and what it was "
        f"cannot be brought back on top of that. {error.message}. {error.hint}. No table was "
        "restored."
    ]
    if left:
        lines.append(f"{', '.join(left)} cannot be written to any more and keeps its rows.")
    return " ".join(lines)


async def _finish(workspace: Workspace, row: Restore) -> None:
    past = await state_at(workspace.database, row.slot)
    names = [table.asset for table in row.tables]
    command = FinishRestore(restore_id=row.restore_id, held=await held_then(past, names))
    reads = await past.asked(lambda state: _reads(state, row))
    snapshots = await snapshots_of(workspace, row.tables)

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
        recorded = ReadsRecordedV2(
            run_id=row.restore_id,
            reads=_moved(restored, reads),
            recorded_at=now,
            number=next_recording(state),
        )
        return [*restored, *publish_versions(versions, state, now=now), Event(recorded)]

    await workspace.database.transact(decide)


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


def _moved(restored: Sequence[Event], reads: list[ObservedRead]) -> tuple[ObservedRead, ...]:
    """The reads of partitions that hold something else now."""
    payload = restored[0].payload
    assert isinstance(payload, TablesRestored)
    moved = {(each.asset, each.partition_key) for each in payload.partitions}
    return tuple(read for read in reads if (read.downstream, read.partition_key) in moved)


def _nothing_new(name: str) -> str:
    raise AssertionError(f"a restored table is registered: {name}")


__all__ = [
    "ReadyRestore",
    "begin_restore",
    "ready_restore",
    "restore",
    "tables_busy",
]
