"""Canonical JSON: one sequence of bytes per value, for everything that is hashed.

The law: equal values have equal bytes, and bytes that are not canonical are refused. Must not know
what the value means; commits are plain JSON and do not come through here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from arco.errors import Invalid

INTEGER_MIN = -(1 << 63)
INTEGER_MAX = (1 << 64) - 1


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of dicts, lists, tuples, strings, integers, booleans and None.

    >>> canonical_json({"b": [1, True, None], "a": "é"}).decode()
    '{"a":"é","b":[1,true,null]}'

    Raises: Invalid CANONICAL_JSON_INVALID, with the path of the offending value.
    """
    try:
        # Code point order, which Python sorts by, is the order of the UTF-8 bytes.
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        data = text.encode()
    except (TypeError, ValueError, RecursionError):
        raise _refusal(value) from None
    if not _is_plain(value):
        raise _refusal(value)
    return data


def canonical_record(record: msgspec.Struct) -> bytes:
    """The canonical bytes of a struct of strings, `canonical_piece`s, lists and such structs.

    Much cheaper than `canonical_json` where many values are alike: what a piece holds is proved
    once.

    >>> class Sized(msgspec.Struct):
    ...     name: str
    ...     bytes: msgspec.Raw
    >>> canonical_record(Sized("é", canonical_piece(12))).decode()
    '{"bytes":12,"name":"é"}'

    Raises: Invalid CANONICAL_JSON_INVALID for a lone surrogate.
    """
    try:
        # Names of fields are ASCII, so their order is the order of the UTF-8 bytes.
        return msgspec.json.encode(record, order="sorted")
    except UnicodeEncodeError:
        raise _invalid("A string of the record holds a lone surrogate.", "$") from None


def canonical_piece(value: Any) -> msgspec.Raw:
    """`canonical_json(value)`, to stand in a record."""
    return msgspec.Raw(canonical_json(value))


def parse_canonical(data: bytes) -> Any:
    """The value whose canonical form is exactly `data`.

    >>> parse_canonical(b'{"a":[1,2]}')
    {'a': [1, 2]}

    Raises: Invalid CANONICAL_JSON_INVALID, also for white space, unsorted or repeated keys and
    needless escapes.
    """
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid(f"These bytes are not JSON: {error}.", "$") from None
    canonical = canonical_json(value)
    if canonical != data:
        position = _first_difference(canonical, data)
        raise _invalid(
            f"This JSON is not canonical: it differs at byte {position}.", "$", position=position
        )
    return value


def _is_plain(value: Any) -> bool:
    """Whether only allowed types occur; flat, because plans of 100,000 tasks are hashed."""
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is str or item is None or kind is bool:
            continue
        if kind is dict:
            if not all(isinstance(key, str) for key in item):
                return False
            pending.extend(item.values())
        elif kind is list or kind is tuple:
            pending.extend(item)
        elif not _is_plain_scalar(item):
            return False
    return True


def _is_plain_scalar(item: Any) -> bool:
    return isinstance(item, str) or (isinstance(item, int) and INTEGER_MIN <= item <= INTEGER_MAX)


def _refusal(value: Any) -> Invalid:
    """The error that names the first offending value, found by a second, slower walk."""
    try:
        return next(_complaints(value, "$"))
    except (StopIteration, RecursionError):
        return _invalid("The value is nested too deeply or contains itself.", "$")


def _complaints(value: Any, path: str) -> Iterator[Invalid]:
    if isinstance(value, dict):
        yield from _key_complaints(value, path)
        for key, item in value.items():
            yield from _complaints(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _complaints(item, f"{path}[{index}]")
    elif reason := _complaint(value):
        yield _invalid(f"{path} cannot stand in canonical JSON: {reason}.", path)


def _key_complaints(value: dict[Any, Any], path: str) -> Iterator[Invalid]:
    for key in value:
        if not isinstance(key, str):
            yield _invalid(f"A key of {path} is {type(key).__name__}, not a string.", path)
        elif reason := _complaint(key):
            yield _invalid(f"A key of {path} cannot stand in canonical JSON: {reason}.", path)


def _complaint(value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return "it holds a lone surrogate" if _holds_surrogate(value) else None
    if isinstance(value, float):
        return f"{value!r} is a float, and floats have no single spelling"
    if isinstance(value, int):
        fits = INTEGER_MIN <= value <= INTEGER_MAX
        return None if fits else "the integer is outside -2^63 to 2^64-1"
    return f"{type(value).__name__} is not a JSON type"


def _holds_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _first_difference(one: bytes, other: bytes) -> int:
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)


def _invalid(message: str, path: str, *, position: int | None = None) -> Invalid:
    hint = "Use only objects with string keys, arrays, strings, integers, booleans and null."
    if position is None:
        return Invalid("CANONICAL_JSON_INVALID", message, hint=hint, path=path)
    hint = "Sort the keys, and leave out white space, repeated keys and needless escapes."
    return Invalid("CANONICAL_JSON_INVALID", message, hint=hint, path=path, position=position)


__all__ = ["canonical_json", "canonical_piece", "canonical_record", "parse_canonical"]
