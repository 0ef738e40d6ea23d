"""PyIceberg's SQL catalog on SQLite: a namespace, a table of twenty columns, and loading one.

The tables that are there before are rows that share one metadata file: cheaper than real ones.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyiceberg
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.schema import Schema
from pyiceberg.types import DoubleType, LongType, NestedField, StringType, TimestampType

TYPES = (LongType(), StringType(), DoubleType(), TimestampType())
FIELDS = [
    NestedField(number + 1, f"column_{number:02}", TYPES[number % len(TYPES)])
    for number in range(20)
]
TABLES_PER_NAMESPACE = 1_000
ROUNDS = 200


def main(folder: Path, tables: int) -> dict[str, object]:
    """Its figures."""
    database = folder / "catalog.db"
    catalog = SqlCatalog("peer", uri=f"sqlite:///{database}", warehouse=f"file://{folder}/data")
    fill(catalog, database, tables=tables)
    schema = Schema(*FIELDS)
    namespace = [
        seconds(lambda name=f"made_{turn}": catalog.create_namespace(name))
        for turn in range(ROUNDS)
    ]
    before = written(folder)
    table = [
        seconds(lambda name=f"made_0.table_{turn}": catalog.create_table(name, schema))
        for turn in range(ROUNDS)
    ]
    files, size_bytes = (now - then for now, then in zip(written(folder), before, strict=True))
    names = [name_of(turn * 7_919 % tables) for turn in range(ROUNDS)]
    return {
        "version": pyiceberg.__version__,
        "namespace": namespace,
        "table": table,
        "load": [seconds(lambda name=name: catalog.load_table(name)) for name in names],
        "puts": files / ROUNDS,
        "bytes_written": size_bytes // ROUNDS,
    }


def fill(catalog: SqlCatalog, database: Path, *, tables: int) -> None:
    """So many tables in namespaces of a thousand."""
    catalog.create_namespace("first")
    model = catalog.create_table("first.model", Schema(*FIELDS)).metadata_location
    rows = (("peer", *name_of(number), model, "TABLE") for number in range(tables))
    columns = "catalog_name, table_namespace, table_name, metadata_location, iceberg_type"
    spaces = range(0, tables, TABLES_PER_NAMESPACE)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(f"INSERT INTO iceberg_tables ({columns}) VALUES (?,?,?,?,?)", rows)
        connection.executemany(
            "INSERT INTO iceberg_namespace_properties VALUES (?,?,'exists','true')",
            (("peer", name_of(number)[0]) for number in spaces),
        )


def name_of(number: int) -> tuple[str, str]:
    """The namespace and the name of the table with this number."""
    return f"namespace_{number // TABLES_PER_NAMESPACE:05}", f"table_{number:07}"


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def written(folder: Path) -> tuple[int, int]:
    """How many metadata files there are, and their bytes."""
    sizes = [path.stat().st_size for path in (folder / "data").rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))

__all__ = ["main"]
