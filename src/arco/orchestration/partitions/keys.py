"""The partition key codec: typed values of dimensions as one canonical line of text.

The law: `format_partition_key(parse_partition_key(text)) == text`, or the text is refused with
reason and position. Must not know which partitions exist, nor what a dimension means.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import TypeAlias

from arco.errors import Invalid

PartitionValue: TypeAlias = str | int | bool | date | datetime | None
PartitionKey: TypeAlias = Mapping[str, PartitionValue]

SIZE_BYTES_MAX = 1024
INTEGER_MIN = -(1 << 63)
INTEGER_MAX = (1 << 63) - 1

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def format_partition_key(values: PartitionKey) -> str:
    """The canonical text of typed dimension values; unpartitioned is the empty string.

    >>> format_partition_key({"region": "us-east", "date": date(2025, 1, 15)})
    'date=d:2025-01-15,region=s:dXMtZWFzdA'

    Raises: Invalid PARTITION_KEY_INVALID.
    """
    text = ",".join(
        f"{_checked_name(name)}={format_value(values[name])}" for name in sorted(values)
    )
    if len(text) > SIZE_BYTES_MAX:
        raise _invalid(
            f"it has {len(text)} bytes, the limit is {SIZE_BYTES_MAX}",
            text,
            position=SIZE_BYTES_MAX,
        )
    return text


def parse_partition_key(text: str) -> dict[str, PartitionValue]:
    """The typed values of a canonical partition key, dimensions in order of their names.

    >>> parse_partition_key("n=i:7,region=s:dXMtZWFzdA")
    {'n': 7, 'region': 'us-east'}

    Raises: Invalid PARTITION_KEY_INVALID, with `reason` and `position`.
    """
    if len(text) > SIZE_BYTES_MAX:
        raise _invalid(
            f"it is longer than {SIZE_BYTES_MAX} bytes", text[:80], position=SIZE_BYTES_MAX
        )
    values: dict[str, PartitionValue] = {}
    position = 0
    last = ""
    for part in text.split(",") if text else ():
        name, value = _parse_part(part, text=text, position=position)
        if name <= last:
            problem = "occurs twice" if name == last else f"must stand before {last!r}"
            raise _invalid(f"dimension {name!r} {problem}", text, position=position)
        values[name] = value
        last = name
        position += len(part) + 1
    return values


def format_value(value: PartitionValue) -> str:
    """One dimension's value with its tag, `tag:value`.

    Raises: Invalid PARTITION_KEY_INVALID for floats, naive times, huge integers, lone surrogates.
    """
    if isinstance(value, str):
        return "s:" + _base64(value)
    if value is None:
        return "n:null"
    if isinstance(value, bool):
        return "b:true" if value else "b:false"
    if isinstance(value, int):
        return f"i:{_checked_integer(value)}"
    if isinstance(value, datetime):
        return "t:" + _instant(value)
    if isinstance(value, date):
        return "d:" + value.isoformat()
    raise _invalid(f"{type(value).__name__} cannot be a partition value", repr(value), position=0)


def partition_values(key: str) -> dict[str, str | None]:
    """The values of a partition key as a Delta table spells them in `partitionValues`.

    >>> partition_values("date=d:2025-01-15,hour=t:2025-01-15T07:00:00.000000Z")
    {'date': '2025-01-15', 'hour': '2025-01-15 07:00:00'}
    """
    return {name: _delta_value(value) for name, value in parse_partition_key(key).items()}


def display(key: str) -> str:
    """A partition key for human eyes; `arco run --partition` takes it back.

    >>> display("month=d:2013-05-01"), display("date=d:2013-05-01,region=s:dXM")
    ('2013-05', 'date=2013-05-01, region=us')
    """
    values = parse_partition_key(key)
    if len(values) == 1:
        return next(display_value(name, value) for name, value in values.items())
    return ", ".join(f"{name}={display_value(name, value)}" for name, value in values.items())


def display_value(name: str, value: PartitionValue) -> str:
    """One dimension's value for human eyes: `2013-05` where the dimension is called `month`."""
    if isinstance(value, datetime):
        exact = "minutes" if not (value.second or value.microsecond) else "auto"
        return value.replace(tzinfo=None).isoformat(timespec=exact) + "Z"
    if isinstance(value, date) and value.day == 1:
        return _display_first_day(name, value)
    return "null" if value is None else _plain(value)


def _parse_part(part: str, *, text: str, position: int) -> tuple[str, PartitionValue]:
    name, equals, tagged = part.partition("=")
    if not _NAME.fullmatch(name):
        raise _invalid(
            f"{name!r} is not a dimension name ([a-z][a-z0-9_]*)", text, position=position
        )
    position += len(name) + 1
    if not equals:
        raise _invalid(f"dimension {name!r} has no value", text, position=position - 1)
    tag, colon, body = tagged.partition(":")
    read = _READERS.get(tag)
    if read is None or not colon:
        raise _invalid(
            "a value starts with one of the tags s: i: b: d: t: n:", text, position=position
        )
    try:
        value = read(body)
    except ValueError as error:
        raise _invalid(str(error), text, position=position + 2) from None
    return name, value


def _read_string(body: str) -> str:
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        value = raw.decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise ValueError(f"{body!r} is not base64url of UTF-8") from None
    if _base64(value) != body:
        raise ValueError(f"{body!r} is not the shortest base64url without padding")
    return value


def _read_integer(body: str) -> int:
    if not _INTEGER.fullmatch(body) or not INTEGER_MIN <= int(body) <= INTEGER_MAX:
        raise ValueError(f"{body!r} is not a 64 bit integer without leading zeros")
    return int(body)


def _read_boolean(body: str) -> bool:
    if body not in ("true", "false"):
        raise ValueError(f"{body!r} is neither true nor false")
    return body == "true"


def _read_date(body: str) -> date:
    if not _DATE.fullmatch(body):
        raise ValueError(f"{body!r} is not a date YYYY-MM-DD")
    try:
        return date.fromisoformat(body)
    except ValueError:
        raise ValueError(f"{body!r} is not a day of the calendar") from None


def _read_instant(body: str) -> datetime:
    if not _INSTANT.fullmatch(body):
        raise ValueError(f"{body!r} is not an instant YYYY-MM-DDTHH:MM:SS.ffffffZ")
    try:
        return datetime.fromisoformat(body[:-1]).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{body!r} is not an instant of the calendar") from None


def _read_null(body: str) -> None:
    if body != "null":
        raise ValueError(f"{body!r} is not null")


_READERS: Mapping[str, Callable[[str], PartitionValue]] = {
    "s": _read_string,
    "i": _read_integer,
    "b": _read_boolean,
    "d": _read_date,
    "t": _read_instant,
    "n": _read_null,
}


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise _invalid(f"{name!r} is not a dimension name ([a-z][a-z0-9_]*)", name, position=0)
    return name


def _checked_integer(value: int) -> int:
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise _invalid("an integer must fit in 64 bits", repr(value), position=0)
    return int(value)


def _base64(value: str) -> str:
    try:
        return base64.urlsafe_b64encode(value.encode()).rstrip(b"=").decode()
    except UnicodeEncodeError:
        raise _invalid("a string holds a lone surrogate", ascii(value), position=0) from None


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise _invalid("a time needs a time zone", value.isoformat(), position=0)
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def _delta_value(value: PartitionValue) -> str | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(sep=" ")
    return None if value is None else _plain(value)


def _display_first_day(name: str, value: date) -> str:
    if name == "month":
        return value.isoformat()[:7]
    if name == "quarter" and value.month % 3 == 1:
        return f"{value.isoformat()[:4]}-Q{(value.month + 2) // 3}"
    if name == "year" and value.month == 1:
        return value.isoformat()[:4]
    return value.isoformat()


def _plain(value: str | int | date) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _invalid(reason: str, text: str, *, position: int) -> Invalid:
    return Invalid(
        "PARTITION_KEY_INVALID",
        f"Partition key {text!r} is not valid at position {position}: {reason}.",
        hint="A key looks like date=d:2025-01-15,region=s:dXMtZWFzdA, dimensions sorted by name.",
        reason=reason,
        position=position,
    )


__all__ = [
    "PartitionKey",
    "PartitionValue",
    "display",
    "display_value",
    "format_partition_key",
    "format_value",
    "parse_partition_key",
    "partition_values",
]
