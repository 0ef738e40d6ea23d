"""Arrow rows as bytes that people and programs read: an Arrow stream, JSON, CSV or aligned text.

Law: no value is changed silently: integers and decimals keep every digit, and what JSON cannot say
is a string. Must not know where the rows come from.
"""

from __future__ import annotations

import base64
import csv
import io
import math
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa

from arco.query.protocol import Format

CELL_WIDTH_MAX = 48
ENCODER = msgspec.json.Encoder(decimal_format="number")


def render(table: pa.Table, format: Format) -> bytes:
    """The rows in `format`, UTF-8 where it is text."""
    return RENDERERS[format](table)


def to_arrow(table: pa.Table) -> bytes:
    """One Arrow IPC stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def to_json(table: pa.Table) -> bytes:
    """An array of one object a row.

    Shape: integers and decimals are JSON numbers with all digits; dates and times are ISO 8601;
    bytes are base64; NaN and infinities are strings; a map is an object whose keys are made text.
    """
    names = table.column_names
    columns = [_values(column) for column in table.columns]
    return ENCODER.encode(
        [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    )


def to_csv(table: pa.Table) -> bytes:
    """A header and one line a row (RFC 4180, line feeds); a null is empty, a nested value is its
    JSON.
    """
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(table.column_names)
    columns = [[_cell(value, "") for value in _values(column)] for column in table.columns]
    writer.writerows(zip(*columns, strict=True))
    return sink.getvalue().encode()


def to_text(table: pa.Table) -> bytes:
    """A header, a rule and one line a row, aligned: numbers to the right, wide cells cut with an
    ellipsis.

    Control characters are shown escaped, so that data cannot drive a terminal.
    """
    columns = [
        _aligned(name, column)
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    lines = ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]
    return "".join(line + "\n" for line in lines).encode()


def _aligned(name: str, column: pa.ChunkedArray) -> list[str]:
    cells = [_shortened(_cell(value, "NULL")) for value in _values(column)]
    head = _shortened(name)
    width = max(_width(cell) for cell in [head, *cells])
    right = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    right = right or pa.types.is_decimal(column.type)
    padded = [
        " " * (width - _width(cell)) + cell if right else cell + " " * (width - _width(cell))
        for cell in [head, *cells]
    ]
    return [padded[0], "-" * width, *padded[1:]]


def _shortened(text: str) -> str:
    shown = "".join(
        char if char.isprintable() else repr(char)[1:-1] for char in text[: 2 * CELL_WIDTH_MAX]
    )
    if _width(shown) <= CELL_WIDTH_MAX and len(text) <= 2 * CELL_WIDTH_MAX:
        return shown
    while _width(shown) >= CELL_WIDTH_MAX:
        shown = shown[:-1]
    return shown + "…"


def _width(text: str) -> int:
    """The terminal columns `text` takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)


def _cell(value: Any, null: str) -> str:
    """One value as a person reads it; `value` is already made of JSON types."""
    if value is None:
        return null
    if isinstance(value, str):
        return value
    if isinstance(value, bool | dict | list):
        return ENCODER.encode(value).decode()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _values(column: pa.ChunkedArray) -> list[Any]:
    """The column's values as JSON types."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return [_nanosecond_text(text) for text in column.cast(pa.string()).to_pylist()]
    try:
        values = column.to_pylist(maps_as_pydicts="lossy")
    except (ValueError, OverflowError):
        # Python's dates end in the year 9999; Arrow's do not.
        values = column.cast(pa.string()).to_pylist()
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        return list(values)
    if pa.types.is_string(column.type):
        return list(values)
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if value is None:
        return None
    spell = SPELLINGS.get(type(value))
    if spell is not None:
        return spell(value)
    return _month_day_nano(value) if isinstance(value, pa.MonthDayNano) else value


def _float(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def _decimal(value: Decimal) -> Decimal | int:
    return int(value) if value.as_tuple().exponent == 0 else value


def _datetime(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _nanosecond_text(text: str | None) -> str | None:
    return text if text is None else text.replace(" ", "T", 1)


def _duration(value: timedelta) -> str:
    return str(msgspec.to_builtins(value))


def _month_day_nano(value: pa.MonthDayNano) -> str:
    seconds = Decimal(value.nanoseconds) / 1_000_000_000
    parts = [f"{value.months}M" if value.months else "", f"{value.days}D" if value.days else ""]
    clock = f"T{seconds.normalize():f}S" if seconds else ""
    return "P" + ("".join(parts) + clock or "T0S")


def _list(value: list[Any]) -> list[Any]:
    return [_plain(item) for item in value]


def _dict(value: dict[Any, Any]) -> dict[str, Any]:
    return {_cell(_plain(key), "NULL"): _plain(item) for key, item in value.items()}


SPELLINGS: dict[type, Callable[[Any], Any]] = {
    float: _float,
    Decimal: _decimal,
    datetime: _datetime,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _duration,
    bytes: lambda value: base64.b64encode(value).decode(),
    list: _list,
    dict: _dict,
}
RENDERERS: dict[Format, Callable[[pa.Table], bytes]] = {
    Format.ARROW: to_arrow,
    Format.JSON: to_json,
    Format.CSV: to_csv,
    Format.TEXT: to_text,
}

__all__ = ["render", "to_arrow", "to_csv", "to_json", "to_text"]
