"""The published content of partitions: what a run's success moves, and what a read of it is
compared with.

Only success moves a materialization (F3: it is the end of a run, which happens once). Must not know
tables' files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from arco.model import Misses, Put, State
from arco.orchestration.outcomes import CURSOR, Read
from arco.orchestration.rows import Materialization, PartitionStatus, Task
from arco.orchestration.settling import Changes
from arco.orchestration.states import TaskState
from arco.orchestration.tables import PARTITION_STATUS, TASKS


def materialized(
    state: State, run_id: str, *, versions: Mapping[str, int], published_at: datetime
) -> Changes:
    """One status row per task of the run: its partition now holds what the task made.

    `versions` is the published version of each table id.
    """
    changes: Changes = []
    misses = Misses()
    for task in state.range(TASKS, run_id):
        if task.state is not TaskState.SUCCEEDED:
            continue
        with misses:
            before = state.get(PARTITION_STATUS, task.asset, task.partition_key)
            if task.memoized_from is not None:
                changes += _confirmed(task, before, at=published_at)
                continue
            status = PartitionStatus(
                asset=task.asset,
                partition_key=task.partition_key,
                materialization=_materialization(
                    task, versions, published_at=published_at, cursor=_cursor(task, before)
                ),
                attempt=before.attempt if before else None,
            )
            changes.append(Put(PARTITION_STATUS, status))
    misses.settle()
    return changes


def data_version(task: Task) -> str:
    """What identifies the task's result; when nothing was staged, the task itself does."""
    said = task.output or task.observation
    if said is not None and said.data_version:
        return said.data_version
    return f"{task.adopted_from or task.run_id}/{task.task_key}"


def current_at(held: Materialization) -> datetime:
    """When it was made, or last found to be what would be made."""
    return held.confirmed_at or held.materialized_at


def _confirmed(task: Task, status: PartitionStatus | None, *, at: datetime) -> Changes:
    """The partition holds what it held, and was looked at; another run may have moved it since."""
    held = status.materialization if status else None
    if status is None or held is None or held.run_id != task.memoized_from:
        return []
    held = msgspec.structs.replace(held, confirmed_at=at)
    return [Put(PARTITION_STATUS, msgspec.structs.replace(status, materialization=held))]


def _cursor(task: Task, before: PartitionStatus | None) -> str | None:
    """What the attempt remembered; what was remembered before when it remembered nothing."""
    if CURSOR in task.metadata:
        return msgspec.json.encode(task.metadata[CURSOR]).decode()
    held = before.materialization if before else None
    return held.cursor if held else None


def _materialization(
    task: Task, versions: Mapping[str, int], *, published_at: datetime, cursor: str | None
) -> Materialization:
    return Materialization(
        run_id=task.run_id,
        index=task.index,
        code_version=task.code_version,
        data_version=data_version(task),
        materialized_at=published_at,
        table_version=versions.get(task.output.table_id) if task.output else None,
        cursor=cursor,
        rows=task.rows,
        reads=read_versions(task.reads),
        settings_version=task.settings_version,
    )


def read_versions(reads: tuple[Read, ...]) -> dict[str, dict[str, str]]:
    """Upstream asset -> partition key -> data version that was read."""
    versions: dict[str, dict[str, str]] = {}
    for read in reads:
        keys = read.partition_keys or ("",)
        versions.setdefault(read.upstream, {}).update(zip(keys, read.data_versions, strict=False))
    return versions


__all__ = ["current_at", "data_version", "materialized", "read_versions"]
