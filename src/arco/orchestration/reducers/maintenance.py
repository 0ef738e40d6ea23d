"""How a table gets fewer files: started, then compacted or given up; and its newest checkpoint.

One table is moved by one mover at a time. Partitions keep what they hold, and a pin the time at
which its data appeared. Must not know files.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.maintenance import (
    CHECKPOINTS,
    COMPACTIONS,
    Checkpoint,
    Compaction,
    CompactionAbandoned,
    CompactionStarted,
    TableCheckpointed,
    TableCompacted,
    is_under_way,
)
from arco.orchestration.rows import Publishing
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import PINS, PUBLISHING


def compaction_started(state: State, event: CompactionStarted) -> Iterable[Change]:
    """The compaction owns its table until it ends."""
    table = event.table
    if state.get(COMPACTIONS, event.compaction_id) is not None:
        return []
    if state.get(PUBLISHING, table.table_id) is not None:
        return []
    compaction = Compaction(
        compaction_id=event.compaction_id,
        state=PublicationState.STARTED,
        asset=table.asset,
        table_id=table.table_id,
        version=table.version,
        table=table,
        files=event.files,
        files_removed=event.files_removed,
        files_added=event.files_added,
        bytes_removed=event.bytes_removed,
        bytes_added=event.bytes_added,
        started_at=event.started_at,
        actor=event.actor,
    )
    publishing = Publishing(table_id=table.table_id, run_id=event.compaction_id)
    return [Put(COMPACTIONS, compaction), Put(PUBLISHING, publishing)]


def table_compacted(state: State, event: TableCompacted) -> Iterable[Change]:
    """The pin moves; whose data it is, and since when, stays what it was."""
    compaction = state.get(COMPACTIONS, event.compaction_id)
    if compaction is None or not is_under_way(compaction):
        return []
    pin = state.get(PINS, compaction.asset)
    changes = _ended(compaction, PublicationState.PUBLISHED, at=event.compacted_at)
    if pin is not None and pin.version < compaction.version:
        moved = replace(pin, version=compaction.version, compaction_id=compaction.compaction_id)
        changes.append(Put(PINS, moved))
    return changes


def compaction_abandoned(state: State, event: CompactionAbandoned) -> Iterable[Change]:
    """Readers see what they saw before, and the table is free."""
    compaction = state.get(COMPACTIONS, event.compaction_id)
    if compaction is None or not is_under_way(compaction):
        return []
    said = replace(compaction, message=event.message)
    return _ended(said, PublicationState.STARTED, at=event.abandoned_at)


def table_checkpointed(state: State, event: TableCheckpointed) -> Iterable[Change]:
    """The newest checkpoint counts."""
    known = state.get(CHECKPOINTS, event.asset)
    if known and known.table_id == event.table_id and known.version >= event.version:
        return []
    checkpoint = Checkpoint(
        asset=event.asset,
        table_id=event.table_id,
        version=event.version,
        checkpointed_at=event.checkpointed_at,
    )
    return [Put(CHECKPOINTS, checkpoint)]


def _ended(compaction: Compaction, state: PublicationState, *, at: datetime) -> list[Change]:
    ended = replace(compaction, state=state, files=(), ended_at=at)
    return [Put(COMPACTIONS, ended), Drop(PUBLISHING, (compaction.table_id,))]


__all__ = [
    "compaction_abandoned",
    "compaction_started",
    "table_checkpointed",
    "table_compacted",
]
