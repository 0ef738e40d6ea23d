"""What an engine that knows nothing of Arco needs to read a large workspace: DuckDB on base files
and delta runs, by the view that the storage format recommends.
"""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from arco.catalog.commands import publish_versions
from arco.catalog.tables import COLUMNS, TABLES
from arco.engine import snapshot
from arco.engine.commit import SnapshotReference
from arco.engine.database import Database
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.engine.index import TableFiles
from arco.engine.sizes import Sizes
from arco.model import Decision, Event, State, Table
from arco.runtime import AsyncioRuntime
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from bench import catalogs
from bench.results import Measurement, percentile, spelled

RUNTIME = AsyncioRuntime()
RUNS = 16
TABLES_PER_RUN = 400
BUSY_NAMESPACES = 8
ROUNDS = 9
JOINED_TABLES = 100_000
VIEW = """
CREATE TEMP TABLE {name}_changed AS
  SELECT * FROM read_parquet({deltas}, union_by_name = true)
  QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _seq DESC) = 1;
CREATE TEMP VIEW {name} AS
  SELECT * FROM read_parquet({base}) AS stands
  WHERE NOT EXISTS (SELECT 1 FROM {name}_changed AS newer WHERE {same})
  UNION ALL BY NAME
  SELECT * EXCLUDE (_op, _seq) FROM {name}_changed WHERE _op = 'put';
"""


async def measurements(folder: Path, count: int) -> list[Measurement]:
    """The lines of one workspace, which gains some runs of changes."""
    files = await with_runs(folder, count)
    connection = duckdb.connect()
    start = time.perf_counter()
    for table, listed_files in files.items():
        connection.execute(view(table, listed_files, folder=folder))
    prepared = time.perf_counter() - start
    note = f"base and {RUNS} delta runs; views made in {spelled(prepared)}"
    found = []
    for what, query, goal in queries(count):
        middle = spelled(percentile(asked(connection, query), 0.5))
        found.append(Measurement(f"{count:,} tables: DuckDB, {what}", middle, goal, note))
    connection.close()
    return found


def queries(count: int) -> list[tuple[str, str, str]]:
    """What is asked, the query, and the goal."""
    number = catalogs.scattered("stranger", count)
    space = catalogs.namespace_id(catalogs.namespace_of(number))
    limit = catalogs.table_id_below(min(1.0, JOINED_TABLES / count))
    by_name = (
        f"SELECT table_id FROM tables WHERE namespace_id = '{space}' "
        f"AND name = '{catalogs.table_name(number)}'"
    )
    joined = (
        "SELECT count(*), max(t.name) FROM tables AS t JOIN columns AS c USING (table_id) "
        f"WHERE t.table_id < '{limit}' AND c.table_id < '{limit}'"
    )
    return [
        ("by name", by_name, "<= 15 ms"),
        ("count", "SELECT count(*) FROM tables", "<= 60 ms"),
        (f"{min(count, JOINED_TABLES):,} of them join their columns", joined, "<= 250 ms"),
    ]


def asked(connection: duckdb.DuckDBPyConnection, query: str) -> list[float]:
    """Seconds until all rows of the answer are there, several times."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        connection.sql(query).fetchall()
        taken.append(time.perf_counter() - start)
    return taken


async def with_runs(folder: Path, count: int) -> dict[Table[Any], TableFiles]:
    """The files of tables and columns once there are so many runs above their base."""
    store = LocalStore(folder, RUNTIME, fsync=False)
    sizes = Sizes(fan_out=10_000)
    database = await Database.open(store, RUNTIME, domains=DOMAINS, writer="bench", sizes=sizes)
    while len((files := await listed(database))[TABLES].deltas) < RUNS:
        await database.transact(creations(count))
        await snapshot.publish(database)
    await database.close()
    return files


def creations(count: int) -> Decision:
    """Some tables appear in a few of the namespaces that are there."""

    def decide(state: State, now: datetime) -> list[Event]:
        events: list[Event] = []
        for turn in range(TABLES_PER_RUN):
            name = f"later_{now:%H%M%S%f}_{turn}"
            beside = turn % BUSY_NAMESPACES * catalogs.TABLES_PER_NAMESPACE % count
            identity = catalogs.later_id(int(f"{now:%H%M%S%f}") * TABLES_PER_RUN + turn)
            command = catalogs.added_table(name, beside, identity=identity)
            events += publish_versions(command, state, now=now)
        return events

    return decide


async def listed(database: Database) -> dict[Table[Any], TableFiles]:
    """The files of the newest snapshot, those in pages too."""
    newest = await database.asked(lambda state: state.get(SNAPSHOTS, NEWEST))
    assert newest is not None
    reader = database.replay.reader
    reference = SnapshotReference(newest.slot, newest.index, newest.sha256)
    tables = (await reader.index(reference)).tables
    found = {}
    for table in (TABLES, COLUMNS):
        files = tables[table.name]
        found[table] = TableFiles(await reader.base(files), files.deltas)
    return found


def view(table: Table[Any], files: TableFiles, *, folder: Path) -> str:
    """The statements that make the rows of the table stand under its last name."""
    same = " AND ".join(f"stands.{name} = newer.{name}" for name in table.key)
    return VIEW.format(
        name=table.name.split(".")[1],
        key=", ".join(table.key),
        same=same,
        base=[str(folder / file.name) for file in files.base],
        deltas=[str(folder / file.name) for file in files.deltas],
    )


__all__ = ["measurements"]
