"""Commands that move a restore: start it with fixed bytes, rebase it, finish it; or abandon it.

From the start only forward, and never beside a run that publishes one of its tables. Only what a
foreign writer did to a table is a reason to take it back. Must not know log entries or object
stores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.errors import Conflict
from arco.model import Decision, Event, State
from arco.orchestration.events import PublishedTable
from arco.orchestration.restores import (
    RESTORES,
    Restore,
    RestoreAbandoned,
    RestoredPartition,
    RestoreRebased,
    RestoreStarted,
    RestoreUndone,
    TablesRestored,
    is_abandoned,
    is_moving,
)
from arco.orchestration.rows import Materialization, PreparedTable
from arco.orchestration.tables import PARTITION_STATUS, PINS, PUBLISHING

Held = Mapping[str, Mapping[str, Materialization]]
"""Asset -> partition key -> what it held."""


class StartRestore(msgspec.Struct, frozen=True, kw_only=True):
    """The next version of each table is prepared: it has the content of the old one."""

    restore_id: str
    slot: int
    versions: dict[str, int]
    tables: tuple[PreparedTable, ...]
    actor: str = ""
    files: tuple[str, ...] = ()
    """The objects that come back."""


class RebaseRestore(msgspec.Struct, frozen=True, kw_only=True):
    """These tables of a started restore are prepared again, for a later version."""

    restore_id: str
    tables: tuple[PreparedTable, ...]


class FinishRestore(msgspec.Struct, frozen=True, kw_only=True):
    """Every table's log has its entry; `held` is what partitions held at the restore's slot."""

    restore_id: str
    held: Held


class AbandonRestore(msgspec.Struct, frozen=True, kw_only=True):
    """A started restore goes back: `tables` are the entries that take back `standing`."""

    restore_id: str
    tables: tuple[PreparedTable, ...]
    standing: tuple[PreparedTable, ...]
    code: str
    message: str


def start_restore(command: StartRestore) -> Decision:
    """RestoreStarted; nothing when it did already, or when a table moved since it was prepared.

    Raises: Conflict TABLE_BUSY while a run publishes one of the tables.
    """
    return partial(_start, command=command)


def rebase_restore(command: RebaseRestore) -> Decision:
    """RestoreRebased; nothing unless it started and a version moves forward."""
    return partial(_rebase, command=command)


def finish_restore(command: FinishRestore) -> Decision:
    """TablesRestored with the versions that were fixed; nothing unless the restore started."""
    return partial(_finish, command=command)


def abandon_restore(command: AbandonRestore) -> Decision:
    """RestoreAbandoned, and RestoreUndone when there is nothing to take back; nothing unless it
    started and is not being taken back just so.
    """
    return partial(_abandon, command=command)


def finish_undoing_restore(restore_id: str) -> Decision:
    """RestoreUndone; nothing unless it was abandoned."""
    return partial(_finish_undoing, restore_id=restore_id)


def started_restores(state: State) -> list[Restore]:
    """Restores that have to be finished, by whoever leads now; each once."""
    owners = dict.fromkeys(row.run_id for row in state.range(PUBLISHING))
    rows = (state.get(RESTORES, owner) for owner in owners)
    return [row for row in rows if row is not None]


def restored_partitions(state: State, restore: Restore, *, held: Held) -> list[RestoredPartition]:
    """The partitions that hold something else than they did, with what they hold from here on.

    What comes back stands in the new table version: a reader of an older one got something else.
    """
    found = []
    for table in restore.tables:
        then = held.get(table.asset, {})
        now = {row.partition_key: row for row in state.range(PARTITION_STATUS, table.asset)}
        for key in sorted({*then, *now}):
            status = now.get(key)
            before, after = status.materialization if status else None, then.get(key)
            if _content(before) == _content(after):
                continue
            if after is not None and after.table_version is not None:
                after = msgspec.structs.replace(after, table_version=table.version)
            found.append(RestoredPartition(table.asset, key, after))
    return found


def _content(held: Materialization | None) -> Materialization | None:
    """What the partition held, wherever it stood."""
    return msgspec.structs.replace(held, table_version=None) if held else None


def _start(state: State, now: datetime, *, command: StartRestore) -> Sequence[Event]:
    if state.get(RESTORES, command.restore_id) is not None:
        return ()
    for table in command.tables:
        mover = state.get(PUBLISHING, table.table_id)
        if mover is not None:
            raise Conflict(
                "TABLE_BUSY",
                f"{mover.run_id} is publishing {table.asset}",
                hint="ask again when it has ended; `arco status` shows it",
            )
        pin = state.get(PINS, table.asset)
        if pin is None or pin.version >= table.version:
            return ()
    started = RestoreStarted(
        restore_id=command.restore_id,
        slot=command.slot,
        versions=command.versions,
        tables=command.tables,
        started_at=now,
        actor=command.actor,
        files=command.files,
    )
    return (Event(started),)


def _rebase(state: State, now: datetime, *, command: RebaseRestore) -> Sequence[Event]:
    restore = state.get(RESTORES, command.restore_id)
    if restore is None or not is_moving(restore):
        return ()
    versions = {table.table_id: table.version for table in restore.tables}
    later = tuple(
        table
        for table in command.tables
        if table.version > versions.get(table.table_id, table.version)
    )
    if not later:
        return ()
    rebased = RestoreRebased(restore_id=command.restore_id, tables=later, rebased_at=now)
    return (Event(rebased),)


def _finish(state: State, now: datetime, *, command: FinishRestore) -> Sequence[Event]:
    restore = state.get(RESTORES, command.restore_id)
    if restore is None or not is_moving(restore) or is_abandoned(restore):
        return ()
    restored = TablesRestored(
        restore_id=command.restore_id,
        tables=tuple(
            PublishedTable(table.table_id, table.asset, table.version) for table in restore.tables
        ),
        partitions=tuple(restored_partitions(state, restore, held=command.held)),
        restored_at=now,
    )
    return (Event(restored),)


def _abandon(state: State, now: datetime, *, command: AbandonRestore) -> Sequence[Event]:
    restore = state.get(RESTORES, command.restore_id)
    if restore is None or not is_moving(restore):
        return ()
    if is_abandoned(restore) and len(command.tables) >= len(restore.tables):
        return ()
    abandoned = RestoreAbandoned(
        restore_id=command.restore_id,
        tables=command.tables,
        standing=command.standing,
        code=command.code,
        message=command.message,
        abandoned_at=now,
    )
    if command.tables:
        return (Event(abandoned),)
    # No table of it is left by which the next leader would find it.
    return (Event(abandoned), Event(RestoreUndone(restore_id=command.restore_id, undone_at=now)))


def _finish_undoing(state: State, now: datetime, *, restore_id: str) -> Sequence[Event]:
    restore = state.get(RESTORES, restore_id)
    if restore is None or not is_moving(restore) or not is_abandoned(restore):
        return ()
    return (Event(RestoreUndone(restore_id=restore_id, undone_at=now)),)


__all__ = [
    "AbandonRestore",
    "FinishRestore",
    "Held",
    "RebaseRestore",
    "StartRestore",
    "abandon_restore",
    "finish_restore",
    "finish_undoing_restore",
    "rebase_restore",
    "restored_partitions",
    "start_restore",
    "started_restores",
]
