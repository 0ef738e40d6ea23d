"""Keeping tables small: what a table needs, its compaction to the end, and its checkpoint.

A compaction is published like a run: bytes are fixed, the table-log entry is created if its place
is free, and one commit moves what readers see. Whoever leads finishes what was started. Where
another program's version has the place, it is given up: nothing of it stood.
Source: ADR 40.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from arco.catalog.commands import PublishVersions, publish_versions
from arco.catalog.tables import TABLE_NAMES
from arco.errors import Conflict
from arco.formats import delta, kinds
from arco.formats.compacting import (
    Bin,
    as_table_file,
    bins_of,
    rewritten,
)
from arco.formats.entries import displaced_of, fixed_entry, published_version, snapshots_of
from arco.formats.kinds import KINDS
from arco.formats.restore_plans import location_of
from arco.formats.snapshot import LOG_FILE
from arco.formats.steps import Rewriting, compacted
from arco.formats.versions import PublishedVersion, TableFile, TableSnapshot
from arco.ids import attempt_id, milliseconds, new_ulid
from arco.model import Event, State
from arco.orchestration.commands.maintenance import (
    StartCompaction,
    abandon_compaction,
    finish_compaction,
    is_checkpoint_due,
    record_checkpoint,
    start_compaction,
)
from arco.orchestration.definitions import MaintenancePolicy
from arco.orchestration.maintenance import COMPACTIONS, Compaction, is_under_way
from arco.orchestration.published import recorded_entry
from arco.orchestration.rows import Asset, Pin
from arco.orchestration.tables import ASSETS, PINS, PUBLISHING
from arco.service.table_formats import format_of
from arco.service.workspace import Workspace
from arco.store import keys
from arco.store.creating import create_patiently

ANOTHER_WROTE = "another program wrote to the table meanwhile; nothing was changed"


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a table is, and what there is to do for it."""

    table: str
    version: int
    files: int
    size_bytes: int
    small_files: int = 0
    """How many files are put together."""
    becoming: int = 0
    """How many files they become."""
    checkpoint_is_due: bool = False
    """Whether a checkpoint of this version is missing."""
    busy: str = ""
    """Why nothing can be done now."""


class _Standing(msgspec.Struct, frozen=True):
    """A table as readers see it."""

    asset: Asset
    pin: Pin
    location: str
    snapshot: TableSnapshot
    newest: int
    """The newest version in the table's own log."""


def maintained_tables(state: State) -> list[str]:
    """The assets whose tables are ours to keep small, by key."""
    return [
        pin.asset
        for pin in state.range(PINS)
        if state.get(TABLE_NAMES, pin.table_id) is not None
        and state.get(ASSETS, pin.asset) is not None
    ]


async def needs_of(workspace: Workspace, table: str, *, policy: MaintenancePolicy) -> Needs:
    """What there is to do for the table; nothing is changed. Cost: replays the table's log."""
    standing = await _standing(workspace, table)
    bins = bins_of(standing.snapshot, policy) if policy.compact else []
    due = partial(wants_checkpoint, pin=standing.pin, policy=policy)
    return Needs(
        table=table,
        version=standing.pin.version,
        files=len(standing.snapshot.files),
        size_bytes=sum(file.size_bytes for file in standing.snapshot.files),
        small_files=sum(len(each.files) for each in bins),
        becoming=len(bins),
        checkpoint_is_due=await workspace.database.asked(due),
        busy=await workspace.database.asked(partial(_why_busy, standing=standing)),
    )


async def begin_compaction(
    workspace: Workspace, table: str, *, policy: MaintenancePolicy, actor: str = ""
) -> str:
    """The id of the compaction that was started; empty when there is nothing to do, or the table
    is moved by somebody. Whoever leads carries it to its end.

    Raises: Invalid DELTA_FEATURE_UNSUPPORTED; Corrupt DATA_FILE_DAMAGED.
    """
    standing = await _standing(workspace, table)
    bins = bins_of(standing.snapshot, policy) if policy.compact else []
    busy = await workspace.database.asked(partial(_why_busy, standing=standing))
    if busy or not bins:
        return ""
    KINDS[standing.snapshot.format].refuse_features(standing.snapshot, "append")
    compaction_id = new_ulid(workspace.runtime)
    added: list[TableFile] = []
    for index, each in enumerate(bins):
        attempt = f"{attempt_id(f'compaction:{compaction_id}')}-{index:08x}"
        added += await _written(workspace, standing, together=each, attempt=attempt)
    removed = tuple(file for each in bins for file in each.files)
    rewriting = Rewriting(
        table_id=standing.asset.table_id,
        compaction_id=compaction_id,
        removed=removed,
        added=tuple(added),
        committed_at_ms=milliseconds(workspace.runtime.now()),
    )
    command = await _prepared(workspace, standing, rewriting=rewriting, actor=actor)
    receipt = await workspace.database.transact(start_compaction(command))
    return compaction_id if receipt.events else ""


async def compact(workspace: Workspace, compaction_id: str) -> None:
    """The compaction comes to its end. Idempotent: by its id."""
    row = await workspace.database.asked(lambda state: state.get(COMPACTIONS, compaction_id))
    if row is None or not is_under_way(row):
        return
    if await displaced_of(workspace, (row.table,)):
        await workspace.database.transact(abandon_compaction(compaction_id, ANOTHER_WROTE))
    else:
        await _finish(workspace, row)


async def write_checkpoint(workspace: Workspace, table: str) -> int:
    """The version of which a checkpoint stands from now on: the one that readers see.

    Idempotent: by version. Cost: a LIST, a GET an entry since the last checkpoint, 2 PUTs.
    """
    pin = await workspace.database.asked(lambda state: state.get(PINS, table))
    assert pin is not None, table
    name = keys.delta_checkpoint(pin.table_id, pin.version)
    with tempfile.TemporaryDirectory() as folder:
        if not await _log_copied(workspace, pin, folder=Path(folder) / "_delta_log"):
            await workspace.runtime.thread(delta.checkpoint, folder, pin.version)
            made = Path(folder) / "_delta_log"
            data = (made / name.rpartition("/")[2]).read_bytes()
            await create_patiently(workspace.store, workspace.runtime, key=name, data=data)
            hint = (made / "_last_checkpoint").read_bytes()
            await workspace.store.put(keys.delta_newest_checkpoint(pin.table_id), hint)
    await workspace.database.transact(record_checkpoint(pin))
    return pin.version


def wants_checkpoint(state: State, pin: Pin, *, policy: MaintenancePolicy) -> bool:
    """True when a checkpoint is due, and the table's format has any."""
    asset = state.get(ASSETS, pin.asset)
    assert asset is not None, pin.asset
    has_any = KINDS[format_of(state, asset)].has_checkpoints
    return has_any and is_checkpoint_due(state, pin, policy=policy)


def ended_compaction(state: State, compaction_id: str) -> Compaction | None:
    """The compaction, once it has come to its end.

    Raises: Conflict COMPACTION_ABANDONED.
    """
    row = state.get(COMPACTIONS, compaction_id)
    if row is None or is_under_way(row):
        return None
    if row.message:
        raise Conflict(
            "COMPACTION_ABANDONED",
            f"{row.asset} was not compacted: {row.message}",
            hint="ask again when a run has published the table",
        )
    return row


async def _standing(workspace: Workspace, table: str) -> _Standing:
    def known(state: State) -> tuple[Asset, Pin, PublishedVersion]:
        asset, pin = state.get(ASSETS, table), state.get(PINS, table)
        assert asset is not None and pin is not None, table
        entry = recorded_entry(state, table, version=pin.version)
        return asset, pin, PublishedVersion(pin.version, entry, format_of(state, asset))

    asset, pin, seen = await workspace.database.asked(known)
    location = location_of(workspace, pin.table_id)
    snapshot = await workspace.runtime.thread(kinds.snapshot, location, seen)
    newest = await workspace.runtime.thread(KINDS[seen.format].latest_version, location)
    return _Standing(asset, pin, location, snapshot, pin.version if newest is None else newest)


def _why_busy(state: State, *, standing: _Standing) -> str:
    mover = state.get(PUBLISHING, standing.pin.table_id)
    if mover is not None:
        return f"{mover.run_id} is moving it"
    if standing.newest > standing.pin.version:
        return f"another program wrote version {standing.newest}, and no run has published since"
    return ""


async def _written(
    workspace: Workspace, standing: _Standing, *, together: Bin, attempt: str
) -> list[TableFile]:
    """What takes the place of the files, durable and part of no table yet."""

    def name(index: int, digest: str) -> str:
        return keys.staged(standing.pin.table_id, attempt, index, sha256=digest)

    made = partial(rewritten, standing.location, standing.snapshot, together=together, names=name)
    files = await workspace.runtime.thread(made)
    for file in files:
        key, data = file.facts.key, file.data
        await create_patiently(workspace.store, workspace.runtime, key=key, data=data)
    return [as_table_file(file, together) for file in files]


async def _prepared(
    workspace: Workspace, standing: _Standing, *, rewriting: Rewriting, actor: str
) -> StartCompaction:
    before = standing.snapshot
    step = compacted(rewriting, before)
    data = await workspace.runtime.thread(KINDS[before.format].entry, step, before)
    table = await fixed_entry(
        workspace.store,
        standing.asset,
        data=data,
        version=standing.pin.version + 1,
        owner=rewriting.compaction_id,
    )
    folder = keys.warehouse(standing.pin.table_id)
    return StartCompaction(
        compaction_id=rewriting.compaction_id,
        table=table,
        files=tuple(folder + file.path for file in rewriting.added),
        files_removed=len(rewriting.removed),
        bytes_removed=sum(file.size_bytes for file in rewriting.removed),
        bytes_added=sum(file.size_bytes for file in rewriting.added),
        actor=actor,
    )


async def _finish(workspace: Workspace, row: Compaction) -> None:
    snapshots = await snapshots_of(workspace, (row.table,))

    def decide(state: State, now: datetime) -> Sequence[Event]:
        done = finish_compaction(row.compaction_id)(state, now)
        pin = state.get(PINS, row.asset)
        # A table that was dropped meanwhile stays dropped.
        if not done or pin is None or state.get(TABLE_NAMES, row.table_id) is None:
            return done
        version = published_version(state, row.table, snapshot=snapshots[row.table_id])
        command = PublishVersions(
            versions=(version,), run_id=pin.run_id, actor=row.actor, mint=_nothing_new
        )
        # Whose data it is, and how old, is what it was.
        return [*done, *publish_versions(command, state, now=pin.published_at)]

    await workspace.database.transact(decide)


async def _log_copied(workspace: Workspace, pin: Pin, *, folder: Path) -> bool:
    """The log that the version is replayed from stands in the folder; True when its checkpoint
    does, so that there is nothing to write.
    """
    folder.mkdir()
    found = [
        (int(match[1]), match[2], entry.key)
        for entry in await workspace.store.list(keys.delta_log(pin.table_id))
        if (match := LOG_FILE.search(entry.key)) and int(match[1]) <= pin.version
    ]
    first = max((number for number, kind, _ in found if kind != "json"), default=-1)
    if first == pin.version:
        return True
    for number, kind, key in found:
        if number > first or (number == first and kind != "json"):
            data = await workspace.store.get(key)
            assert data is not None, key
            (folder / key.rpartition("/")[2]).write_bytes(data)
    return False


def _nothing_new(name: str) -> str:
    raise AssertionError(f"a compacted table is registered: {name}")


__all__ = [
    "ANOTHER_WROTE",
    "Needs",
    "begin_compaction",
    "compact",
    "ended_compaction",
    "maintained_tables",
    "needs_of",
    "wants_checkpoint",
    "write_checkpoint",
]
