"""The statistics of one Parquet file, as Delta writes them: bounds a reader may skip the file by.

The law: min <= every value <= max, or no bound at all. Must not know files or tables.
Source: Delta protocol, "Per-file Statistics".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

STRING_LENGTH_MAX = 32
COLUMNS_MAX = 32
CODE_POINT_MAX = 0x10FFFF
SURROGATES = (0xD800, 0xDFFF)
MILLISECOND = timedelta(milliseconds=1)
ENCODER = msgspec.json.Encoder(decimal_format="number")

_Bounds: TypeAlias = tuple[Any, Any]


def statistics(table: pa.Table) -> str:
    """Delta `stats` JSON of a table in storage form: numRecords, minValues, maxValues, nullCount.

    Covers the first 32 columns that are not nested; booleans and binary columns have a null
    count only.
    """
    minimum: dict[str, Any] = {}
    maximum: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for name, column in _flat_columns(table):
        nulls[name] = column.null_count
        low, high = _bounds(column)
        if low is not None:
            minimum[name] = low
        if high is not None:
            maximum[name] = high
    return spell(table.num_rows, minimum=minimum, maximum=maximum, nulls=nulls)


def spell(
    rows: int, *, minimum: dict[str, Any], maximum: dict[str, Any], nulls: dict[str, int]
) -> str:
    """The JSON of statistics that are known."""
    body = {"numRecords": rows, "minValues": minimum, "maxValues": maximum, "nullCount": nulls}
    return ENCODER.encode(body).decode()


def _flat_columns(table: pa.Table) -> list[tuple[str, pa.ChunkedArray]]:
    """The columns that have statistics."""
    flat = [(f.name, table.column(f.name)) for f in table.schema if not pa.types.is_nested(f.type)]
    return flat[:COLUMNS_MAX]


def _bounds(column: pa.ChunkedArray) -> _Bounds:
    """Lower and upper bound as JSON values; None where there is none."""
    write = _writer(column.type)
    if write is None or column.null_count == len(column) or _hides_nan(column):
        return None, None
    try:
        found = pc.min_max(column).as_py()
        return write(found["min"], found["max"])
    except (ValueError, OverflowError):
        # Arrow knows years that Python's calendar does not: such a column has no bounds.
        return None, None


def _hides_nan(column: pa.ChunkedArray) -> bool:
    """True when there is a NaN, which no bound is above or below."""
    if not pa.types.is_floating(column.type):
        return False
    return bool(pc.any(pc.is_nan(column)).as_py())


def _writer(kind: pa.DataType) -> Callable[[Any, Any], _Bounds] | None:
    """What turns values of the type into bounds; None when the type has none."""
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return _exact
    if pa.types.is_floating(kind):
        return _floating
    if pa.types.is_string(kind):
        return _text
    if pa.types.is_date(kind):
        return _calendar
    if pa.types.is_timestamp(kind):
        return _moment
    return None


def _exact(low: Any, high: Any) -> _Bounds:
    """The values themselves."""
    return low, high


def _floating(low: float, high: float) -> _Bounds:
    """The values themselves; infinities are no JSON."""
    return (low if math.isfinite(low) else None), (high if math.isfinite(high) else None)


def _text(low: str, high: str) -> _Bounds:
    """Prefixes: a shorter string stands before what it begins, so the upper one is counted up."""
    return low[:STRING_LENGTH_MAX], _text_above(high)


def _text_above(value: str) -> str | None:
    """At most 32 characters that sort at or above `value` by code point; None if none do."""
    if len(value) <= STRING_LENGTH_MAX:
        return value
    for end in range(STRING_LENGTH_MAX, 0, -1):
        following = ord(value[end - 1]) + 1
        if SURROGATES[0] <= following <= SURROGATES[1]:
            following = SURROGATES[1] + 1
        if following <= CODE_POINT_MAX:
            return value[: end - 1] + chr(following)
    return None


def _calendar(low: date, high: date) -> _Bounds:
    """ISO dates."""
    return low.isoformat(), high.isoformat()


def _moment(low: datetime, high: datetime) -> _Bounds:
    """Whole milliseconds, rounded away from the values: many readers cut microseconds off."""
    above = high if high.microsecond % 1000 == 0 else high + MILLISECOND
    return _iso(low), _iso(above)


def _iso(value: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.mmm`, with `Z` for a moment in UTC."""
    if value.tzinfo is None:
        return value.isoformat(timespec="milliseconds")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def bound_of(value: Any) -> Any:
    """A bound that was read from a table log as the JSON value it was written as."""
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float | Decimal):
        return value
    return None


__all__ = [
    "bound_of",
    "spell",
    "statistics",
]
