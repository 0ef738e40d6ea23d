"""What people ask most, answered from one state: runs, tasks, assets, tables, lineage.

These structs are what the API sends and the CLI prints: one declaration, so both say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from arco.catalog.kinds import Found, Kind
from arco.catalog.tables import COLUMNS, NAMESPACES, TABLES, TAGS, CatalogTable, Column, Tag
from arco.errors import NotFound
from arco.ids import attempt_id, dispatch_id
from arco.model import State
from arco.orchestration.outcomes import TaskError
from arco.orchestration.partitions import display
from arco.orchestration.rows import Run, Task
from arco.orchestration.run_limits import QUEUED_RUNS
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import CHECKS, NEWEST_RUNS, RUNS, TASKS
from arco.service.assets import AssetStatus
from arco.service.metadata import summary


class TaskSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One task of a run."""

    index: int
    task_key: str
    asset: str
    partition: str
    """The partition as people say it: `2013-05`."""
    partition_key: str
    state: TaskState
    attempt: int
    attempt_id: str
    rows: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    error: TaskError | None = None
    adopted_from: str = ""
    """The run whose result was taken over; empty: it is this run's own."""
    memoized_from: str = ""
    """The run that made what this one would make again; empty: the task is performed."""
    made_by: int | None = None
    """The task whose attempt made its data, too."""
    metadata: dict[str, Any] = {}
    """What user code said about its output; of a plot, what it is and how large."""


class CheckSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check that did not pass, or all of them where asked for."""

    asset: str
    partition: str
    name: str
    passed: bool
    blocking: bool
    message: str = ""


class RunSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run without its tasks."""

    run_id: str
    number: int
    state: RunState
    cancel_requested: bool = False
    selection: tuple[str, ...] = ()
    partition: str = ""
    parent: str = ""
    """The run that this one runs again."""
    triggered_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    total: int
    succeeded: int
    failed: int
    skipped: int
    cancelled: int
    message: str = ""
    queued_for: tuple[str, ...] = ()
    """The limits under which it waits for room; empty: it does not wait."""
    settings: dict[str, dict[str, Any]] = {}
    """Name of the settings -> field -> value that holds for this run alone."""


class RunDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One run with its tasks and checks."""

    run: RunSummary
    tasks: tuple[TaskSummary, ...]
    checks: tuple[CheckSummary, ...]


class TableDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One table with its columns and tags."""

    table: CatalogTable
    columns: tuple[Column, ...]
    tags: tuple[Tag, ...] = ()
    """Its own and those of its columns."""
    etag: str = ""
    """What `If-Match` and `if_match` take."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace at a glance."""

    seq: int
    """The newest slot that was read."""
    led_by: str | None
    """The process that leads now; null while nobody does, and for who may not know of it."""
    address: str | None
    """Where the leader answers."""
    facts_lag_seconds: float | None
    """How long the oldest fact waits that is not visible yet; null when it is not known."""
    assets: list[AssetStatus]
    runs: list[RunSummary]
    """The newest ten, newest first."""


def newest_runs(state: State, limit: int) -> list[RunSummary]:
    """The newest runs, newest first.

    Cost: `limit` rows, whatever the history.
    """
    rows = (state.get(RUNS, row.run_id) for row in islice(state.range(NEWEST_RUNS), limit))
    return [run_standing(state, row) for row in rows if row is not None]


def find_run(state: State, run_id: str) -> Run:
    """The run with this id, or with the only id that starts so.

    Raises: NotFound RUN_NOT_FOUND.
    """
    run = state.get(RUNS, run_id.upper())
    if run is not None:
        return run
    recent = islice(state.range(NEWEST_RUNS), 1000)
    found = [row.run_id for row in recent if run_id and row.run_id.endswith(run_id.upper())]
    if len(found) == 1:
        return find_run(state, found[0])
    raise NotFound(
        "RUN_NOT_FOUND",
        f"there is no run {run_id}" if not found else f"{run_id} fits {len(found)} runs",
        hint="`arco status` lists the newest runs",
    )


def run_standing(state: State, run: Run) -> RunSummary:
    """The run as it is told, with the limits that it waits for."""
    queued = None if run.ended_at else state.get(QUEUED_RUNS, run.run_id)
    summary = run_summary(run)
    return msgspec.structs.replace(summary, queued_for=queued.limits) if queued else summary


def run_summary(run: Run) -> RunSummary:
    """The run as its row tells it."""
    return RunSummary(
        run_id=run.run_id,
        number=run.number,
        state=run.state,
        cancel_requested=run.cancel_requested,
        selection=run.selection,
        partition=run.partition,
        parent=run.parent,
        triggered_at=run.triggered_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        seconds=_seconds(run.triggered_at, run.ended_at),
        total=run.total,
        succeeded=run.succeeded,
        failed=run.failed,
        skipped=run.skipped,
        cancelled=run.cancelled,
        message=run.message,
        settings=run.settings or {},
    )


def run_detail(state: State, run_id: str) -> RunDetail:
    """The run, its tasks in plan order, and its checks."""
    run = find_run(state, run_id)
    tasks = tuple(task_summary(task) for task in state.range(TASKS, run.run_id))
    return RunDetail(
        run=run_standing(state, run), tasks=tasks, checks=tuple(run_checks(state, run.run_id))
    )


def run_checks(state: State, run_id: str) -> Iterator[CheckSummary]:
    """The results of the run's checks, in plan order."""
    for task in state.range(TASKS, run_id):
        for row in state.range(CHECKS, task.asset, task.partition_key):
            if row.run_id == run_id:
                yield CheckSummary(
                    asset=row.asset,
                    partition=display(row.partition_key) if row.partition_key else "",
                    name=row.name,
                    passed=row.passed,
                    blocking=row.blocking,
                    message=row.message,
                )


def task_summary(task: Task) -> TaskSummary:
    """The task as it is told."""
    return TaskSummary(
        index=task.index,
        task_key=task.task_key,
        asset=task.asset,
        partition=display(task.partition_key) if task.partition_key else "",
        partition_key=task.partition_key,
        state=task.state,
        attempt=task.attempt,
        attempt_id=attempt_id(dispatch_id(task.run_id, task.task_key, task.attempt)),
        rows=task.rows,
        started_at=task.started_at,
        ended_at=task.ended_at,
        seconds=_seconds(task.started_at, task.ended_at),
        error=task.error,
        adopted_from=task.adopted_from,
        memoized_from=task.memoized_from or "",
        made_by=task.made_by,
        metadata=summary(task.metadata),
    )


def list_tables(state: State) -> list[CatalogTable]:
    """Every table, by catalog, namespace and name."""
    namespaces = state.range(NAMESPACES)
    return [table for row in namespaces for table in state.range(TABLES, row.namespace_id)]


def table_detail(state: State, table: CatalogTable) -> TableDetail:
    """The table, its columns in order, and its tags."""
    return TableDetail(
        table=table,
        columns=tuple(state.range(COLUMNS, table.table_id)),
        tags=tuple(state.range(TAGS, table.table_id)),
        etag=Found(Kind.TABLE, table).etag,
    )


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None


__all__ = [
    "CheckSummary",
    "Overview",
    "RunDetail",
    "RunSummary",
    "TableDetail",
    "TaskSummary",
    "find_run",
    "list_tables",
    "newest_runs",
    "run_checks",
    "run_detail",
    "run_standing",
    "run_summary",
    "table_detail",
    "task_summary",
]
