"""A catalog that writes all its state again with every change: five Parquet files, a manifest that
names them, and a pointer that is replaced.

The state stays in memory, nothing is looked up and nobody races: kinder than the real thing. Files
are written with fsync and zstd.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

COLUMNS_PER_TABLE = 20
TABLES_PER_NAMESPACE = 1_000
ROUNDS = 40
SECONDS_MAX = 60.0
TYPES = ("long", "string", "double", "timestamp")


class Writer:
    """The state, and the one write it knows."""

    def __init__(self, folder: Path, tables: int) -> None:
        self._folder = folder
        self._version = 0
        self.puts = self.gets = self.bytes_written = 0
        self._state = filled(tables)
        self._commit()
        self.puts = self.gets = self.bytes_written = 0

    def create_namespace(self, name: str) -> None:
        """One row more in one of five tables."""
        self._append("namespaces", {"namespace_id": [hashed(name)], "name": [name]})
        self._commit()

    def create_table(self, name: str) -> None:
        """One row more in the tables, twenty in the columns, one in the names."""
        identity = hashed(name)
        self._append("tables", table_rows([identity], spaces=[hashed("n")], names=[name]))
        self._append("columns", column_rows(pa.array([identity])))
        self._append("search", {"token": [name], "table_id": [identity]})
        self._commit()

    def _append(self, table: str, rows: dict[str, object]) -> None:
        before = self._state[table]
        added = pa.table(
            {field.name: pa.array(rows[field.name], field.type) for field in before.schema}
        )
        self._state[table] = pa.concat_tables([before, added])

    def _commit(self) -> None:
        pointer = self._folder / "current"
        if pointer.exists():
            pointer.read_bytes()
            self.gets += 1
        self._version += 1
        manifest = {}
        for name, table in self._state.items():
            path = self._folder / f"{name}-{self._version}.parquet"
            sink = pa.BufferOutputStream()
            pq.write_table(table, sink, compression="zstd")
            self._put(path, sink.getvalue().to_pybytes())
            manifest[name] = path.name
            (self._folder / f"{name}-{self._version - 1}.parquet").unlink(missing_ok=True)
        self._put(self._folder / f"manifest-{self._version}.json", json.dumps(manifest).encode())
        self._put(self._folder / "next", str(self._version).encode())
        os.replace(self._folder / "next", pointer)

    def _put(self, path: Path, data: bytes) -> None:
        with open(path, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self.puts += 1
        self.bytes_written += len(data)


def main(folder: Path, tables: int) -> dict[str, object]:
    """Its figures."""
    writer = Writer(folder, tables)
    taken: dict[str, list[float]] = {"namespace": [], "table": []}
    began = time.perf_counter()
    for turn in range(ROUNDS):
        for kind, create in (
            ("namespace", writer.create_namespace),
            ("table", writer.create_table),
        ):
            start = time.perf_counter()
            create(f"made_{turn}")
            taken[kind].append(time.perf_counter() - start)
        if time.perf_counter() - began > SECONDS_MAX:
            break
    count = len(taken["namespace"]) * 2
    counts = {"puts": writer.puts / count, "gets": writer.gets / count}
    return {
        "version": pa.__version__,
        "bytes_written": writer.bytes_written // count,
        **taken,
        **counts,
    }


def filled(tables: int) -> dict[str, pa.Table]:
    """So many tables of twenty columns, in namespaces of a thousand."""
    ids = pa.array([hashed(number) for number in range(tables)])
    names = [f"table_{number:07}" for number in range(tables)]
    spaces = [f"namespace_{number:05}" for number in range(-(-tables // TABLES_PER_NAMESPACE))]
    space_ids = [hashed(space) for space in spaces]
    of = [space_ids[number // TABLES_PER_NAMESPACE] for number in range(tables)]
    return {
        "namespaces": pa.table({"namespace_id": space_ids, "name": spaces}),
        "tables": pa.table(table_rows(ids, spaces=of, names=names)),
        "columns": pa.table(column_rows(ids)),
        "lineage": pa.table({"source": ids, "target": ids}),
        "search": pa.table({"token": names, "table_id": ids}),
    }


def table_rows(ids: object, *, spaces: list[str], names: list[str]) -> dict[str, object]:
    """The rows of tables, by column."""
    count = len(names)
    return {
        "table_id": ids,
        "namespace_id": spaces,
        "name": names,
        "format": ["delta"] * count,
        "location": [f"warehouse/{name}" for name in names],
        "description": [f"what {name} holds" for name in names],
        "rows": [1_000] * count,
    }


def column_rows(ids: pa.Array) -> dict[str, object]:
    """Twenty rows of columns for each of the tables."""
    place = pa.array(range(len(ids) * COLUMNS_PER_TABLE), pa.int32())
    table = pc.divide(place, COLUMNS_PER_TABLE)
    ordinal = pc.subtract(place, pc.multiply(table, COLUMNS_PER_TABLE))
    names = pa.array([f"column_{number:02}" for number in range(COLUMNS_PER_TABLE)])
    types = pa.array([TYPES[number % len(TYPES)] for number in range(COLUMNS_PER_TABLE)])
    return {
        "table_id": pc.take(ids, table),
        "ordinal": ordinal,
        "name": pc.take(names, ordinal),
        "type": pc.take(types, ordinal),
    }


def hashed(value: object) -> str:
    """An id of 32 characters."""
    return hashlib.sha256(str(value).encode()).hexdigest()[:32]


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))

__all__ = ["Writer", "main"]
