"""Commands that keep tables small: start a compaction with fixed bytes, finish it or give it up;
record a checkpoint.

Never beside a run or a restore that moves the table. Must not know log entries or object stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.model import Decision, Event, State
from arco.orchestration.definitions import MaintenancePolicy
from arco.orchestration.maintenance import (
    CHECKPOINTS,
    COMPACTIONS,
    Compaction,
    CompactionAbandoned,
    CompactionStarted,
    TableCheckpointed,
    TableCompacted,
    is_under_way,
)
from arco.orchestration.rows import Pin, PreparedTable
from arco.orchestration.tables import PINS, PUBLISHING


class StartCompaction(msgspec.Struct, frozen=True, kw_only=True):
    """The next version of a table is prepared: the rows of the present one in fewer files."""

    compaction_id: str
    table: PreparedTable
    files: tuple[str, ...]
    files_removed: int
    bytes_removed: int
    bytes_added: int
    actor: str = ""


def start_compaction(command: StartCompaction) -> Decision:
    """CompactionStarted; nothing when the table is being moved, or moved since it was prepared."""
    return partial(_start, command=command)


def finish_compaction(compaction_id: str) -> Decision:
    """TableCompacted; nothing unless it is under way."""
    return partial(_finish, compaction_id=compaction_id)


def abandon_compaction(compaction_id: str, message: str) -> Decision:
    """CompactionAbandoned; nothing unless it is under way."""
    return partial(_abandon, compaction_id=compaction_id, message=message)


def record_checkpoint(pin: Pin) -> Decision:
    """TableCheckpointed; nothing when that or a later one is known."""
    return partial(_record, pin=pin)


def started_compactions(state: State) -> list[Compaction]:
    """Compactions that have to be finished, by whoever leads now."""
    rows = (state.get(COMPACTIONS, row.run_id) for row in state.range(PUBLISHING))
    return [row for row in rows if row is not None]


def is_checkpoint_due(state: State, pin: Pin, *, policy: MaintenancePolicy) -> bool:
    """True when so many versions were made since the last checkpoint as the policy says."""
    known = state.get(CHECKPOINTS, pin.asset)
    since = known.version if known and known.table_id == pin.table_id else 0
    return 0 < policy.checkpoint_versions <= pin.version - since


def _start(state: State, now: datetime, *, command: StartCompaction) -> Sequence[Event]:
    table = command.table
    pin = state.get(PINS, table.asset)
    moved = pin is None or (pin.table_id, pin.version + 1) != (table.table_id, table.version)
    if moved or state.get(PUBLISHING, table.table_id) is not None:
        return ()
    if state.get(COMPACTIONS, command.compaction_id) is not None:
        return ()
    started = CompactionStarted(
        compaction_id=command.compaction_id,
        table=table,
        files=command.files,
        files_removed=command.files_removed,
        files_added=len(command.files),
        bytes_removed=command.bytes_removed,
        bytes_added=command.bytes_added,
        started_at=now,
        actor=command.actor,
    )
    return (Event(started, command.actor),)


def _finish(state: State, now: datetime, *, compaction_id: str) -> Sequence[Event]:
    if not _is_under_way(state, compaction_id):
        return ()
    return (Event(TableCompacted(compaction_id=compaction_id, compacted_at=now)),)


def _abandon(state: State, now: datetime, *, compaction_id: str, message: str) -> Sequence[Event]:
    if not _is_under_way(state, compaction_id):
        return ()
    abandoned = CompactionAbandoned(compaction_id=compaction_id, message=message, abandoned_at=now)
    return (Event(abandoned),)


def _record(state: State, now: datetime, *, pin: Pin) -> Sequence[Event]:
    known = state.get(CHECKPOINTS, pin.asset)
    if known and known.table_id == pin.table_id and known.version >= pin.version:
        return ()
    checkpointed = TableCheckpointed(
        asset=pin.asset, table_id=pin.table_id, version=pin.version, checkpointed_at=now
    )
    return (Event(checkpointed),)


def _is_under_way(state: State, compaction_id: str) -> bool:
    row = state.get(COMPACTIONS, compaction_id)
    return row is not None and is_under_way(row)


__all__ = [
    "StartCompaction",
    "abandon_compaction",
    "finish_compaction",
    "is_checkpoint_due",
    "record_checkpoint",
    "start_compaction",
    "started_compactions",
]
