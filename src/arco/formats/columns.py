"""Schemas of table formats as the catalog's columns: Delta's, Arrow's and Iceberg's types in the
one spelling.

A type that has no word of ours is told by its own name, never by a wrong one. Must not know files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from arco.catalog.events import PublishedColumn
from arco.catalog.types import struct_of

ARROW_WORDS: Mapping[str, str] = {
    "bool": "boolean",
    "int8": "byte",
    "int16": "short",
    "int32": "integer",
    "int64": "long",
    "uint8": "short",
    "uint16": "integer",
    "uint32": "long",
    "uint64": "decimal(20,0)",
    "halffloat": "float",
    "float": "float",
    "double": "double",
    "string": "string",
    "large_string": "string",
    "string_view": "string",
    "binary": "binary",
    "large_binary": "binary",
    "binary_view": "binary",
    "date32[day]": "date",
    "date64[ms]": "date",
}
ICEBERG_WORDS: Mapping[str, str] = {
    "int": "integer",
    "timestamp": "timestamp_ntz",
    "timestamptz": "timestamp",
    "timestamp_ns": "timestamp_ntz",
    "timestamptz_ns": "timestamp",
}


def columns_of_delta(schema: str) -> tuple[PublishedColumn, ...]:
    """The columns that a Delta schema string describes."""
    return tuple(
        PublishedColumn(
            field["name"],
            delta_type(field["type"]),
            bool(field.get("nullable", True)),
            str(field.get("metadata", {}).get("comment", "")),
        )
        for field in json.loads(schema)["fields"]
    )


def columns_of_arrow(schema: pa.Schema) -> tuple[PublishedColumn, ...]:
    """The columns that an Arrow schema describes."""
    return tuple(
        PublishedColumn(field.name, arrow_type(field.type), bool(field.nullable))
        for field in schema
    )


def columns_of_iceberg(schema: Mapping[str, Any]) -> tuple[PublishedColumn, ...]:
    """The columns that an Iceberg schema describes."""
    return tuple(
        PublishedColumn(
            field["name"],
            iceberg_type(field["type"]),
            not field.get("required", False),
            str(field.get("doc", "")),
        )
        for field in schema["fields"]
    )


def delta_type(kind: Any) -> str:
    """A Delta type, as the catalog spells it."""
    if isinstance(kind, str):
        return kind.replace(" ", "")
    if kind["type"] == "array":
        return f"array<{_said(delta_type(kind['elementType']), kind.get('containsNull', True))}>"
    if kind["type"] == "map":
        value = _said(delta_type(kind["valueType"]), kind.get("valueContainsNull", True))
        return f"map<{delta_type(kind['keyType'])}, {value}>"
    return struct_of(
        (field["name"], _said(delta_type(field["type"]), field.get("nullable", True)))
        for field in kind["fields"]
    )


def arrow_type(kind: pa.DataType) -> str:
    """An Arrow type, as the catalog spells it."""
    if pa.types.is_dictionary(kind):
        return arrow_type(kind.value_type)
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz else "timestamp_ntz"
    if pa.types.is_time(kind):
        return "time"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_struct(kind):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        return struct_of(
            (each.name, _said(arrow_type(each.type), each.nullable)) for each in fields
        )
    if pa.types.is_map(kind):
        return f"map<{arrow_type(kind.key_type)}, {arrow_type(kind.item_type)}>"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return f"array<{_said(arrow_type(kind.value_type), kind.value_field.nullable)}>"
    return ARROW_WORDS.get(str(kind), str(kind))


def iceberg_type(kind: Any) -> str:
    """An Iceberg type, as the catalog spells it."""
    if isinstance(kind, str):
        word = kind.replace(" ", "")
        return "binary" if word.startswith("fixed[") else ICEBERG_WORDS.get(word, word)
    if kind["type"] == "list":
        inner = iceberg_type(kind["element"])
        return f"array<{_said(inner, not kind.get('element-required', False))}>"
    if kind["type"] == "map":
        value = _said(iceberg_type(kind["value"]), not kind.get("value-required", False))
        return f"map<{iceberg_type(kind['key'])}, {value}>"
    return struct_of(
        (field["name"], _said(iceberg_type(field["type"]), not field.get("required", False)))
        for field in kind["fields"]
    )


def _said(spelled: str, nullable: object) -> str:
    return spelled if nullable else f"{spelled} not null"


__all__ = [
    "arrow_type",
    "columns_of_arrow",
    "columns_of_delta",
    "columns_of_iceberg",
    "delta_type",
    "iceberg_type",
]
