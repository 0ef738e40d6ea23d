"""Lines of snapshot files as Arrow tables: the newest of each key, and those that are rows.

A line is a row of a base file, or a change of a delta file. Must not know files.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from arco.engine import parquet
from arco.engine.columns import keys_of
from arco.engine.parquet import OPERATION, SLOT
from arco.model import Key, Table, field_types

if TYPE_CHECKING:
    import pyarrow as pa


def dropped(lines: pa.Table) -> frozenset[int]:
    """The positions of the lines that drop a row; none in lines of a base file."""
    if OPERATION not in lines.column_names:
        return frozenset()
    operations = lines.column(OPERATION).to_pylist()
    return frozenset(i for i, operation in enumerate(operations) if operation == "drop")


def as_lines(table: Table[Any], data: pa.Table) -> pa.Table:
    """The data with every column of the table, and `_op` and `_seq`; those it lacks are null, or
    hold the default of their field.
    """
    import pyarrow as pa

    columns = []
    schema = _lines_schema(table)
    for field in schema:
        if field.name in data.column_names:
            columns.append(data.column(field.name).cast(field.type))
        else:
            columns.append(_default_column(table, field, count=data.num_rows))
    return pa.Table.from_arrays(columns, schema=schema)


def newest_lines(
    table: Table[Any], parts: Sequence[pa.Table], *, within: Callable[[Key], bool]
) -> pa.Table:
    """The newest line of each key that is wanted, in key order; parts stand oldest first, as
    `as_lines` makes them.
    """
    import pyarrow as pa

    positions: dict[Key, int] = {}
    first = 0
    for part in parts:
        for position, key in enumerate(keys_of(table, part), first):
            if within(key):
                positions[key] = position
        first += part.num_rows
    picked = pa.array([positions[key] for key in sorted(positions)], pa.int64())
    lines = pa.concat_tables([_lines_schema(table).empty_table(), *parts]).combine_chunks()
    arrays = [column.combine_chunks().take(picked) for column in lines.columns]
    return pa.Table.from_arrays(arrays, schema=lines.schema)


def joined(parts: Sequence[pa.Table]) -> pa.Table:
    """The lines of all parts, one after the other."""
    import pyarrow as pa

    return pa.concat_tables(parts).combine_chunks()


def rows_only(table: Table[Any], lines: pa.Table) -> pa.Table:
    """The rows that stand: lines that drop one are left out, and so are `_op` and `_seq`."""
    import pyarrow as pa

    gone = dropped(lines)
    stands = pa.array([i for i in range(lines.num_rows) if i not in gone], pa.int64())
    schema = parquet.schema_of(table)
    arrays = [lines.column(field.name).combine_chunks().take(stands) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _lines_schema(table: Table[Any]) -> pa.Schema:
    import pyarrow as pa

    schema = parquet.nullable_schema(parquet.schema_of(table))
    return schema.append(pa.field(OPERATION, pa.string())).append(pa.field(SLOT, pa.int64()))


def _default_column(table: Table[Any], field: pa.Field, *, count: int) -> pa.Array:
    import pyarrow as pa

    value = None
    for given in msgspec.structs.fields(table.row):
        if given.name == field.name and given.default_factory is not msgspec.NODEFAULT:
            value = given.default_factory()
        elif given.name == field.name and given.default is not msgspec.NODEFAULT:
            value = given.default
    if value is not None:
        row = types.SimpleNamespace(**{field.name: value})
        (value,) = parquet.encoded_values(
            [row], field.name, kind=field_types(table.row)[field.name]
        )
    return pa.array([value] * count, field.type)


__all__ = ["as_lines", "dropped", "joined", "newest_lines", "rows_only"]
