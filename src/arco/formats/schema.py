"""Table schemas: Delta's JSON spelling, Arrow's, and what separates a published schema from a
staged one.

A schema only changes when the asset's policy says so. Must not know files, tables or runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from arco.errors import Corrupt, Invalid
from arco.orchestration.definitions import SchemaPolicy

ARROW_OF_DELTA: dict[str, pa.DataType] = {
    "string": pa.string(),
    "long": pa.int64(),
    "integer": pa.int32(),
    "short": pa.int16(),
    "byte": pa.int8(),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "timestamp_ntz": pa.timestamp("us"),
}
DELTA_OF_ARROW = {arrow: delta for delta, arrow in ARROW_OF_DELTA.items()}
DECIMAL = re.compile(r"decimal\((\d+),\s*(-?\d+)\)\Z")
NEXT_STEP = (
    'fix the code so that it returns the published columns, or set schema_policy="evolve" '
    '(adds nullable columns) or "overwrite" (replaces the schema) on the asset'
)


def to_delta(schema: pa.Schema) -> str:
    """The Delta schema string of a normalised Arrow schema; every column is nullable."""
    return json.dumps(_struct_of(schema), separators=(",", ":"), ensure_ascii=False)


def to_arrow(schema: str) -> pa.Schema:
    """The Arrow schema that a Delta schema string describes."""
    return pa.schema([_arrow_field(field) for field in fields_of(schema).values()])


def fields_of(schema: str) -> dict[str, dict[str, Any]]:
    """Column name -> Delta field, in table order."""
    return {field["name"]: field for field in json.loads(schema)["fields"]}


def compare(published: str, staged: str, *, policy: SchemaPolicy) -> str | None:
    """The schema the table has once the staged data is published; None when it stays as it is.

    Column order is not a difference. `strict` accepts none; `evolve` accepts new columns and
    fills absent ones with null; `overwrite` takes the staged schema.

    Raises: Invalid SCHEMA_CHANGED, whose message is the difference, one column a line.
    """
    old, new = fields_of(published), fields_of(staged)
    lines = _differences(old, new)
    if not lines:
        return None
    if policy == "overwrite":
        return staged
    if policy == "evolve" and not _refusals(old, new):
        added = [field for name, field in new.items() if name not in old]
        return _spell([*old.values(), *added]) if added else None
    raise Invalid(
        "SCHEMA_CHANGED",
        f"the staged data does not fit the published schema (policy {policy}):\n"
        + "\n".join(lines),
        hint=NEXT_STEP,
        difference=lines,
    )


def unite(schemas: Iterable[str]) -> str:
    """One schema for data staged in parts: columns of the first, then what the others add.

    Raises: Invalid SCHEMA_CHANGED when two parts give one column different types.
    """
    parts = list(dict.fromkeys(schemas))
    whole = parts[0]
    for part in parts[1:]:
        whole = compare(whole, part, policy="evolve") or whole
    return whole


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One line per column that differs: `+ name type`, `- name type` or `~ name type -> type`."""
    removed = [f"- {name} {_describe(f['type'])}" for name, f in old.items() if name not in new]
    added = [f"+ {name} {_describe(f['type'])}" for name, f in new.items() if name not in old]
    return [*removed, *retyped(old, new), *added]


def retyped(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One line per column that stands on both sides with another type."""
    return [
        f"~ {name} {_describe(old[name]['type'])} -> {_describe(field['type'])}"
        for name, field in new.items()
        if name in old and _describe(old[name]["type"]) != _describe(field["type"])
    ]


def _refusals(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """True when `evolve` cannot bridge it: a changed type, a required column that is gone."""
    missing = [f for name, f in old.items() if name not in new and not f.get("nullable", True)]
    folded = {name.lower(): name for name in old}
    respelled = [name for name in new if folded.get(name.lower(), name) != name]
    return bool(missing or respelled or retyped(old, new))


def _describe(kind: Any) -> str:
    """A Delta type as a reader would write it: `long`, `array<string>`, `struct<a: long>`."""
    if isinstance(kind, str):
        return kind
    if kind["type"] == "array":
        return f"array<{_describe(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{_describe(kind['keyType'])}, {_describe(kind['valueType'])}>"
    inner = ", ".join(f"{field['name']}: {_describe(field['type'])}" for field in kind["fields"])
    return f"struct<{inner}>"


def has_naive_timestamp(schema: str) -> bool:
    """True when a column, at any depth, is a timestamp without a time zone."""
    return any("timestamp_ntz" in _leaves(field["type"]) for field in fields_of(schema).values())


def _leaves(kind: Any) -> set[str]:
    """The primitive types a Delta type is made of."""
    if isinstance(kind, str):
        return {kind}
    if kind["type"] == "array":
        return _leaves(kind["elementType"])
    if kind["type"] == "map":
        return _leaves(kind["keyType"]) | _leaves(kind["valueType"])
    return set[str]().union(*(_leaves(field["type"]) for field in kind["fields"]))


def _spell(fields: list[dict[str, Any]]) -> str:
    """The schema string of Delta fields."""
    body = {"type": "struct", "fields": fields}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def _struct_of(fields: Iterable[pa.Field]) -> dict[str, Any]:
    """Arrow fields as a Delta struct."""
    spelled = [
        {"name": f.name, "type": _delta_type(f.type), "nullable": True, "metadata": {}}
        for f in fields
    ]
    return {"type": "struct", "fields": spelled}


def _delta_type(kind: pa.DataType) -> Any:
    """The Delta type of a normalised Arrow type."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_struct(kind):
        return _struct_of(kind.field(i) for i in range(kind.num_fields))
    if pa.types.is_list(kind):
        return {"type": "array", "elementType": _delta_type(kind.value_type), "containsNull": True}
    if pa.types.is_map(kind):
        key, value = _delta_type(kind.key_type), _delta_type(kind.item_type)
        return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}
    return DELTA_OF_ARROW[kind]


def _arrow_field(field: Mapping[str, Any]) -> pa.Field:
    """A Delta field in Arrow."""
    return pa.field(field["name"], _arrow_type(field["type"]), nullable=True)


def _arrow_type(kind: Any) -> pa.DataType:
    """The Arrow type of a Delta type."""
    if isinstance(kind, str):
        return _arrow_primitive(kind)
    if kind["type"] == "struct":
        return pa.struct([_arrow_field(field) for field in kind["fields"]])
    if kind["type"] == "array":
        return pa.list_(_arrow_type(kind["elementType"]))
    return pa.map_(_arrow_type(kind["keyType"]), _arrow_type(kind["valueType"]))


def _arrow_primitive(name: str) -> pa.DataType:
    """The Arrow type of a Delta primitive type."""
    decimal = DECIMAL.match(name)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    if name not in ARROW_OF_DELTA:
        raise Corrupt(
            "DELTA_TYPE_UNKNOWN", f"the table log names a type {name!r} that is not known"
        )
    return ARROW_OF_DELTA[name]


__all__ = [
    "compare",
    "fields_of",
    "has_naive_timestamp",
    "retyped",
    "to_arrow",
    "to_delta",
    "unite",
]
