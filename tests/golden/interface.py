"""What the outside was promised, line by line: the API's operations and the events' fields.

A table of rules says which differences break a client, or a reader of an old log. Words are not
compared: descriptions may change at any time.
"""

from __future__ import annotations

import enum
import gzip
import json
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from arco.api.openapi import openapi_document
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.registry import Registry
from arco.model import field_types
from arco.service.workspace import DOMAINS
from tests.golden.folders import INTERFACES, fresh

Schema = dict[str, Any]
Promise = dict[str, Any]
Interface = dict[str, Promise]
"""`operation GET /api/v1/tables` and the like -> what was promised of it."""
KEPT = "interface.txt.gz"
REF = "#/components/schemas/"
WORDS = frozenset({"description", "title", "default", "examples", "example", "discriminator"})
MODULE = re.compile(r"\b[a-z_.]+\.(?=[A-Z])|^<class '|'>$")
UPPER, LOWER = ("maximum", "maxLength", "maxItems"), ("minimum", "minLength", "minItems")


class Rule(msgspec.Struct, frozen=True):
    """A difference that breaks somebody."""

    kind: str
    """The first word of the lines it is about."""
    breaks: str
    holds: Callable[[Promise | None, Promise | None], bool]
    """Whether it is so, of what was promised and what is."""


def gone(old: Promise | None, new: Promise | None) -> bool:
    """What was promised is not there any more."""
    return old is not None and new is None


def demanded(old: Promise | None, new: Promise | None) -> bool:
    """What was not needed, or was not there, is needed now."""
    return bool(new and new["required"] and not (old and old["required"]))


def narrowed(old: Promise | None, new: Promise | None) -> bool:
    """What was taken is not all taken any more."""
    return bool(old and new) and not takes(new["schema"], old["schema"])  # type: ignore[index]


def forgotten(old: Promise | None, new: Promise | None) -> bool:
    """What was always told is not always told any more."""
    return bool(old and new and old["required"] and not new["required"])


def retold(old: Promise | None, new: Promise | None) -> bool:
    """What is told may be something that was never told; new words of an enumeration may come."""
    return bool(old and new) and not takes(
        without_words(old["schema"]),  # type: ignore[index]
        without_words(new["schema"]),  # type: ignore[index]
    )


RULES = (
    Rule("operation", "is gone", gone),
    Rule("parameter", "is gone, and unknown ones are refused", gone),
    Rule("parameter", "is needed now", demanded),
    Rule("parameter", "takes less", narrowed),
    Rule("body", "is gone", gone),
    Rule("body", "takes less", narrowed),
    Rule("answer", "is gone", gone),
    Rule("answer", "tells something else", retold),
    Rule("sent", "is gone, and unknown ones are refused", gone),
    Rule("sent", "is needed now", demanded),
    Rule("sent", "takes less", narrowed),
    Rule("told", "is gone", gone),
    Rule("told", "is not always told", forgotten),
    Rule("told", "tells something else", retold),
    Rule("event", "is gone: old logs hold it", gone),
    Rule("field", "is gone: old logs hold it", gone),
    Rule("field", "is needed now: old logs lack it", demanded),
    Rule("field", "takes less: old logs hold more", narrowed),
)


def breaches(old: Interface, new: Interface) -> Iterator[str]:
    """What breaks, a sentence each."""
    for line in sorted({*old, *new}):
        kind, _, name = line.partition(" ")
        # What came as a whole breaks nobody: its parts are needed only by who uses it.
        is_part_of_addition = line not in old and owner(line) not in old
        for rule in RULES if not is_part_of_addition else ():
            if rule.kind == kind and rule.holds(old.get(line), new.get(line)):
                yield f"{kind} {name} {rule.breaks}"


def owner(line: str) -> str:
    """The line of what this line is a part of.

    >>> owner("parameter GET /tables query.limit"), owner("sent Columns.name")
    ('operation GET /tables', 'sent Columns')
    """
    kind, _, name = line.partition(" ")
    if kind in {"sent", "told", "field"}:
        return f"{kind} {name.partition('.')[0]}"
    return f"operation {' '.join(name.split(' ')[:2])}"


def takes(new: Schema, old: Schema) -> bool:
    """Whether everything that fits `old` fits `new`."""
    if options(new) or options(old):
        return all(
            any(takes(one, each) for one in options(new) or [new]) for each in options(old) or [old]
        )
    if not new:
        return True
    if not set(kinds(old)) <= set(kinds(new)) or new.get("$ref") != old.get("$ref"):
        return False
    if any(new.get(key) not in (None, old.get(key)) for key in ("pattern", "format")):
        return False
    if "enum" in new and not set(map(str, old.get("enum", ["?"]))) <= set(map(str, new["enum"])):
        return False
    return all(
        new.get(key) is None or (old.get(key) is not None and sign * new[key] >= sign * old[key])
        for keys, sign in ((UPPER, 1), (LOWER, -1))
        for key in keys
    ) and takes(new.get("items", {}), old.get("items", {}))


def options(schema: Schema) -> list[Schema]:
    """The alternatives of a schema that has some."""
    found: list[Schema] = schema.get("oneOf") or schema.get("anyOf") or []
    return found


def kinds(schema: Schema) -> list[str]:
    """The JSON types of a schema; of a field that is one of some words, the words."""
    found = schema.get("type", [])
    if str(found).startswith("Literal["):
        return str(found)[len("Literal[") : -1].split(", ")
    return [found] if isinstance(found, str) else list(found)


def without_words(schema: Schema) -> Schema:
    """The schema without its enumeration, whose words may grow."""
    return {
        key: [without_words(each) for each in value] if key in ("oneOf", "anyOf") else value
        for key, value in schema.items()
        if key != "enum"
    }


def bare(value: Any) -> Any:
    """The schema without what is only said."""
    if isinstance(value, list):
        return [bare(each) for each in value]
    if isinstance(value, dict):
        kept = {key: bare(each) for key, each in value.items() if key not in WORDS}
        return {
            key: each.removeprefix(REF) if key == "$ref" else each for key, each in kept.items()
        }
    return value


def interface() -> Interface:
    """What this release promises."""
    return api(json.loads(openapi_document())) | events()


def api(document: Schema) -> Interface:
    """The lines of an OpenAPI document."""
    found: Interface = {}
    roles: dict[str, set[str]] = {"sent": set(), "told": set()}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            found[f"operation {name}"] = {}
            found |= _parameters(name, operation)
            for kind, promise in _bodies(operation):
                found[f"{kind.replace(' ', f' {name} ', 1)}"] = promise
                roles["told" if kind.startswith("answer") else "sent"].add(json.dumps(promise))
    schemas = document["components"]["schemas"]
    for role, seeds in roles.items():
        for name in _reached(schemas, seeds):
            found |= _fields(role, name, schema=bare(schemas[name]))
    return found


def events() -> Interface:
    """The lines of every event that a log may hold, and of what its fields are made of."""
    registry = Registry((*DOMAINS, ENGINE))
    found: Interface = {}
    waiting: list[Any] = []
    for payload, (name, version) in registry._types.items():
        found[f"event {name} {version}"] = {"schema": {"type": payload.__name__}}
        waiting.append(payload)
    seen: set[Any] = set()
    while waiting:
        hint = waiting.pop()
        if hint in seen:
            continue
        seen.add(hint)
        waiting += typing.get_args(hint)
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            words = [str(each.value) for each in hint]
            found |= _fields("field", hint.__name__, schema={"enum": words})
        elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            found |= _struct(hint)
            waiting += field_types(hint).values()
    return found


def _struct(kind: type[msgspec.Struct]) -> Interface:
    types = field_types(kind)
    fields = {
        f"field {kind.__name__}.{field.encode_name}": {
            "required": field.required,
            "schema": {"type": MODULE.sub("", str(types[field.name]))},
        }
        for field in msgspec.structs.fields(kind)
    }
    return {f"field {kind.__name__}": {"required": False, "schema": {}}, **fields}


def _parameters(name: str, operation: Schema) -> Interface:
    return {
        f"parameter {name} {each['in']}.{each['name']}": {
            "required": each.get("required", False),
            "schema": bare(each["schema"]),
        }
        for each in operation.get("parameters", [])
        # Headers are the same on every route: the table of them is in the code.
        if each["in"] != "header"
    }


def _bodies(operation: Schema) -> Iterator[tuple[str, Promise]]:
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"body {media}", {"schema": bare(content.get("schema", {}))}
    for status, answer in operation["responses"].items():
        for media, content in answer.get("content", {}).items():
            if status < "300":
                yield f"answer {status} {media}", {"schema": bare(content.get("schema", {}))}


def _reached(schemas: Schema, seeds: set[str]) -> set[str]:
    """The names of all schemas that these texts lead to."""
    found: set[str] = set()
    waiting = [json.loads(seed) for seed in seeds]
    while waiting:
        for name in set(_references(waiting.pop())) - found:
            found.add(name)
            waiting.append(bare(schemas[name]))
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)


def _fields(role: str, name: str, *, schema: Mapping[str, Any]) -> Interface:
    needed = schema.get("required", ())
    found: Interface = {f"{role} {name}": {"required": False, "schema": {}}}
    for field, described in schema.get("properties", {}).items():
        found[f"{role} {name}.{field}"] = {"required": field in needed, "schema": described}
    if "enum" in schema:
        found[f"{role} {name}"]["schema"] = {"type": "string", "enum": schema["enum"]}
    return found


def write(name: str) -> None:
    """Keep what this release promises."""
    lines = (f"{line}\t{json.dumps(promise)}\n" for line, promise in sorted(interface().items()))
    kept = gzip.compress("".join(lines).encode(), mtime=0)
    (fresh(INTERFACES / name) / KEPT).write_bytes(kept)


def read(name: str) -> Interface:
    """What a release promised."""
    text = gzip.decompress((INTERFACES / name / KEPT).read_bytes()).decode()
    lines = (line.partition("\t") for line in text.splitlines())
    return {line: json.loads(promise) for line, _, promise in lines}


__all__ = [
    "RULES",
    "Interface",
    "Rule",
    "breaches",
    "interface",
    "read",
    "takes",
    "write",
]
