"""A workspace of a million edges between datasets and as many between columns, one of them a hub.

Written by the production writer of snapshots; the same each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from arco.engine.database import Database
from arco.engine.index import TableFiles
from arco.engine.parquet import ROWS_PER_FILE, schema_of
from arco.engine.writing import Attempt
from arco.lineage.columns import COLUMN_CONSUMERS, COLUMN_EDGES, TRACED_DATASETS
from arco.lineage.tables import CONSUMERS, EDGES
from arco.model import Table
from bench.catalogs import CREATED_AT, RUN_ID, published

DATASETS_PER_EDGE = 0.3
HUB_SHARE = 0.25
"""So much of all edges come from one dataset."""
GOLDEN = 0x9E3779B97F4A7C15
REST: dict[str, Any] = {
    "run_id": RUN_ID,
    "downstream_version": 3,
    "upstream_version": 7,
    "first_recorded_at": CREATED_AT,
    "recorded_at": CREATED_AT,
    "traced_at": CREATED_AT,
    "method": "QUERY",
    "reason": "",
    "edges": 3,
}

Numbers = npt.NDArray[np.int64]


def dataset(number: int) -> str:
    """The name of the dataset with this number; names stand in the order of numbers."""
    return f"layer_{number // 1000:04}.dataset_{number:07}"


HUB = dataset(0)


def edges_of(count: int) -> tuple[Numbers, Numbers]:
    """Upstream and downstream numbers of about so many edges, each once: most datasets are made
    from some that came before them, and a quarter of all from the hub.
    """
    datasets = int(count * DATASETS_PER_EDGE)
    downstream = 1 + (shares(count, 1) * (datasets - 1)).astype(np.int64)
    upstream = (downstream * shares(count, 2) ** 0.5).astype(np.int64)
    hub = int(count * HUB_SHARE)
    downstream[:hub], upstream[:hub] = np.arange(hub) + 1, 0
    both = np.unique(upstream * datasets + downstream)
    return both // datasets, both % datasets


def shares(count: int, stream: int) -> npt.NDArray[np.float64]:
    """So many numbers in [0, 1) that look like chance and are the same each time (splitmix64)."""
    mixed = (np.arange(count, dtype=np.uint64) + np.uint64(stream << 40)) * np.uint64(GOLDEN)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    found: npt.NDArray[np.float64] = (mixed >> np.uint64(11)) / float(1 << 53)
    return found


async def fill(database: Database, count: int) -> None:
    """The empty workspace becomes one of so many edges: a snapshot of base files is published."""
    upstream, downstream = edges_of(count)
    attempt = Attempt(database, database.position, "0123456789abcdef")
    names = pa.array([dataset(number) for number in range(int(count * DATASETS_PER_EDGE))])
    back = np.lexsort((upstream, downstream))
    ends = {"upstream": upstream, "downstream": downstream}
    turned = {name: numbers[back] for name, numbers in ends.items()}
    traced = {"dataset": np.unique(downstream)}
    tables: dict[str, TableFiles] = {}
    for table, numbers in (
        (CONSUMERS, ends),
        (COLUMN_CONSUMERS, ends),
        (EDGES, turned),
        (COLUMN_EDGES, turned),
        (TRACED_DATASETS, traced),
    ):
        pieces = pieces_of(table, numbers, names=names)
        base = [await attempt.base_file(table, lines) for lines in pieces]
        tables[table.name] = await attempt.paged(table, TableFiles(), base=base, deltas=())
    await published(database, attempt, tables=tables)


def pieces_of(
    table: Table[Any], numbers: dict[str, Numbers], *, names: pa.Array
) -> Iterator[pa.Table]:
    """The rows, in pieces of a file; every edge of columns is one of `id`."""
    schema = schema_of(table)
    total = len(next(iter(numbers.values())))
    for start in range(0, total, ROWS_PER_FILE):
        part = {name: each[start : start + ROWS_PER_FILE] for name, each in numbers.items()}
        size = len(next(iter(part.values())))
        arrays = [
            names.take(pa.array(part[field.name]))
            if field.name in part
            else pa.array([REST.get(field.name, "id")] * size, field.type)
            for field in schema
        ]
        yield pa.Table.from_arrays(arrays, schema=schema)


__all__ = ["HUB", "dataset", "edges_of", "fill"]
