"""The demo's lakehouse as a stranger sees it: the command line, and files read by other libraries.

Nothing here reads a table through Arco: counts and contents come from deltalake and DuckDB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from deltalake import DeltaTable

ROWS = {
    "raw.airlines": 16,
    "raw.airports": 1_458,
    "raw.flights": 336_776,
    "raw.planes": 3_322,
    "raw.weather": 26_115,
    "staging.flights": 336_776,
    "staging.weather": 26_115,
    "marts.carrier_scorecard": 16,
    "marts.daily_delays": 1_095,
    "marts.plane_age": 46,
    "marts.route_stats": 224,
    "marts.weather_impact": 4,
}
ENTRY = "import sys; from arco.cli import main; sys.exit(main())"
SECONDS_MAX = 100


class Content(msgspec.Struct, frozen=True):
    """What a table holds: its rows, a hash of them in any order, and its Delta version."""

    rows: int
    hash: str
    version: int


def command(*arguments: str) -> list[str]:
    """The command line that runs `arco` with this Python."""
    return [sys.executable, "-c", ENTRY, *arguments]


def arco(*arguments: str, within: Path, fails: bool = False) -> str:
    """What the command printed, both streams; its exit code is the expected one."""
    done = subprocess.run(
        command(*arguments),
        cwd=within,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
    )
    assert (done.returncode != 0) is fails, done.stdout
    return done.stdout


def demo(directory: Path) -> str:
    """What `arco demo` printed, run to its end without serving."""
    return arco("demo", "--no-serve", "--dir", str(directory), within=directory.parent)


def rows_of(directory: Path, select: str) -> list[dict[str, Any]]:
    """The rows `arco sql` answers."""
    done = subprocess.run(
        command("sql", select, "--json"),
        cwd=directory,
        capture_output=True,
        check=True,
        timeout=SECONDS_MAX,
    )
    found = json.loads(done.stdout)
    return [dict(row) for row in found]


def catalogued(directory: Path) -> dict[str, int]:
    """Table -> rows, as the catalog says."""
    listed = rows_of(directory, "select namespace, name, rows from system.catalog.tables")
    return {f"{row['namespace']}.{row['name']}": row["rows"] for row in listed}


def tables(directory: Path) -> dict[str, DeltaTable]:
    """The catalog's tables, opened by deltalake at their newest version."""
    listed = rows_of(directory, "select namespace, name, location from system.catalog.tables")
    return {
        f"{row['namespace']}.{row['name']}": DeltaTable(str(workspace(directory) / row["location"]))
        for row in listed
    }


def workspace(directory: Path) -> Path:
    """Where the state of the project is on disk."""
    return directory / ".arco" / "tenant=local" / "workspace=main"


def contents(directory: Path) -> dict[str, Content]:
    """What every table of the catalog holds, read by DuckDB from the files of its Delta log."""
    return {name: content(table) for name, table in tables(directory).items()}


def content(table: DeltaTable) -> Content:
    """What one table holds."""
    select = "select count(*), sum(hash(t)::hugeint)::varchar from read_parquet(?) as t"
    with duckdb.connect() as connection:
        row = connection.execute(select, [table.file_uris()]).fetchone()
    assert row is not None
    return Content(row[0], row[1], table.version())


def worker_processes(directory: Path) -> list[int]:
    """Worker processes of the project that are alive."""
    found: list[int] = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"arco.execution.worker" in words and str(directory).encode() in words:
            found.append(int(process.name))
    return found
