"""A statement's rows, cut at the limits, and the bytes that spell them.

Law: a result that was cut says so. Must not know where the rows come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from arco.errors import Invalid, NotFound, Unavailable
from arco.query.protocol import Column, Format, Limits
from arco.query.render import render
from arco.query.statement import readable

BATCH_ROWS = 8192
FILE_TROUBLE = "IOError:"
FILE_GONE = ("No such file or directory", "Path does not exist")
OUT_OF_MEMORY_HINT = "read fewer rows or columns, filter earlier, or aggregate in steps"


class Answer(msgspec.Struct, frozen=True):
    """The rows that fit, described and spelled."""

    columns: tuple[Column, ...]
    rows: int
    truncated: bool
    body: bytes


def answer(
    connection: duckdb.DuckDBPyConnection,
    text: str,
    *,
    parameters: list[Any] | dict[str, Any] | None,
    limits: Limits,
    format: Format,
) -> Answer:
    """At most `limits.rows_max` rows in at most `limits.result_bytes_max` bytes, in the asked
    format.

    Raises: Invalid `QUERY_INVALID`, `QUERY_OUT_OF_MEMORY` or `QUERY_RESULT_TOO_LARGE`; NotFound
    `SNAPSHOT_EXPIRED`; Unavailable `TABLE_UNREADABLE`.
    """
    try:
        relation = connection.sql(text, params=parameters)
        columns = _columns(relation)
        reader = relation.to_arrow_reader(min(BATCH_ROWS, limits.rows_max + 1))
        with closing(reader):
            table, truncated = _collect(reader, [column.name for column in columns], limits=limits)
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise out_of_memory() from error
    except (duckdb.Error, pa.ArrowException) as error:
        if any(sign in str(error) for sign in FILE_GONE):
            raise snapshot_expired() from error
        if FILE_TROUBLE in str(error):
            raise _unreadable(readable(str(error))) from error
        raise Invalid(
            "QUERY_INVALID", readable(str(error)), hint="mend the SQL and ask again"
        ) from error
    return _fit(table, columns, truncated=truncated, limits=limits, format=format)


def _unreadable(message: str) -> Unavailable:
    """The error of a table whose file stands and is not what was written."""
    return Unavailable(
        "TABLE_UNREADABLE",
        f"a file of a table cannot be read: {message.partition(FILE_TROUBLE)[2].strip()}",
        hint="read another version, and run `arco verify`: it names every damaged file",
    )


def out_of_memory() -> Invalid:
    """The error of a query that needs more memory than it may use."""
    return Invalid(
        "QUERY_OUT_OF_MEMORY",
        "the query needs more memory than it may use",
        hint=OUT_OF_MEMORY_HINT,
    )


def snapshot_expired() -> NotFound:
    """The error of a read whose files were collected; never fewer or other rows."""
    return NotFound(
        "SNAPSHOT_EXPIRED",
        "files of the version that was asked for are not there any more",
        hint="read a newer version, and pin what must stay: arco pin create NAME; if it is the "
        "newest one, run `arco verify`",
    )


def _columns(relation: duckdb.DuckDBPyRelation) -> tuple[Column, ...]:
    types = [str(type).strip('"') for type in relation.types]
    return tuple(
        Column(name, type) for name, type in zip(_unique(relation.columns), types, strict=True)
    )


def _unique(names: Iterable[str]) -> list[str]:
    seen: dict[str, None] = {}
    for name in names:
        candidate, number = name, 0
        while candidate in seen:
            number += 1
            candidate = f"{name}_{number}"
        seen[candidate] = None
    return list(seen)


def _collect(
    reader: pa.RecordBatchReader, names: list[str], *, limits: Limits
) -> tuple[pa.Table, bool]:
    batches: list[pa.RecordBatch] = []
    rows_left, bytes_left = limits.rows_max, limits.result_bytes_max
    cut = False
    for batch in reader:
        kept = batch.slice(0, _rows_within(batch.slice(0, rows_left), bytes_left))
        cut = kept.num_rows < batch.num_rows
        batches.append(kept)
        rows_left -= kept.num_rows
        bytes_left -= kept.nbytes
        if cut:
            break
    table = pa.Table.from_batches(batches, schema=reader.schema)
    return table.rename_columns(names), cut


def _rows_within(batch: pa.RecordBatch, size_bytes: int) -> int:
    """The largest number of leading rows that take at most `size_bytes`."""
    low, high = 0, int(batch.num_rows)
    if batch.nbytes <= size_bytes:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if batch.slice(0, middle).nbytes <= size_bytes:
            low = middle
        else:
            high = middle - 1
    return low


def _fit(
    table: pa.Table, columns: tuple[Column, ...], *, truncated: bool, limits: Limits, format: Format
) -> Answer:
    """The answer with as many rows as their spelling leaves room for: text is longer than Arrow."""
    body = render(table, format)
    while len(body) > limits.result_bytes_max and table.num_rows:
        share = limits.result_bytes_max / len(body)
        table, truncated = table.slice(0, int(table.num_rows * share * 0.95)), True
        body = render(table, format)
    if truncated and not table.num_rows:
        raise Invalid(
            "QUERY_RESULT_TOO_LARGE",
            f"one row alone is larger than {limits.result_bytes_max:,} bytes",
            hint="select fewer or shorter columns",
        )
    return Answer(columns, table.num_rows, truncated, body)


__all__ = ["Answer", "answer", "out_of_memory", "snapshot_expired"]
