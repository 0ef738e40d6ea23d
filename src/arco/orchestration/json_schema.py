"""Values judged by the part of JSON Schema that types of fields are written in.

Law: what is refused is refused by the field's type, too; what is taken may still be refused by a
worker, which has the type itself. Text that does not fit is read as JSON, as in a variable of the
environment. Must not know settings.
"""

from __future__ import annotations

import datetime
import decimal
import math
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

Schema: TypeAlias = Mapping[str, Any]
JSON_TYPES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("null", (type(None),)),
    ("boolean", (bool,)),
    ("integer", (int,)),
    ("number", (float,)),
    ("string", (str,)),
    ("array", (list, tuple)),
    ("object", (dict,)),
)
FORMATS: Mapping[str, Any] = {
    "date": datetime.date,
    "date-time": datetime.datetime,
    "time": datetime.time,
    "duration": datetime.timedelta,
    "uuid": uuid.UUID,
    "decimal": decimal.Decimal,
}
BOUNDS: tuple[tuple[str, Callable[[Any, Any], bool], str], ...] = (
    ("minimum", lambda value, bound: value >= bound, "at least"),
    ("exclusiveMinimum", lambda value, bound: value > bound, "more than"),
    ("maximum", lambda value, bound: value <= bound, "at most"),
    ("exclusiveMaximum", lambda value, bound: value < bound, "less than"),
    ("multipleOf", lambda value, bound: value % bound == 0, "a multiple of"),
)
LENGTHS: tuple[tuple[str, Callable[[int, int], bool], str], ...] = (
    ("minLength", int.__ge__, "at least"),
    ("maxLength", int.__le__, "at most"),
    ("minItems", int.__ge__, "at least"),
    ("maxItems", int.__le__, "at most"),
)


def fitted(value: Any, schema: Schema) -> Any:
    """The value as the schema takes it. Raises: ValueError, which says what it takes.

    >>> fitted("10", {"type": "integer"}), fitted("10", {"type": "string"})
    (10, '10')
    """
    why = next(_problems(value, schema, root=schema), "")
    if not why:
        return value
    read = _read(value)
    if read is not value and not next(_problems(read, schema, root=schema), ""):
        return read
    raise ValueError(why)


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value


def _problems(value: Any, schema: Schema, *, root: Schema) -> Iterator[str]:
    """What of the value the schema does not take."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in schema:
        found = [next(_problems(value, each, root=root), "") for each in schema["anyOf"]]
        if all(found):
            yield f"expected {_spelled(schema, root)}, given {_shown(value)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"expected {_spelled(schema, root)}, given {_shown(value)}"
    if "type" in schema and not _is(value, schema["type"]):
        yield f"expected {_spelled(schema, root)}, given {_shown(value)}"
        return
    yield from _bounds(value, schema)
    yield from _inside(value, schema, root=root)


def _bounds(value: Any, schema: Schema) -> Iterator[str]:
    if isinstance(value, int | float):
        yield from (
            f"expected {words} {schema[name]}, given {_shown(value)}"
            for name, holds, words in BOUNDS
            if name in schema and not holds(value, schema[name])
        )
    if isinstance(value, str | list | tuple):
        yield from (
            f"expected a length of {words} {schema[name]}, given {len(value)}"
            for name, holds, words in LENGTHS
            if name in schema and not holds(len(value), schema[name])
        )
    if isinstance(value, str):
        yield from _text(value, schema)


def _text(value: str, schema: Schema) -> Iterator[str]:
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"expected text like {schema['pattern']}, given {_shown(value)}"
    kind = FORMATS.get(schema.get("format", ""))
    if kind is None:
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        yield f"expected {schema['format']}, given {_shown(value)}"


def _inside(value: Any, schema: Schema, *, root: Schema) -> Iterator[str]:
    if isinstance(value, list | tuple):
        items = schema.get("items")
        for place, item in enumerate(value):
            fixed = schema.get("prefixItems", ())
            wanted = fixed[place] if place < len(fixed) else items
            if isinstance(wanted, dict):
                yield from (f"[{place}]: {why}" for why in _problems(item, wanted, root=root))
    if isinstance(value, dict):
        yield from _fields(value, schema, root=root)


def _fields(value: dict[str, Any], schema: Schema, *, root: Schema) -> Iterator[str]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    yield from (f"{name} is missing" for name in schema.get("required", ()) if name not in value)
    for name, each in value.items():
        wanted = properties.get(name, others)
        if wanted is False:
            yield f"{name} is no field of it"
        elif isinstance(wanted, dict):
            yield from (f"{name}: {why}" for why in _problems(each, wanted, root=root))


def _is(value: Any, kind: str) -> bool:
    if kind == "number":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and math.isfinite(value)
    return _kind(value) == kind


def _kind(value: Any) -> str:
    # True is an int: the first type that fits counts.
    return next((name for name, types in JSON_TYPES if isinstance(value, types)), "unknown")


def _spelled(schema: Schema, root: Schema) -> str:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in schema:
        return " or ".join(_spelled(each, root) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(map(_shown, schema["enum"]))
    return str(schema.get("format") or schema.get("type", "something else"))


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text[:60]}…" if len(text) > 61 else text


__all__ = ["Schema", "fitted"]
