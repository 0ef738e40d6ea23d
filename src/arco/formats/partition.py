"""Partition values: Python's, Delta's text, and columns that are in the table but not in its files.

A value means the same in the path of a commit, in a partition key and in a column. Must not
know tables or runs.
Source: Delta protocol, "Partition Value Serialization".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from arco.errors import Invalid
from arco.formats import schema as schemas
from arco.orchestration.partitions import parse_partition_key

ColumnValue: TypeAlias = str | int | bool | date | datetime | Decimal | float | None
ColumnValues: TypeAlias = Mapping[str, ColumnValue]


def column_values(partition_key: str, columns: Mapping[str, str]) -> dict[str, ColumnValue]:
    """Partition column -> value of a canonical partition key; `columns` says which carries what.

    >>> column_values("date=d:2013-01-31,size=i:7", {"date": "flight_date"})
    {'flight_date': datetime.date(2013, 1, 31), '_size': 7}
    """
    dimensions = parse_partition_key(partition_key)
    return {columns.get(name, f"_{name}"): value for name, value in dimensions.items()}


def serialise_all(values: ColumnValues) -> dict[str, str | None]:
    """Every value as Delta writes it."""
    return {name: serialise(value) for name, value in values.items()}


def serialise(value: ColumnValue) -> str | None:
    """The value as Delta writes it; None is null.

    Raises: Invalid PARTITION_VALUE_EMPTY, because Delta reads an empty string as null.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return _serialise_moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if value == "":
        raise Invalid(
            "PARTITION_VALUE_EMPTY",
            "an empty string cannot be a partition value: Delta tables read it back as null",
            hint="use null or a word such as 'unknown' for this partition",
        )
    return str(value)


def _serialise_moment(value: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS[.ffffff]`, in UTC when the value has a zone."""
    plain = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(sep=" ")


def parse(text: str | None, kind: pa.DataType) -> pa.Scalar:
    """The typed value of a serialised one."""
    if text is None:
        return pa.scalar(None, kind)
    if pa.types.is_timestamp(kind):
        bare = text.removesuffix("Z")
        return pa.scalar(bare + "Z" if kind.tz else bare).cast(kind)
    return pa.scalar(text).cast(kind)


def column_type(value: ColumnValue) -> pa.DataType:
    """The column type of a partition value; null counts as string."""
    if value is None:
        return pa.string()
    if isinstance(value, datetime):
        return pa.timestamp("us", "UTC" if value.tzinfo else None)
    return pa.scalar(value).type


def detach(table: pa.Table, values: ColumnValues) -> tuple[pa.Table, str]:
    """The table without its partition columns, and the schema with them.

    A partition column the data already carries keeps its place and type; others come last.

    Raises: Invalid PARTITION_MISMATCH when the data holds rows of another partition.
    """
    fields = {field.name: field for field in table.schema}
    for name, value in values.items():
        if name in fields:
            _refuse_strangers(table.column(name), value, name=name)
        else:
            fields[name] = pa.field(name, column_type(value))
    kept = [name for name in table.column_names if name not in values]
    if not kept:
        raise Invalid(
            "COLUMNS_MISSING",
            "the data has no columns besides its partition columns",
            hint="return at least one column that is not a partition column",
        )
    return table.select(kept), schemas.to_delta(pa.schema(list(fields.values())))


def attach(table: pa.Table, values: ColumnValues, *, schema: str) -> pa.Table:
    """The table with its partition columns, in the order and the types of the schema."""

    def column(field: pa.Field) -> Any:
        if field.name not in values:
            return table.column(field.name)
        return pa.repeat(parse(serialise(values[field.name]), field.type), table.num_rows)

    fields = schemas.to_arrow(schema) if values else table.schema
    return pa.table([column(field) for field in fields], names=fields.names)


def _refuse_strangers(column: pa.ChunkedArray, value: ColumnValue, *, name: str) -> None:
    """Refuse rows that belong to another partition than the one being written."""
    try:
        own = parse(serialise(value), column.type)
    except pa.ArrowException as error:
        raise Invalid(
            "PARTITION_MISMATCH",
            f"column {name!r} of type {column.type} cannot hold the partition value {value!r}",
            hint=f"cast {name!r} to the partition's type, or choose another carrier with column=",
        ) from error
    same = pc.is_null(column) if value is None else pc.fill_null(pc.equal(column, own), False)
    strangers = pc.filter(column, pc.invert(same))
    if len(strangers):
        raise Invalid(
            "PARTITION_MISMATCH",
            f"{len(strangers)} rows have another {name!r} than this partition's "
            f"{serialise(value)!r}, for example {strangers[0].as_py()!r}",
            hint="filter the data to the partition, or choose another carrier with column=",
        )


def guarantee(values: Mapping[str, str | None], schema: pa.Schema) -> ds.Expression | None:
    """What is true of every row of a file with these values; None when nothing is known."""
    whole: Any = None
    for name, text in values.items():
        column = ds.field(name)
        known = column.is_null() if text is None else column == parse(text, schema.field(name).type)
        whole = known if whole is None else whole & known
    return whole


__all__ = [
    "ColumnValue",
    "ColumnValues",
    "attach",
    "column_type",
    "column_values",
    "detach",
    "guarantee",
    "parse",
    "serialise",
    "serialise_all",
]
