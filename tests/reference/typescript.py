"""The part of the TypeScript client that is made from the OpenAPI document, and error codes.

Law: what the document says is what the client's types say; nothing is known here by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from arco.codes import CODES
from tests.reference.surfaces import errors_class, openapi

Schema: TypeAlias = Mapping[str, Any]
NOTICE = (
    "// Generated from docs/reference/openapi.json by `make docs`; a test fails when it differs.\n"
)
SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
JSON = "application/json"
CURSOR = "next_cursor"
KEY_HEADER = "Idempotency-Key"
OPERATION = """\
/** What can be asked, by name: what stands in the path, what may be added, what is sent, and
 * what is answered. */
export interface Operations {{
{}
}}
"""
TABLE = """\
/** How each operation is asked: `key` is true where an `Idempotency-Key` makes it happen once. */
export const OPERATIONS = {{
{}
}} as const;
"""
CODE_TABLE = """\
/** Every error code of this release, and its class. */
export const CODES = {{
{}
}} as const;
"""


def typescript_module() -> str:
    """The text of the generated module."""
    document = openapi()
    schemas: dict[str, Schema] = document["components"]["schemas"]
    operations = list(_operations(document))
    codes = (f"  {name}: {_text(errors_class(kind).__name__)}," for name, kind in _codes())
    return "\n".join(
        [
            NOTICE,
            *(
                _declaration(name, schema, schemas=schemas)
                for name, schema in sorted(schemas.items())
            ),
            OPERATION.format("\n".join(_signature(each, schemas) for each in operations)),
            TABLE.format("\n".join(_row(each, schemas) for each in operations)),
            CODE_TABLE.format("\n".join(codes)),
        ]
    )


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield {"path": path, "method": method.upper(), **operation}


def _codes() -> Iterator[tuple[str, str]]:
    return ((name, kind) for name, (kind, _) in sorted(CODES.items()))


def _declaration(name: str, schema: Schema, *, schemas: Mapping[str, Schema]) -> str:
    told = _comment(schema.get("description", ""))
    if schema.get("type") != "object":
        return f"{told}export type {name} = {_type(schema, schemas)};\n"
    lines = _fields(schema.get("properties", {}), schema.get("required", ()), schemas=schemas)
    return f"{told}export interface {name} {{\n" + "\n".join(lines) + "\n}\n"


def _fields(
    fields: Mapping[str, Schema], required: Iterable[str], *, schemas: Mapping[str, Schema]
) -> Iterator[str]:
    always = set(required)
    for name, schema in fields.items():
        mark = "" if name in always else "?"
        told = _comment(schema.get("description", ""), indent="  ")
        yield f"{told}  {_name(name)}{mark}: {_type(schema, schemas)};"


def _type(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    if "$ref" in schema:
        return _last(schema["$ref"])
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in schema:
            return _choice(schema[choice], schemas)
    if "const" in schema:
        return _text(schema["const"])
    if "enum" in schema:
        return " | ".join(_text(value) for value in schema["enum"])
    return _made(schema, schemas)


def _made(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(_type(each, schemas) for each in schema['prefixItems'])}]"
        case "array":
            return f"Array<{_type(schema.get('items', {}), schemas)}>"
        case "object":
            return f"Record<string, {_type(schema.get('additionalProperties') or {}, schemas)}>"
        case "null":
            return "null"
        case kind:
            return SCALARS.get(str(kind), "unknown")


def _choice(choices: list[Schema], schemas: Mapping[str, Schema]) -> str:
    """Any of several; where a constant says which one it is, it has to be said."""
    several = len([each for each in choices if "$ref" in each]) > 1
    types = (
        _told_apart(each, schemas) if several and "$ref" in each else _type(each, schemas)
        for each in choices
    )
    return " | ".join(dict.fromkeys(types))


def _told_apart(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    name = _last(schema["$ref"])
    fields = schemas[name].get("properties", {})
    constants = {field: each["const"] for field, each in fields.items() if "const" in each}
    told = "; ".join(f"{_name(field)}: {_text(value)}" for field, value in constants.items())
    return f"({name} & {{ {told} }})" if told else name


def _signature(operation: Mapping[str, Any], schemas: Mapping[str, Schema]) -> str:
    told = _comment(operation.get("description") or operation["summary"], indent="  ")
    parts = {
        "place": _parameters(operation, "path", schemas=schemas),
        "query": _parameters(operation, "query", schemas=schemas),
        "body": _type(_body(operation) or {"type": "null"}, schemas),
        "answer": _type(_answer(operation), schemas),
    }
    rows = _rows(operation, schemas)
    if rows:
        parts["row"] = f"{parts['answer']}[{_text(rows)}][number]"
    inner = " ".join(f"{name}: {kind};" for name, kind in parts.items())
    return f"{told}  {operation['operationId']}: {{ {inner} }};"


def _parameters(operation: Mapping[str, Any], where: str, *, schemas: Mapping[str, Schema]) -> str:
    found = [each for each in operation.get("parameters", ()) if each["in"] == where]
    inner = " ".join(
        f"{_name(each['name'])}{'' if each.get('required') else '?'}: "
        f"{_type(each['schema'], schemas)};"
        for each in found
    )
    return f"{{ {inner} }}" if inner else "{}"


def _row(operation: Mapping[str, Any], schemas: Mapping[str, Schema]) -> str:
    keyed = any(each["name"] == KEY_HEADER for each in operation.get("parameters", ()))
    parts = {
        "method": _text(operation["method"]),
        "path": _text(operation["path"]),
        "key": "true" if keyed else "false",
    }
    rows = _rows(operation, schemas)
    if rows:
        parts["rows"] = _text(rows)
    inner = ", ".join(f"{name}: {value}" for name, value in parts.items())
    return f"  {operation['operationId']}: {{ {inner} }},"


def _rows(operation: Mapping[str, Any], schemas: Mapping[str, Schema]) -> str:
    """The field that holds the rows of a page; "" for what is no page."""
    answer = _answer(operation)
    fields = schemas.get(_last(answer.get("$ref", "")), {}).get("properties", {})
    lists = [name for name, each in fields.items() if each.get("type") == "array"]
    return lists[0] if CURSOR in fields and len(lists) == 1 else ""


def _body(operation: Mapping[str, Any]) -> Schema | None:
    content = operation.get("requestBody", {}).get("content", {})
    found: Schema | None = content.get(JSON, {}).get("schema")
    return found


def _answer(operation: Mapping[str, Any]) -> Schema:
    """The schema of success, or of any of several; nothing is said about what is not JSON."""
    contents = {
        status: answer.get("content", {}).get(JSON, {}).get("schema", {})
        for status, answer in operation["responses"].items()
        if status < "300"
    }
    if not contents[min(contents)]:
        return {}
    several = [each for each in contents.values() if each]
    distinct = [each for place, each in enumerate(several) if each not in several[:place]]
    return distinct[0] if len(distinct) == 1 else {"oneOf": distinct}


def _comment(text: str, *, indent: str = "") -> str:
    told = " ".join(text.split()).replace("*/", "* /")
    return f"{indent}/** {told} */\n" if told else ""


def _name(name: str) -> str:
    return name if name.isidentifier() else _text(name)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]


__all__ = ["typescript_module"]
