"""What runs leave behind, and who still needs it: task logs, prepared entries, staged files.

Pure but for listing. Which versions of a table are kept is known here; which files they are made
of is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from arco.engine.collect import Area, Ask, Judge, Mark
from arco.ids import attempt_id
from arco.model import State
from arco.orchestration.commands.maintenance import started_compactions
from arco.orchestration.commands.restores import started_restores
from arco.orchestration.expiry import unexpired_runs
from arco.orchestration.maintenance import COMPACTIONS, is_under_way
from arco.orchestration.references import output_files
from arco.orchestration.restores import RESTORES, is_moving
from arco.orchestration.settling import is_running
from arco.orchestration.states import RunState
from arco.orchestration.tables import (
    ACTIVE_RUNS,
    ASSETS,
    DISPATCHES,
    PINS,
    PLANS,
    RUNS,
    TASKS,
)
from arco.service.retention import Retention
from arco.service.workspace import Workspace
from arco.store import keys
from arco.store.port import Entry

LOGS = "task logs"
PREPARED = "prepared entries"


def task_logs(workspace: Workspace, retention: Retention) -> Area:
    """What tasks of runs that are over printed long ago."""

    async def listed(ask: Ask) -> Sequence[Entry]:
        return await workspace.store.list(keys.LOGS)

    return Area(name=LOGS, grace=retention.logs, listed=listed, mark=_by_run(keys.task_log_run))


def prepared_entries(workspace: Workspace, retention: Retention) -> Area:
    """Table-log entries that were prepared for runs that are over: their tables have copies."""

    async def listed(ask: Ask) -> Sequence[Entry]:
        entries: list[Entry] = []
        for table_id in await ask(table_ids):
            entries += await workspace.store.list(keys.prepared_folder(table_id))
        return entries

    return Area(
        name=PREPARED, grace=retention.staged, listed=listed, mark=_by_run(keys.prepared_run)
    )


def table_ids(state: State) -> list[str]:
    """Every table any asset ever had."""
    return sorted({row.table_id for row in state.range(ASSETS)})


def published_versions(state: State) -> dict[str, int]:
    """Table -> the version that readers see."""
    return {pin.table_id: pin.version for pin in state.range(PINS)}


def versions_in_use(state: State) -> set[tuple[str, int]]:
    """(table, version) pairs that runs which have not ended read, and that restores bring back."""
    plans = (state.get(PLANS, row.run_id) for row in state.range(ACTIVE_RUNS))
    used = set()
    for plan in plans:
        for key, version in (plan.pins if plan else {}).items():
            asset = state.get(ASSETS, key)
            if asset is not None:
                used.add((asset.table_id, version))
    for restore in started_restores(state):
        used |= {(table.table_id, restore.versions[table.asset]) for table in restore.tables}
    return used


def unowned(state: State, names: Iterable[str]) -> list[str]:
    """Those staged files that no run or compaction may put in place and no attempt may still
    report.
    """
    owned = set(_owned(state))
    out = {attempt_id(row.dispatch_id) for row in state.range(DISPATCHES)}
    return [name for name in names if name not in owned and not _is_out(name, out)]


def _owned(state: State) -> Iterator[str]:
    for compaction in started_compactions(state):
        yield from compaction.files
    for run in unexpired_runs(state):
        if run.state is RunState.SUCCEEDED:
            continue
        for task in state.range(TASKS, run.run_id):
            yield from output_files(task.output)


def _is_out(name: str, out: set[str]) -> bool:
    parts = keys.staged_parts(name)
    return parts is None or parts[1] in out


def _by_run(run_of: Callable[[str], str | None]) -> Mark:
    def judge(state: State, names: Sequence[str]) -> list[str]:
        return [name for name in names if _is_over(state, run_of(name))]

    async def mark(ask: Ask, names: Sequence[str]) -> Judge:
        return judge

    return mark


def _is_over(state: State, run_id: str | None) -> bool:
    """False for what no known mover of tables is: what nobody can explain is left alone."""
    run = state.get(RUNS, run_id) if run_id else None
    if run is not None:
        return not is_running(run)
    restore = state.get(RESTORES, run_id) if run_id else None
    if restore is not None:
        return not is_moving(restore)
    compaction = state.get(COMPACTIONS, run_id) if run_id else None
    return compaction is not None and not is_under_way(compaction)


__all__ = [
    "LOGS",
    "PREPARED",
    "prepared_entries",
    "published_versions",
    "table_ids",
    "task_logs",
    "unowned",
    "versions_in_use",
]
