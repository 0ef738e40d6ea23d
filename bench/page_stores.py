"""A workspace for pages to be slow at: many ended runs, one run of ten thousand tasks, a graph of
ten thousand assets, and an asset of a million partitions.

Written by the production writer of snapshots, from rows as the reducers make them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from msgspec.structs import replace

from arco.engine.database import Database
from arco.engine.garbage import COLLECTIONS, Collection
from arco.engine.index import TableFiles
from arco.engine.parquet import rows_to_arrow
from arco.engine.writing import Attempt
from arco.lineage.tables import CONSUMERS, EDGES, Consumer, Edge
from arco.model import Table
from arco.orchestration import rows
from arco.orchestration.definitions import Dependency
from arco.orchestration.expiry import EXPIRED_OUTPUTS
from arco.orchestration.partitions import (
    HourlyPartitions,
    ProductPartitions,
    StaticPartitions,
    all_keys,
)
from arco.orchestration.rows import Attempted, Materialization, PartitionStatus, Run, Task
from arco.orchestration.states import TaskState
from arco.orchestration.tables import (
    ASSETS,
    NEWEST_RUNS,
    PARTITION_STATUS,
    PLANS,
    RUNS,
    SEQUENCES,
    TASKS,
)
from arco.testing.orchestration_samples import Bench, asset
from bench import history, projects
from bench.catalogs import CREATED_AT, published

REGIONS = 120
CELLS = "bench.cells"
WIDE_RUN = "01" + "0" * 24
"""The run of so many tasks: its id stands after those of the past ones."""
TASK_SECONDS = 3
AT_ONCE = 64


async def fill(database: Database, *, runs: int, tasks: int, assets: int, hours: int) -> None:
    """The empty workspace becomes that one: a snapshot of base files is published."""
    attempt = Attempt(database, database.position, "0123456789abcdef")
    tables: dict[str, TableFiles] = {}
    past, sample = (dict(history.past_rows(database, count)) for count in (runs, 1))
    wide = wide_run(next(sample[RUNS]), next(sample[TASKS]), count=tasks)
    beside: Mapping[Table[Any], Iterable[Any]] = {
        RUNS: [wide[0]],
        TASKS: wide[1],
        ASSETS: deployed(assets, hours),
        EDGES: edges(assets),
        CONSUMERS: consumers(assets),
        PARTITION_STATUS: statuses(hours),
    }
    tidied = collected_lately(runs, database.runtime.now())
    filled: tuple[Table[Any], ...] = (PLANS, NEWEST_RUNS, *tidied, *beside)
    for table in filled:
        lines = chain(tidied.get(table, ()), past.get(table, ()), beside.get(table, ()))
        pieces = (rows_to_arrow(table, piece) for piece in history.in_pieces(iter(lines)))
        base = [await attempt.base_file(table, each) for each in pieces]
        tables[table.name] = await attempt.paged(table, TableFiles(), base=base, deltas=())
    await published(database, attempt, tables=tables)


def collected_lately(runs: int, now: datetime) -> Mapping[Table[Any], Sequence[Any]]:
    """What says that the collector has seen these runs: its first pass walks through all of them,
    beside whatever is measured.
    """
    expired = rows.Sequence(name=EXPIRED_OUTPUTS, last=runs)
    return {SEQUENCES: [expired], COLLECTIONS: [Collection(passes=1, began_at=now)]}


def wide_run(run: Run, task: Task, *, count: int) -> tuple[Run, Iterator[Task]]:
    """A run of so many tasks, some of them at once, and its tasks in their order."""
    ended = CREATED_AT + timedelta(seconds=TASK_SECONDS * (count // AT_ONCE + 1))
    row = replace(run, run_id=WIDE_RUN, total=count, succeeded=count, ended_at=ended)
    return row, (_task(task, number) for number in range(count))


def _task(task: Task, number: int) -> Task:
    started = CREATED_AT + timedelta(seconds=TASK_SECONDS * (number // AT_ONCE))
    return replace(
        task,
        run_id=WIDE_RUN,
        index=number,
        asset=f"bench.a{number}",
        task_key=f"bench.a{number}:materialize",
        state=TaskState.FAILED if number % 97 == 0 else TaskState.SUCCEEDED,
        started_at=started,
        ended_at=started + timedelta(seconds=TASK_SECONDS * (0.3 + number % 7 / 10)),
    )


def partitions(hours: int) -> ProductPartitions:
    """So many hours by all regions."""
    regions = StaticPartitions([f"r{number:03}" for number in range(REGIONS)], dimension="region")
    end = f"{CREATED_AT + timedelta(hours=hours - 365 * 24):%Y-%m-%dT%H}"
    start = f"{CREATED_AT - timedelta(hours=365 * 24):%Y-%m-%dT%H}"
    return ProductPartitions((HourlyPartitions(start=start, end=end), regions))


def deployed(assets: int, hours: int) -> list[Any]:
    """The assets as a deployment leaves them, in the order of their keys."""
    sample = Bench()
    sample.deploy(asset("bench.a0"), asset(CELLS, partitions=partitions(hours)))
    first, cells = (sample.state.get(ASSETS, key) for key in ("bench.a0", CELLS))
    assert first is not None and cells is not None
    found = [cells]
    for number, upstreams in enumerate(projects.layered_upstreams(assets, 3)):
        needs = tuple(Dependency(name(each)) for each in upstreams)
        definition = replace(first.definition, key=name(number), dependencies=needs)
        ids = {"asset_id": f"{number:032x}", "table_id": f"{number:032x}"}
        found.append(replace(first, key=name(number), definition=definition, **ids))
    return sorted(found, key=lambda row: row.key)


def name(number: int) -> str:
    """The asset of the graph with this number."""
    return f"bench.a{number}"


def pairs(assets: int) -> Sequence[tuple[str, str]]:
    """Upstream and downstream of every edge of the graph."""
    layered = enumerate(projects.layered_upstreams(assets, 3))
    return [(name(each), name(number)) for number, upstreams in layered for each in upstreams]


def edges(assets: int) -> Iterator[Edge]:
    """The graph as lineage recorded it."""
    for downstream, upstream in sorted((down, up) for up, down in pairs(assets)):
        yield Edge(
            downstream=downstream,
            upstream=upstream,
            run_id=WIDE_RUN,
            first_recorded_at=CREATED_AT,
            recorded_at=CREATED_AT,
        )


def consumers(assets: int) -> Iterator[Consumer]:
    """The same, seen from upstream."""
    return (Consumer(upstream=up, downstream=down) for up, down in sorted(pairs(assets)))


def statuses(hours: int) -> Iterator[PartitionStatus]:
    """How the partitions stand: nearly all were made, some failed since."""
    every = all_keys(partitions(hours), CREATED_AT + timedelta(hours=hours))
    held = Materialization(
        run_id=WIDE_RUN,
        index=0,
        code_version="sha256:0",
        data_version="sha256:0",
        materialized_at=CREATED_AT,
        rows=1_000,
    )
    for number, key in enumerate(sorted(every)):
        state = TaskState.FAILED if number % 89 == 0 else TaskState.SUCCEEDED
        attempt = Attempted(run_id=WIDE_RUN, index=0, state=state, ended_at=CREATED_AT)
        made = None if number % 97 == 0 else held
        yield PartitionStatus(asset=CELLS, partition_key=key, materialization=made, attempt=attempt)


__all__ = ["CELLS", "REGIONS", "WIDE_RUN", "fill", "name"]
