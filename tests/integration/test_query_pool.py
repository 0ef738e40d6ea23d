"""Real worker processes: answers, limits, deaths, and everything SQL may try to escape."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from arco.errors import ArcoError, Forbidden
from arco.query.names import TableName
from arco.query.pool import QueryPool
from arco.query.protocol import (
    Ask,
    Format,
    Inline,
    Limits,
    PinnedTable,
    Provision,
)
from arco.runtime import AsyncioRuntime
from tests.integration.query_bench import PEOPLE, Bench, provide, worker_pids

CANARY = "canary-7f3a"
GIBIBYTE = 1024**3


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.do(bench.pool.close())
    bench.runner.close()


def test_metadata_and_user_tables_join_by_the_names_people_write(bench: Bench) -> None:
    sql = """
        WITH tall AS (SELECT * FROM hr.People)
        SELECT system.catalog.tables.name, tall.tags FROM System.catalog.tables
        JOIN tall ON tall.id = tables.id JOIN people ON people.id = tall.id ORDER BY ALL
    """
    assert bench.rows(sql) == [{"name": "Zoë", "tags": ["a"]}, {"name": "李😀", "tags": []}]


@pytest.mark.parametrize("name", ['a"b', "c;d -- ", "İ ß É", "x.y", "main", "*/ '", "SELECT"])
def test_any_name_can_be_quoted(bench: Bench, name: str) -> None:
    async def anything(needed: Sequence[TableName]) -> list[Provision]:
        assert needed[0] == TableName(name, name, name)
        return [Inline(PEOPLE)]

    quoted = '"' + name.replace('"', '""') + '"'
    sql = f"SELECT {quoted}.id FROM {quoted}.{quoted}.{quoted} WHERE {quoted}.{quoted}.name = 'Zoë'"
    assert bench.rows(sql, provider=anything) == [{"id": 1}]


def test_a_result_names_and_types_its_columns(bench: Bench) -> None:
    result = bench.run("SELECT id, name, 1.5 AS x FROM hr.people WHERE false", format=Format.ARROW)
    assert [(column.name, column.type) for column in result.columns] == [
        ("id", "BIGINT"),
        ("name", "VARCHAR"),
        ("x", "DECIMAL(2,1)"),
    ]
    assert (result.rows, result.truncated, result.elapsed_ms > 0) == (0, False, True)
    assert pa.ipc.open_stream(result.body).read_all().num_rows == 0


def test_parameters_are_values_never_sql(bench: Bench) -> None:
    sql = "SELECT count(*) AS n FROM hr.people WHERE name = $name"
    assert bench.rows(sql, parameters={"name": "Zoë"}) == [{"n": 1}]
    assert bench.rows(sql, parameters={"name": "' OR true --"}) == [{"n": 0}]
    assert bench.rows("SELECT ? + ? AS n", parameters=[1, 2]) == [{"n": 3}]
    assert bench.code("SELECT ? AS n") == "QUERY_INVALID"


def test_a_missing_table_names_the_ones_that_were_meant(bench: Bench) -> None:
    with pytest.raises(ArcoError) as refusal:
        bench.run("SELECT * FROM hr.poeple JOIN hr.people USING (id)")
    assert refusal.value.code == "TABLE_NOT_FOUND"
    assert "hr.poeple" in refusal.value.message and "hr.people" in refusal.value.hint
    assert bench.rows("SELECT count(*) AS n FROM hr.people") == [{"n": 2}]


def test_a_missing_column_names_the_candidates_without_private_names(bench: Bench) -> None:
    with pytest.raises(ArcoError, match="nam") as refusal:
        bench.run("SELECT hr.people.nam FROM hr.people")
    assert "_arco" not in refusal.value.message


def test_a_refusal_of_the_provider_reaches_the_asker_and_costs_no_worker(bench: Bench) -> None:
    async def refuse(needed: Sequence[TableName]) -> list[Provision]:
        raise Forbidden("NO_GRANT", f"no grant on {needed[0].dotted()}", hint="ask for one")

    before = bench.rows("SELECT 1 AS a") and worker_pids()
    assert bench.code("SELECT * FROM hr.people", provider=refuse) == "NO_GRANT"
    assert bench.rows("SELECT 1 AS a") == [{"a": 1}]
    assert worker_pids() == before


def test_a_pinned_delta_table_is_read_at_the_version_the_query_names(
    bench: Bench, tmp_path: Path
) -> None:
    location = str(tmp_path / "orders")
    for version in range(3):
        write_deltalake(location, pa.table({"n": [version]}), mode="append")

    async def pinned(needed: Sequence[TableName]) -> list[Provision]:
        return [
            PinnedTable(location, 2 if table.version is None else table.version) for table in needed
        ]

    sql = """
        SELECT (SELECT count(*) FROM sales.orders) AS now, count(*) AS past, max(orders.n) AS newest
        FROM sales.orders AT (VERSION => 1)
    """
    assert bench.rows(sql, provider=pinned) == [{"now": 3, "past": 2, "newest": 1}]


@pytest.mark.parametrize("version", [0, 7])
def test_a_pinned_table_that_is_gone_is_an_error_not_a_dead_worker(
    bench: Bench, tmp_path: Path, version: int
) -> None:
    if version:
        write_deltalake(str(tmp_path / "gone"), pa.table({"n": [1]}))

    async def gone(needed: Sequence[TableName]) -> list[Provision]:
        return [PinnedTable(str(tmp_path / "gone"), version)]

    assert bench.code("FROM sales.gone", provider=gone) != "QUERY_WORKER_LOST"


def test_a_hundred_thousand_rows_come_back_and_one_more_is_reported(bench: Bench) -> None:
    result = bench.run("SELECT i FROM range(100001) t(i)", format=Format.ARROW)
    assert (result.rows, result.truncated) == (100_000, True)
    endless = bench.run("SELECT i FROM range(1000000000000) t(i)", format=Format.ARROW)
    assert endless.truncated


def test_text_over_the_limit_is_refused_before_it_is_read(bench: Bench) -> None:
    assert bench.code("SELECT 1 -- " + "é" * 33_000) == "QUERY_TOO_LARGE"


ESCAPES = [
    "SELECT * FROM '{canary}'",
    'SELECT * FROM "{canary}"',
    "SELECT * FROM read_text('{canary}')",
    "SELECT * FROM read_blob('{canary}')",
    "SELECT * FROM read_csv('{canary}')",
    "SELECT * FROM read_csv_auto('{canary}')",
    "SELECT * FROM main.read_csv('{canary}')",
    "SELECT * FROM system.main.read_text('{canary}')",
    "SELECT * FROM read_json('{canary}')",
    "SELECT * FROM read_parquet('{canary}')",
    "SELECT * FROM parquet_metadata('{canary}')",
    "SELECT * FROM sniff_csv('{canary}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "SELECT * FROM read_parquet('https://example.invalid/x.parquet')",
    "SELECT (SELECT content FROM read_text('{canary}'))",
    "WITH x AS (FROM read_text('{canary}')) FROM x",
    "SELECT * FROM range(1), LATERAL (FROM read_text('{canary}'))",
    "SELECT * FROM query('FROM read_text(''{canary}'')')",
    "SELECT * FROM query_table('{canary}')",
    "SELECT json_serialize_plan('FROM read_text(''{canary}'')')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "COPY (SELECT 1) TO '{target}'",
    "COPY hr.people FROM '{canary}'",
    "EXPORT DATABASE '{target}'",
    "IMPORT DATABASE '{folder}'",
    "ATTACH '{target}' AS other",
    "DETACH memory",
    "USE system",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL '{canary}'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET lock_configuration",
    "SET VARIABLE x = 1",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "SELECT getenv('HOME')",
    "SELECT current_setting('temp_directory')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "FROM which_secret('s3://x', 's3')",
    "CREATE SECRET s (TYPE s3)",
    "SELECT * FROM duckdb_settings",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_settings",
    "SELECT * FROM system.information_schema.tables",
    "SELECT * FROM temp.main._arco_0",
    "SELECT * FROM connection",
    "SELECT * FROM ask",
    "SELECT * FROM needed",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM python_map_function(1)",
    "SELECT * FROM seq_scan('x')",
    "SELECT 1; COPY (SELECT 1) TO '{target}'",
    "SELECT 1;\n-- x\nATTACH '{target}'",
    "INSERT INTO hr.people VALUES (1)",
    "WITH x AS (INSERT INTO hr.people VALUES (1) RETURNING *) FROM x",
    "WITH x AS (DELETE FROM hr.people RETURNING *) FROM x",
    "CREATE TABLE t AS SELECT 1",
    "CREATE VIEW v AS FROM read_text('{canary}')",
    "CREATE MACRO m() AS TABLE FROM read_text('{canary}')",
    "CREATE FUNCTION m() AS TABLE FROM read_text('{canary}')",
    "DELETE FROM hr.people",
    "DROP TABLE hr.people",
    "UPDATE hr.people SET id = 1",
    "MERGE INTO hr.people USING people ON true WHEN MATCHED THEN DELETE",
    "VACUUM",
    "CHECKPOINT",
    "PREPARE p AS FROM read_text('{canary}')",
    "EXPLAIN ANALYZE FROM read_text('{canary}')",
    "EXPLAIN FROM read_text('{canary}')",
    "DESCRIBE FROM read_csv('{canary}')",
    "SUMMARIZE FROM read_csv('{canary}')",
    "SUMMARIZE '{canary}'",
    "DESCRIBE '{canary}'",
    "SHOW ALL TABLES",
    "SELECT * FROM (SHOW DATABASES)",
    "FROM enable_logging()",
    "FROM register_external_resource('x')",
    "SELECT write_log('x')",
    "SELECT nextval('s')",
    "SELECT sleep_ms(1)",
]


def test_no_escape_succeeds(bench: Bench, tmp_path: Path) -> None:
    canary, target = tmp_path / "canary.csv", tmp_path / "target"
    canary.write_text(f"{CANARY},1\n{CANARY},2\n")
    before = sorted(tmp_path.iterdir())
    places = {"canary": canary, "target": target, "folder": tmp_path}
    successes = [sql for sql in ESCAPES if _escaped(bench, sql.format(**places))]
    assert successes == []
    assert sorted(tmp_path.iterdir()) == before
    assert bench.rows("SELECT count(*) AS n FROM hr.people") == [{"n": 2}]


def _escaped(bench: Bench, sql: str) -> bool:
    try:
        bench.run(sql)
    except ArcoError as error:
        refused = {"QUERY_INVALID", "QUERY_NOT_READ_ONLY", "TABLE_NOT_FOUND"}
        return error.code not in refused or CANARY in error.message
    return True


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list_sum(range(1000000000))",
        "SELECT count(*) FROM (SELECT DISTINCT i FROM range(1000000000) t(i))",
        "SELECT string_agg(repeat('x', 1000), '') FROM range(10000000)",
        "SELECT repeat('x', 2000000000)",
    ],
)
def test_a_memory_bomb_hurts_only_its_worker(bench: Bench, sql: str) -> None:
    assert bench.code(sql) == "QUERY_OUT_OF_MEMORY"
    assert bench.rows("SELECT 1 AS a") == [{"a": 1}]


SLOW = "SELECT sum(hash(a.i + b.i)) FROM range(1000000) a(i), range(1000000) b(i)"


def test_a_slow_query_is_killed_at_its_limit(bench: Bench) -> None:
    started = time.monotonic()
    assert bench.code(SLOW, limits=Limits(seconds_max=0.3)) == "QUERY_TIMEOUT"
    assert time.monotonic() - started < 3
    assert bench.rows("SELECT 1 AS a") == [{"a": 1}]


def test_a_cancelled_query_ends_at_once(bench: Bench) -> None:
    async def cancel() -> None:
        cancelled = AsyncioRuntime().signal()
        asyncio.get_running_loop().call_later(0.3, cancelled.set)
        await bench.pool.run(Ask(SLOW), provide, cancelled=cancelled)

    with pytest.raises(ArcoError) as refusal:
        bench.do(cancel())
    assert refusal.value.code == "QUERY_CANCELLED"
    assert bench.rows("SELECT 1 AS a") == [{"a": 1}]


def test_an_asker_that_goes_away_takes_its_query_along(bench: Bench) -> None:
    async def leave() -> None:
        await asyncio.wait_for(bench.pool.run(Ask(SLOW), provide), 0.3)

    with pytest.raises(TimeoutError):
        bench.do(leave())
    assert bench.rows("SELECT 1 AS a") == [{"a": 1}]


def kill_workers() -> None:
    for pid in worker_pids():
        os.kill(pid, signal.SIGKILL)


def test_a_worker_killed_in_mid_query_is_a_clear_error_and_the_next_one_answers(
    bench: Bench,
) -> None:
    async def murder() -> None:
        asyncio.get_running_loop().call_later(0.3, kill_workers)
        await bench.pool.run(Ask(SLOW), provide)

    bench.rows("SELECT 1 AS a")
    with pytest.raises(ArcoError) as refusal:
        bench.do(murder())
    assert refusal.value.code == "QUERY_WORKER_LOST" and refusal.value.status == 503
    assert bench.rows("SELECT 1 AS a") == [{"a": 1}]


def test_a_worker_killed_while_it_waits_is_not_noticed(bench: Bench) -> None:
    bench.rows("SELECT 1 AS a")
    kill_workers()
    bench.do(asyncio.sleep(0.1))
    assert bench.rows("SELECT 1 AS a") == [{"a": 1}]


def test_queries_queue_in_order_and_the_queue_is_bounded(bench: Bench) -> None:
    async def crowd() -> list[Any]:
        pool = QueryPool(AsyncioRuntime(), memory_bytes=2 * GIBIBYTE, waiting_max=2)
        asks = [pool.run(Ask(f"SELECT {n} AS n", format=Format.CSV), provide) for n in range(4)]
        results = await asyncio.gather(*asks, return_exceptions=True)
        await pool.close()
        return results

    results = bench.do(crowd())
    assert [result.body for result in results[:3]] == [b"n\n0\n", b"n\n1\n", b"n\n2\n"]
    assert results[3].code == "QUERY_BUSY"


@pytest.mark.parametrize("seconds", [0, 1.5], ids=["while its worker starts", "while it runs"])
def test_a_pool_that_closes_ends_running_queries_and_takes_no_more(
    bench: Bench, seconds: float
) -> None:
    async def shut(seconds: float) -> list[Any]:
        pool = QueryPool(AsyncioRuntime(), memory_bytes=2 * GIBIBYTE)
        running = asyncio.ensure_future(pool.run(Ask(SLOW), provide))
        await asyncio.sleep(seconds)
        await pool.close()
        late = pool.run(Ask("SELECT 1"), provide)
        return await asyncio.gather(running, late, return_exceptions=True)

    before = worker_pids()
    codes = [failure.code for failure in bench.do(shut(seconds))]
    assert codes == ["QUERY_WORKER_LOST", "QUERY_POOL_CLOSED"]
    assert worker_pids() == before


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = """
import asyncio, os, sys
from arco.query.pool import QueryPool
from arco.query.protocol import Ask
from arco.runtime import AsyncioRuntime

async def main():
    pool = QueryPool(AsyncioRuntime())
    await pool.warm()
    print(pool._idle[0].pid, flush=True)
    asyncio.get_running_loop().call_later(0.3, os.kill, os.getpid(), 9)
    await pool.run(Ask(sys.argv[1]), None)

asyncio.run(main())
"""
    parent = subprocess.run(
        [sys.executable, "-c", script, SLOW],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.returncode == -signal.SIGKILL
    assert wait_until(lambda: not is_running(int(parent.stdout)))


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until(holds: Callable[[], bool], seconds_max: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds_max
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def test_the_control_plane_loads_no_engine() -> None:
    script = "import sys, arco.query.pool; print({'duckdb', 'pyarrow'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert found.stdout.strip() == "set()"
