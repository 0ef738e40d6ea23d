"""Rows of a msgspec struct as an Arrow IPC stream; the columns follow from the type alone.

Law: an empty table has the same columns as a full one. What has no one Arrow type (unions, `Any`,
recursive structs) becomes JSON text. Must not know which tables exist.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import Enum
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa
from msgspec import inspect

Convert: TypeAlias = Callable[[Any], Any]
Field: TypeAlias = tuple[str, str, pa.DataType, Convert | None]

SCALARS: dict[type[inspect.Type], pa.DataType] = {
    inspect.BoolType: pa.bool_(),
    inspect.IntType: pa.int64(),
    inspect.FloatType: pa.float64(),
    inspect.StrType: pa.string(),
    inspect.BytesType: pa.binary(),
    inspect.ByteArrayType: pa.binary(),
    inspect.DateTimeType: pa.timestamp("us", tz="UTC"),
    inspect.DateType: pa.date32(),
    inspect.TimeType: pa.time64("us"),
}
SEQUENCES = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)


def rows_to_ipc(row_type: type[msgspec.Struct], rows: Iterable[msgspec.Struct]) -> bytes:
    """One Arrow IPC stream with a column for each public field, under the name it has in JSON.

    Shape: one line per row, in the order given. Fields whose name starts with `_` are left out.
    Times are UTC microseconds, durations are seconds, enums are their values, nested structs and
    sequences stay nested.
    """
    fields = _fields(row_type)
    rows = list(rows)
    arrays = [_array(rows, field) for field in fields]
    schema = pa.schema([pa.field(name, type) for _, name, type, _ in fields])
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return sink.getvalue()


def arrow_schema(row_type: type[msgspec.Struct]) -> pa.Schema:
    """The columns `rows_to_ipc` gives rows of this type."""
    return pa.schema([pa.field(name, type) for _, name, type, _ in _fields(row_type)])


def _array(rows: list[msgspec.Struct], field: Field) -> pa.Array:
    attribute, _, type, convert = field
    values = list(map(attrgetter(attribute), rows))
    if convert is not None:
        values = list(map(_optional(convert), values))
    return pa.array(values, type=type)


def _fields(row_type: type[msgspec.Struct]) -> list[Field]:
    described = inspect.type_info(row_type)
    assert isinstance(described, inspect.StructType)
    return _struct_fields(described, ())


def _struct_fields(struct: inspect.StructType, outer: tuple[type, ...]) -> list[Field]:
    return [
        (field.name, field.encode_name, *_column(field.type, (*outer, struct.cls)))
        for field in struct.fields
        if not field.name.startswith("_")
    ]


def _column(described: inspect.Type, outer: tuple[type, ...]) -> tuple[pa.DataType, Convert | None]:
    """The Arrow type of a value, and how it is prepared, if it is."""
    if isinstance(described, inspect.UnionType):
        return _union(described, outer)
    scalar = SCALARS.get(type(described))
    if scalar is not None:
        return scalar, None
    if isinstance(described, inspect.EnumType | inspect.LiteralType):
        return _choice(described)
    if isinstance(described, inspect.TimeDeltaType):
        return pa.float64(), timedelta.total_seconds
    if isinstance(described, inspect.UUIDType | inspect.DecimalType):
        return pa.string(), str
    if isinstance(described, SEQUENCES):
        return _sequence(described.item_type, outer)
    if isinstance(described, inspect.DictType):
        return _mapping(described, outer)
    if isinstance(described, inspect.StructType):
        return _struct(described, outer)
    return pa.string(), _json


def _union(union: inspect.UnionType, outer: tuple[type, ...]) -> tuple[pa.DataType, Convert | None]:
    present = [member for member in union.types if not isinstance(member, inspect.NoneType)]
    return _column(present[0], outer) if len(present) == 1 else (pa.string(), _json)


def _choice(choice: inspect.EnumType | inspect.LiteralType) -> tuple[pa.DataType, Convert | None]:
    if isinstance(choice, inspect.EnumType):
        values: Iterable[Any] = [member.value for member in choice.cls]
    else:
        values = choice.values
    kind = pa.int64() if all(isinstance(value, int) for value in values) else pa.string()
    return kind, _plain_value


def _plain_value(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _sequence(item: inspect.Type, outer: tuple[type, ...]) -> tuple[pa.DataType, Convert | None]:
    kind, convert = _column(item, outer)
    if convert is None:
        return pa.list_(kind), list
    each = _optional(convert)
    return pa.list_(kind), lambda values: [each(value) for value in values]


def _mapping(
    mapping: inspect.DictType, outer: tuple[type, ...]
) -> tuple[pa.DataType, Convert | None]:
    kind, convert = _column(mapping.value_type, outer)
    if not isinstance(mapping.key_type, inspect.StrType) or convert is _json:
        return pa.string(), _json
    each = _optional(convert) if convert else _as_is
    return pa.map_(pa.string(), kind), lambda pairs: [
        (key, each(value)) for key, value in pairs.items()
    ]


def _struct(
    struct: inspect.StructType, outer: tuple[type, ...]
) -> tuple[pa.DataType, Convert | None]:
    if struct.cls in outer:
        return pa.string(), _json
    fields = _struct_fields(struct, outer)
    if not fields:
        return pa.string(), _json
    steps = [
        (name, attrgetter(attribute), _optional(convert) if convert else _as_is)
        for attribute, name, _, convert in fields
    ]
    kind = pa.struct([pa.field(name, type) for _, name, type, _ in fields])
    return kind, lambda value: {name: convert(get(value)) for name, get, convert in steps}


def _optional(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _as_is(value: Any) -> Any:
    return value


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


__all__ = ["Convert", "Field", "arrow_schema", "rows_to_ipc"]
