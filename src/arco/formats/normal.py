"""The one Arrow form that tables are stored in: types every Delta reader knows, one encoding
per type.

The form depends on the schema only, never on the values, so every partition of a table gets the
same types. Must not know files or tables.

Narrowings a user can see: timestamps keep microseconds; with a zone they become UTC
(`timestamp`), without one they stay without one (`timestamp_ntz`); `uint64` becomes
`decimal(20,0)`; half floats become floats.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from arco.errors import Invalid

WIDENED: dict[pa.DataType, pa.DataType] = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
    pa.date64(): pa.date32(),
    pa.large_string(): pa.string(),
    pa.string_view(): pa.string(),
    pa.large_binary(): pa.binary(),
    pa.binary_view(): pa.binary(),
}
PLAIN = {
    pa.bool_(),
    pa.int8(),
    pa.int16(),
    pa.int32(),
    pa.int64(),
    pa.float32(),
    pa.float64(),
    pa.string(),
    pa.binary(),
    pa.date32(),
}
DECIMAL_PRECISION_MAX = 38


def normalise(table: pa.Table, expected: pa.Schema | None = None) -> pa.Table:
    """The table in storage form; a column of nothing but untyped nulls takes its `expected` type.

    Raises: Invalid for names that collide and for columns that no Delta type can hold.
    """
    _refuse_names(table.schema.names)
    columns, fields = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        target = _target_type(field, expected)
        columns.append(_recast(column, target, name=field.name))
        fields.append(pa.field(field.name, target))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _refuse_names(names: Iterable[str]) -> None:
    """Refuse an empty table and names that are the same for engines that ignore case."""
    seen: dict[str, str] = {}
    twice = []
    for name in names:
        if name.lower() in seen:
            twice.append(name)
        seen.setdefault(name.lower(), name)
    if twice:
        listed = ", ".join(repr(name) for name in twice)
        raise Invalid(
            "COLUMNS_DUPLICATE",
            f"more than one column is named {listed} (upper and lower case are the same name)",
            hint="rename or drop one of each",
        )
    if not seen:
        raise Invalid(
            "COLUMNS_MISSING",
            "the data has no columns, so there is no table to write",
            hint="return at least one column; an empty result still needs column names and types",
        )


def _target_type(field: pa.Field, expected: pa.Schema | None) -> pa.DataType:
    """The storage type of one column; the expected one where nothing but nulls leaves it open."""
    if expected is not None and field.name in expected.names and _is_open(field.type):
        return expected.field(field.name).type
    return _storage_type(field.type, field.name)


def _is_open(kind: pa.DataType) -> bool:
    """True when untyped nulls leave the type, or a part of it, unknown."""
    if pa.types.is_nested(kind):
        return any(_is_open(kind.field(i).type) for i in range(kind.num_fields))
    return bool(pa.types.is_null(kind))


def _storage_type(kind: pa.DataType, path: str) -> pa.DataType:
    """The storage type of an Arrow type; `path` names it in the error."""
    if kind in PLAIN:
        return kind
    if kind in WIDENED:
        return WIDENED[kind]
    if isinstance(kind, pa.BaseExtensionType):
        return _storage_type(kind.storage_type, path)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return _storage_type(kind.value_type, path)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if pa.types.is_fixed_size_binary(kind):
        return pa.decimal128(kind.precision, kind.scale) if _fits_decimal(kind) else pa.binary()
    if pa.types.is_nested(kind):
        return _nested_type(kind, path)
    if _fits_decimal(kind):
        return pa.decimal128(kind.precision, kind.scale)
    raise _unsupported(kind, path)


def _fits_decimal(kind: pa.DataType) -> bool:
    """True for a decimal that Delta can hold."""
    if not pa.types.is_decimal(kind):
        return False
    return bool(0 <= kind.scale <= kind.precision <= DECIMAL_PRECISION_MAX)


def _nested_type(kind: pa.DataType, path: str) -> pa.DataType:
    """The storage type of a list, a struct or a map."""
    if pa.types.is_map(kind):
        key = _storage_type(kind.key_type, f"{path}.key")
        return pa.map_(key, _storage_type(kind.item_type, f"{path}.value"))
    if pa.types.is_struct(kind) and kind.num_fields:
        inner = [kind.field(i) for i in range(kind.num_fields)]
        return pa.struct([(f.name, _storage_type(f.type, f"{path}.{f.name}")) for f in inner])
    if hasattr(kind, "value_type"):
        return pa.list_(_storage_type(kind.value_type, f"{path}[]"))
    raise _unsupported(kind, path)


def _unsupported(kind: pa.DataType, path: str) -> Invalid:
    """The error for a column that no Delta type can hold."""
    if pa.types.is_null(kind):
        message = f"column {path!r} holds only nulls and has no type"
        hint = "give it one, for example cast it to string, or drop it"
    else:
        message = f"column {path!r} has type {kind}, which a Delta table cannot hold"
        hint = "cast it first: times to string or integer, durations to a number of seconds"
    return Invalid("COLUMN_TYPE_UNSUPPORTED", message, hint=hint, column=path, type=str(kind))


def _recast(column: pa.ChunkedArray, target: pa.DataType, *, name: str) -> pa.ChunkedArray:
    """The column as `target`, which holds all its values (time below a microsecond is cut off)."""
    if column.type == target:
        return column
    try:
        if _is_beyond_casts(column.type):
            return pa.chunked_array([pa.array(column.to_pylist(), target)])
        options = pc.CastOptions(target_type=target, allow_time_truncate=True)
        return column.cast(options=options)
    except pa.ArrowException as error:
        raise Invalid(
            "COLUMN_VALUE_UNSUPPORTED",
            f"column {name!r} of type {column.type} does not fit {target}: {error}",
            hint="cast the column in the asset, where you can decide what happens to such values",
            column=name,
        ) from error


def _is_beyond_casts(kind: pa.DataType) -> bool:
    """True when Arrow cannot cast the type, or loses values: list views and run lengths."""
    if pa.types.is_run_end_encoded(kind):
        return True
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return True
    if pa.types.is_nested(kind):
        return any(_is_beyond_casts(kind.field(i).type) for i in range(kind.num_fields))
    return False


__all__ = [
    "normalise",
]
