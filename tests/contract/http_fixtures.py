"""One example of every request and answer of the API, made from the OpenAPI document.

`python -m tests.contract.http_fixtures --write` writes them. A client in any language reads the
same files: `full` holds every field, `minimal` only those that are always there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from arco.api.openapi import openapi_document

FOLDER = Path(__file__).parent / "http"
MOMENT = "2026-03-01T12:00:00Z"
JSON = "application/json"
DEPTH_MAX = 8
Schema: TypeAlias = Mapping[str, Any]


class Examples:
    """Values that fit schemas: all their fields, or as few as they may have."""

    def __init__(self, schemas: Mapping[str, Schema], *, full: bool) -> None:
        self._schemas = schemas
        self._full = full

    def of(self, schema: Schema, *, name: str = "text", depth: int = 0) -> Any:
        """The same value for the same schema, always; `name` is what texts hold."""
        if "$ref" in schema:
            return self.of(self._schemas[_last(schema["$ref"])], name=name, depth=depth + 1)
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.of(self._chosen(schema[choice]), name=name, depth=depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            # The first word that says something: a client may leave out an empty one.
            return next((each for each in schema["enum"] if each), schema["enum"][0])
        return self._made(schema, name=name, depth=depth)

    def _made(self, schema: Schema, *, name: str, depth: int) -> Any:
        match schema.get("type"):
            case "object":
                return self._object(schema, depth=depth)
            case "array":
                return self._array(schema, name=name, depth=depth)
            case "string":
                return MOMENT if schema.get("format") == "date-time" else name
            case "integer":
                return int(max(1, schema.get("minimum", 1)))
            case "number":
                return 1.5
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return {}

    def _object(self, schema: Schema, *, depth: int) -> Any:
        fields = schema.get("properties", {})
        # A constant says which of several kinds a value is: it is never left out.
        constants = [each for each, described in fields.items() if "const" in described]
        required = {*schema.get("required", ()), *constants}
        # A value that holds values of its own kind ends where it may.
        wanted = [each for each in fields if each in required or (self._full and depth < DEPTH_MAX)]
        made = {each: self.of(fields[each], name=each, depth=depth + 1) for each in wanted}
        others = schema.get("additionalProperties")
        # The document does not say where an empty map would be refused.
        if isinstance(others, dict) and not fields:
            made["name"] = self.of(others, name="value", depth=depth + 1)
        return made

    def _array(self, schema: Schema, *, name: str, depth: int) -> Any:
        if not schema.get("minItems") and not (self._full and depth < DEPTH_MAX):
            return []
        if "prefixItems" in schema:
            return [self.of(each, name=name, depth=depth + 1) for each in schema["prefixItems"]]
        return [self.of(schema.get("items", {}), name=name, depth=depth + 1)]

    def _chosen(self, choices: list[Schema]) -> Schema:
        """The first that says something; for a minimal value null, where that may be."""
        nulls = [each for each in choices if each.get("type") == "null"]
        others = [each for each in choices if each.get("type") != "null"]
        return nulls[0] if nulls and not self._full else others[0]


def rendered() -> dict[str, str]:
    """File name -> its text, for every operation."""
    document: dict[str, Any] = msgspec.json.decode(openapi_document())
    return {
        f"{fixture['operation']}.json": json.dumps(fixture, indent=1, ensure_ascii=False) + "\n"
        for fixture in _fixtures(document)
    }


def stored() -> dict[str, dict[str, Any]]:
    """Operation -> its fixture, as it stands in the repository."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*"))}


def write() -> None:
    """The folder holds what is rendered, and nothing else."""
    FOLDER.mkdir(exist_ok=True)
    texts = rendered()
    for path in FOLDER.glob("*.json"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, "utf-8")


def _fixtures(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schemas = document["components"]["schemas"]
    both = {kind: Examples(schemas, full=kind == "full") for kind in ("full", "minimal")}

    def examples(content: Mapping[str, Any]) -> dict[str, Any] | None:
        schema = content.get(JSON, {}).get("schema")
        return schema and {kind: made.of(schema) for kind, made in both.items()}

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = {
                status: examples(answer.get("content", {}))
                for status, answer in operation["responses"].items()
                if status < "300"
            }
            yield {
                "operation": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "request": examples(operation.get("requestBody", {}).get("content", {})),
                "answers": answers,
            }
    failure = {kind: made.of(schemas["FailureAnswer"]) for kind, made in both.items()}
    yield {"operation": "failure", "answers": {"400": failure}}


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    known = {name: json.dumps(text) for name, text in stored().items()}
    sys.exit(known.keys() != {Path(name).stem for name in rendered()})
