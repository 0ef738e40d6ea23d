"""How tables become what they were: started, perhaps rebased, restored; or taken back.

One table is moved by one run or restore at a time, and from the start it only goes forward. Must
not know files.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.reducers.publications import moved_later
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
from arco.orchestration.rows import PartitionStatus, Pin, Publishing
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import PARTITION_STATUS, PINS, PUBLISHING


def restore_started(state: State, event: RestoreStarted) -> Iterable[Change]:
    """The restore owns its tables until they are restored."""
    if state.get(RESTORES, event.restore_id) is not None:
        return []
    if any(state.get(PUBLISHING, table.table_id) is not None for table in event.tables):
        return []
    restore = Restore(
        restore_id=event.restore_id,
        state=PublicationState.STARTED,
        slot=event.slot,
        versions=event.versions,
        tables=event.tables,
        started_at=event.started_at,
        actor=event.actor,
    )
    return [
        Put(RESTORES, restore),
        *(
            Put(PUBLISHING, Publishing(table_id=table.table_id, run_id=event.restore_id))
            for table in event.tables
        ),
    ]


def restore_rebased(state: State, event: RestoreRebased) -> Iterable[Change]:
    """Tables of a started restore take a later version; an earlier one is an old event."""
    restore = state.get(RESTORES, event.restore_id)
    if restore is None or not is_moving(restore):
        return []
    tables = moved_later(restore.tables, event.tables)
    return [] if tables == restore.tables else [Put(RESTORES, replace(restore, tables=tables))]


def restore_abandoned(state: State, event: RestoreAbandoned) -> Iterable[Change]:
    """The restore's tables are those that are taken back; the others are free.

    Said again it takes back fewer tables: one that cannot be written any more.
    """
    restore = state.get(RESTORES, event.restore_id)
    if restore is None or not is_moving(restore):
        return []
    owned = {table.table_id for table in restore.tables}
    later = {table.table_id: table for table in event.tables if table.table_id in owned}
    if is_abandoned(restore) and len(later) == len(owned):
        return []
    abandoned = replace(
        restore,
        tables=tuple(later.values()),
        standing=tuple(each for each in event.standing if each.table_id in later),
        message=event.message if restore.message is None else restore.message,
    )
    freed = sorted(owned - later.keys())
    return [Put(RESTORES, abandoned), *(Drop(PUBLISHING, (name,)) for name in freed)]


def restore_undone(state: State, event: RestoreUndone) -> Iterable[Change]:
    """Readers see what they saw before, and the tables are free."""
    restore = state.get(RESTORES, event.restore_id)
    if restore is None or not is_moving(restore) or not is_abandoned(restore):
        return []
    return [
        Put(RESTORES, replace(restore, abandoned_at=event.undone_at)),
        *(Drop(PUBLISHING, (table.table_id,)) for table in restore.tables),
    ]


def tables_restored(state: State, event: TablesRestored) -> Iterable[Change]:
    """Pins and materializations move together; attempts stay what they were."""
    restore = state.get(RESTORES, event.restore_id)
    if restore is None or not is_moving(restore) or is_abandoned(restore):
        return []
    restored = replace(restore, state=PublicationState.PUBLISHED, restored_at=event.restored_at)
    pins = [
        Pin(
            asset=table.asset,
            table_id=table.table_id,
            version=table.version,
            run_id=event.restore_id,
            published_at=event.restored_at,
        )
        for table in event.tables
    ]
    return [
        Put(RESTORES, restored),
        *(Drop(PUBLISHING, (table.table_id,)) for table in restore.tables),
        *(Put(PINS, pin) for pin in pins),
        *(_status(state, partition) for partition in event.partitions),
    ]


def _status(state: State, partition: RestoredPartition) -> Change:
    before = state.get(PARTITION_STATUS, partition.asset, partition.partition_key)
    status = PartitionStatus(
        asset=partition.asset,
        partition_key=partition.partition_key,
        materialization=partition.materialization,
        attempt=before.attempt if before else None,
    )
    return Put(PARTITION_STATUS, status)


__all__ = [
    "restore_abandoned",
    "restore_rebased",
    "restore_started",
    "restore_undone",
    "tables_restored",
]
