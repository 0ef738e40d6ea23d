"""What a run costs beside a million past ones: history must not slow what happens today."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from arco.engine.database import Database
from arco.engine.fold import fold
from arco.engine.index import TableFiles
from arco.engine.parquet import ROWS_PER_FILE, rows_to_arrow
from arco.engine.tables import Overlay
from arco.engine.writing import Attempt
from arco.execution.deploying import deploy_project
from arco.execution.leading import try_to_lead
from arco.model import Event, State, Table
from arco.orchestration.events import RunSucceeded, RunTriggered, TasksDispatched, TaskSucceeded
from arco.orchestration.rows import PlannedTask, Run
from arco.orchestration.tables import NEWEST_RUNS, PLANS, RUNS, SEQUENCES, TASKS
from arco.service.workspace import Workspace
from bench import projects
from bench.catalogs import CREATED_AT, published
from bench.orchestrator import one_run, opened
from bench.results import Measurement, percentile, spelled

PAST_RUNS = 1_000_000
LAUNCHES = 40
PAGE_RUNS = 50
PAGES = 40
RUN = "00000000000000000000000RUN"


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    launch, page = await figures(0)
    name = f"{PAST_RUNS:,} past runs"
    launch_beside, page_beside = await figures(PAST_RUNS)
    found = f"{spelled(launch_beside)}, {launch_beside / launch:.2f}x"
    note = f"median of {LAUNCHES}, trigger to end; {spelled(launch)} in an empty workspace"
    yield Measurement(f"one no-op run beside {name}", found, "<= 1.2x", note)
    found = f"{spelled(page_beside)}, {page_beside / page:.2f}x"
    note = f"median of {PAGES}, in process; {spelled(page)} when there are no others"
    yield Measurement(f"newest {PAGE_RUNS} of {name}", found, "<= 5 ms", note)


async def figures(past: int) -> tuple[float, float]:
    """Median seconds of a launch and of a page of runs."""
    with tempfile.TemporaryDirectory() as folder:
        project = projects.write_project(Path(folder), projects.independent(1))
        async with opened(project) as workspace:
            await fill(workspace.database, past)
            await deploy_project(workspace, project)
        # Another process would know as little of the workspace as this one does now.
        async with opened(project) as workspace:
            leader = await try_to_lead(workspace, project)
            assert leader is not None
            try:
                launches = [await one_run(workspace) for _ in range(PAGE_RUNS + LAUNCHES)]
                pages = [await page_seconds(workspace) for _ in range(PAGES)]
            finally:
                await leader.stop()
    return percentile(launches[PAGE_RUNS:], 0.5), percentile(pages, 0.5)


async def page_seconds(workspace: Workspace) -> float:
    """Seconds to read the newest runs."""
    start = time.perf_counter()
    found = await workspace.database.asked(newest_runs)
    taken = time.perf_counter() - start
    assert len(found) == PAGE_RUNS
    return taken


def newest_runs(state: State) -> list[Run]:
    """The first page of the list of runs."""
    ranks = islice(state.range(NEWEST_RUNS), PAGE_RUNS)
    rows = [state.get(RUNS, rank.run_id) for rank in ranks]
    return [row for row in rows if row is not None]


async def fill(database: Database, past: int) -> None:
    """The empty workspace becomes one of so many ended runs of one task each."""
    if not past:
        return
    attempt = Attempt(database, database.position, "0123456789abcdef")
    tables: dict[str, TableFiles] = {}
    for table, rows in past_rows(database, past):
        pieces = (rows_to_arrow(table, piece) for piece in in_pieces(rows))
        base = [await attempt.base_file(table, lines) for lines in pieces]
        tables[table.name] = await attempt.paged(table, TableFiles(), base=base, deltas=())
    await published(database, attempt, tables=tables)


def past_rows(database: Database, past: int) -> Iterator[tuple[Table[Any], Iterator[Any]]]:
    """Per table the rows of so many runs, in key order, as the reducers make them for one."""
    ended = Overlay(database.state)
    fold(database.registry, ended, events=[Event(payload) for payload in one_past_run()])
    run, task = ended.get(RUNS, RUN), ended.get(TASKS, RUN, 0)
    plan, rank, last = ended.get(PLANS, RUN), next(ended.range(NEWEST_RUNS)), past
    assert run is not None and task is not None and plan is not None
    numbers = range(1, past + 1)
    yield RUNS, (replace(run, run_id=named(each), number=each) for each in numbers)
    yield TASKS, (replace(task, run_id=named(each)) for each in numbers)
    yield PLANS, (replace(plan, run_id=named(each)) for each in numbers)
    newest_first = reversed(numbers)
    yield NEWEST_RUNS, (replace(rank, rank=-each, run_id=named(each)) for each in newest_first)
    yield SEQUENCES, (replace(row, last=last) for row in ended.range(SEQUENCES))


def one_past_run() -> Sequence[Any]:
    """What happened in a run of one task."""
    task = PlannedTask("bench.a0", "", (), 0)
    return (
        RunTriggered(run_id=RUN, tasks=(task,), fingerprint="sha256:0", triggered_at=CREATED_AT),
        TasksDispatched(run_id=RUN, tasks=((0, 1),), dispatched_at=CREATED_AT),
        TaskSucceeded(run_id=RUN, index=0, attempt=1, ended_at=CREATED_AT, started_at=CREATED_AT),
        RunSucceeded(run_id=RUN, ended_at=CREATED_AT),
    )


def named(number: int) -> str:
    """The id of the past run with this number; later ones follow."""
    return f"00{number:024}"


def in_pieces(rows: Iterator[Any]) -> Iterator[list[Any]]:
    """The rows in pieces of a file."""
    while piece := list(islice(rows, ROWS_PER_FILE)):
        yield piece


__all__ = ["measurements"]
