"""Rows as Parquet and back: the schema is derived from the row struct, so a new table needs no
codec.

Same rows and same writer version, same bytes. Scalars are native columns, tuples of scalars are
lists, whatever is nested deeper is JSON text. The library loads on first use.
"""

from __future__ import annotations

import functools
import io
import types
import typing
from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from arco.engine.columns import is_list, is_native, keys_of, optional, values_of
from arco.model import Key, Row, Table, field_types

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_PER_GROUP = 4096
ROWS_PER_FILE = 65536
OPERATION = "_op"
SLOT = "_seq"


Lines: TypeAlias = Any
"""An Arrow table of lines, for those who only pass it on."""


class Changed(msgspec.Struct, frozen=True):
    """A key that changed: the row that stands there now, or None, and the slot that made it so."""

    key: Key
    row: msgspec.Struct | None
    seq: int


def schema_of(table: Table[Any]) -> pa.Schema:
    """The Arrow schema of a table's rows."""
    import pyarrow as pa

    return pa.schema([_field(name, kind) for name, kind in field_types(table.row).items()])


def rows_to_arrow(table: Table[Row], rows: Sequence[Row]) -> pa.Table:
    """The rows as one Arrow table, a column per field."""
    import pyarrow as pa

    schema = schema_of(table)
    columns = [
        pa.array(encoded_values(rows, name, kind=kind), schema.field(name).type)
        for name, kind in field_types(table.row).items()
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def arrow_to_rows(
    table: Table[Row], data: pa.Table, *, only: Sequence[int] | None = None
) -> list[Row]:
    """The rows of an Arrow table written by `rows_to_arrow`, or those at the positions `only`.

    A column that the data lacks takes the struct's default. The positions are picked in Python:
    Arrow's own `take` would load its compute library, and pandas with it.
    """
    columns: dict[str, list[Any]] = {}
    for name, kind in field_types(table.row).items():
        if name in data.column_names:
            columns[name] = values_of(data.column(name), kind, only=only)
    names = tuple(columns)
    make = table.row
    return [
        make(**dict(zip(names, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    ]


def write_base(table: Table[Row], rows: Sequence[Row]) -> bytes:
    """One base file: rows in key order, row groups of `ROWS_PER_GROUP`."""
    return _write(rows_to_arrow(table, rows))


def write_delta(table: Table[Any], changed: Sequence[Changed]) -> bytes:
    """One delta run: a line per changed key with `_op` and `_seq`; a dropped row keeps only its
    key.
    """
    return _write(changed_to_arrow(table, changed))


def changed_to_arrow(table: Table[Any], changed: Sequence[Changed]) -> pa.Table:
    """The lines of a delta run."""
    import pyarrow as pa

    rows = [item.row if item.row is not None else _tombstone(table, item.key) for item in changed]
    data = rows_to_arrow(table, rows).cast(nullable_schema(schema_of(table)))
    operations = ["drop" if item.row is None else "put" for item in changed]
    data = data.append_column(OPERATION, pa.array(operations, pa.string()))
    return data.append_column(SLOT, pa.array([item.seq for item in changed], pa.int64()))


def read_rows(table: Table[Row], data: bytes) -> list[Row]:
    """The rows of a base file."""
    return arrow_to_rows(table, read_groups(data, None))


def read_changed(table: Table[Any], data: bytes) -> list[Changed]:
    """The lines of a delta run."""
    lines = read_groups(data, None)
    operations = lines.column(OPERATION).to_pylist()
    slots = lines.column(SLOT).to_pylist()
    puts = [i for i, operation in enumerate(operations) if operation == "put"]
    rows = dict(zip(puts, arrow_to_rows(table, lines, only=puts), strict=True))
    keys = keys_of(table, lines)
    return [Changed(key, rows.get(i), slots[i]) for i, key in enumerate(keys)]


def read_groups(data: bytes, groups: Sequence[int] | None) -> pa.Table:
    """The lines of some row groups, or of all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(data))
    return file.read() if groups is None else file.read_row_groups(list(groups))


def read_fields(data: bytes, names: Sequence[str]) -> pa.Table:
    """Some fields of every line, and `_op` where lines have one; each text stands once, in a
    dictionary.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(pa.BufferReader(data))
    found = [name for name in (*names, OPERATION) if name in schema.names]
    texts = [name for name in found if schema.field(name).type == pa.string()]
    return pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts).read(found)


def give_back_memory() -> None:
    """What reading needed for a while goes back to the system: Arrow would keep it for later."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def write_lines(lines: pa.Table, rows_per_group: int = ROWS_PER_GROUP) -> bytes:
    """A file of lines that stand in key order already."""
    return _write(lines, rows_per_group)


def _write(data: pa.Table, rows_per_group: int = ROWS_PER_GROUP) -> bytes:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(
        data.combine_chunks(),
        sink,
        row_group_size=rows_per_group,
        compression="zstd",
        store_schema=False,
    )
    return sink.getvalue()


def _tombstone(table: Table[Any], key: Key) -> Any:
    return _dropped(table)(**dict(zip(table.key, key, strict=True)))


@functools.cache
def _dropped(table: Table[Any]) -> type[types.SimpleNamespace]:
    """What stands for a row of the table of which only the key is left."""
    return type("Dropped", (types.SimpleNamespace,), dict.fromkeys(field_types(table.row)))


def nullable_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with every column nullable, as delta files have it."""
    import pyarrow as pa

    return pa.schema([field.with_nullable(True) for field in schema])


def _field(name: str, kind: Any) -> pa.Field:
    import pyarrow as pa

    kind, nullable = optional(kind)
    return pa.field(name, _arrow_type(kind), nullable)


def _arrow_type(kind: Any) -> pa.DataType:
    import pyarrow as pa

    if isinstance(kind, type) and issubclass(kind, str | Enum):
        return pa.string()
    scalars = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        bytes: pa.binary(),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    if kind in scalars:
        return scalars[kind]
    if is_list(kind):
        return pa.list_(_arrow_type(typing.get_args(kind)[0]))
    return pa.string()


def encoded_values(rows: Sequence[Any], name: str, *, kind: Any) -> list[Any]:
    """One field of the rows, as Arrow holds it."""
    values = list(map(attrgetter(name), rows))
    kind, _ = optional(kind)
    if is_native(kind):
        return values
    return [None if value is None else _text(value) for value in values]


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    return msgspec.json.encode(value, order="sorted").decode()


__all__ = [
    "OPERATION",
    "ROWS_PER_FILE",
    "ROWS_PER_GROUP",
    "SLOT",
    "Changed",
    "Lines",
    "arrow_to_rows",
    "changed_to_arrow",
    "encoded_values",
    "give_back_memory",
    "nullable_schema",
    "read_changed",
    "read_fields",
    "read_groups",
    "read_rows",
    "rows_to_arrow",
    "schema_of",
    "write_base",
    "write_delta",
    "write_lines",
]
