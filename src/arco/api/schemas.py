"""Schemas that repeat what the source says: a struct's docstring, and the line below a field.

The words stand once, next to the code. Must not know routes.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
import msgspec.inspect
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

ITEMS = {"min_length": "min_items", "max_length": "max_items"}
# Kind of value -> what it is called, and limit -> keyword.
LIMITS: Mapping[Any, tuple[OpenAPIType, Mapping[str, str]]] = {
    msgspec.inspect.DictType: (
        OpenAPIType.OBJECT,
        {"min_length": "min_properties", "max_length": "max_properties"},
    ),
    msgspec.inspect.ListType: (OpenAPIType.ARRAY, ITEMS),
    msgspec.inspect.VarTupleType: (OpenAPIType.ARRAY, ITEMS),
    msgspec.inspect.IntType: (OpenAPIType.INTEGER, {"ge": "minimum", "le": "maximum"}),
    msgspec.inspect.FloatType: (
        OpenAPIType.NUMBER,
        {"gt": "exclusive_minimum", "ge": "minimum", "lt": "exclusive_maximum", "le": "maximum"},
    ),
    msgspec.inspect.StrType: (
        OpenAPIType.STRING,
        {"min_length": "min_length", "max_length": "max_length"},
    ),
}


class DocumentedStructs(OpenAPISchemaPlugin):
    """Adds descriptions to the schemas that the framework makes of structs."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """True for structs."""
        return not field_definition.is_union and field_definition.is_subclass_of(msgspec.Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """The struct's schema with what its source says."""
        schema = self._framework(field_definition, schema_creator)
        struct = field_definition.type_
        schema.description = schema.description or inspect.getdoc(struct)
        if struct.__struct_config__.forbid_unknown_fields:
            schema.additional_properties = False
        for name, words in field_docs(struct).items():
            described = (schema.properties or {}).get(name)
            if isinstance(described, Schema):
                described.description = words
        for name, kind in _field_types(struct):
            _bound((schema.properties or {}).get(name), kind)
        # Among several structs the tag says which one is meant; a body of one kind does without.
        tag = struct.__struct_config__.tag_field
        schema.required = [name for name in schema.required or () if name != tag] or None
        return schema

    def _framework(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        others = (other for other in schema_creator.plugins if other is not self)
        # Some plugins, which load when attrs or pydantic are installed, are asked otherwise.
        supports = schema_creator.plugin_supports_field
        able = (other for other in others if supports(other, field_definition))
        schema: Schema = next(able).to_openapi_schema(field_definition, schema_creator)
        return schema


def _field_types(struct: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    described = msgspec.inspect.type_info(struct)
    assert isinstance(described, msgspec.inspect.StructType)
    return ((field.encode_name, field.type) for field in described.fields)


def _bound(schema: Any, kind: Any) -> None:
    """The limits of a value, which the framework forgets of whatever stands inside another."""
    if isinstance(schema, Schema) and schema.one_of:
        for part in schema.one_of:
            for option in getattr(kind, "types", (kind,)):
                _bound(part, option)
    elif isinstance(schema, Schema) and type(kind) in LIMITS:
        name, keywords = LIMITS[type(kind)]
        if schema.type is name:
            for limit, keyword in keywords.items():
                setattr(schema, keyword, getattr(kind, limit))
            _bound(schema.items, getattr(kind, "item_type", None))
            _bound(schema.additional_properties, getattr(kind, "value_type", None))


def with_plain_items(value: Any) -> Any:
    """The schema in which the items of a list are what they are.

    The framework takes the dots of `tuple[str, ...]` for another kind of item, which may be
    anything.

    >>> with_plain_items({"items": {"oneOf": [{"type": "string"}, {}]}, "type": "array"})
    {'items': {'type': 'string'}, 'type': 'array'}
    """
    if isinstance(value, list):
        return [with_plain_items(each) for each in value]
    if not isinstance(value, dict):
        return value
    plain = {name: with_plain_items(each) for name, each in value.items()}
    match plain.get("items"):
        case {"oneOf": [items, {**rest}]} if not rest:
            plain["items"] = items
    return plain


@lru_cache
def field_docs(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Field -> the string that stands below it in the source."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    assert isinstance(declared, ast.ClassDef)
    docs: dict[str, str] = {}
    for field, below in zip(declared.body, declared.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(below, ast.Expr):
            continue
        if isinstance(field.target, ast.Name) and isinstance(below.value, ast.Constant):
            docs[field.target.id] = inspect.cleandoc(str(below.value.value))
    return docs


__all__ = ["DocumentedStructs", "field_docs", "with_plain_items"]
