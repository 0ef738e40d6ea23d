"""Settings of a function as data: their names, their fields, and what each field takes.

Law: the same classes give the same text on any machine; no default and no value is in it. Must not
know which values a project gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from arco.orchestration.definitions import SettingDefinition, SettingsDefinition
from arco.sdk.configuration import Field, fields_of, is_settings
from arco.sdk.declarations import Function, ResourceDeclaration
from arco.sdk.parameters import annotations_of, names_of
from arco.sdk.secrets import Secret
from arco.sdk.supplies import Resources

ANYTHING = "{}"
WORDS = frozenset({"default", "title", "description"})


def settings_of(
    functions: Iterable[Function], resources: Resources
) -> tuple[SettingsDefinition, ...]:
    """What the functions read, and the resources that they are given, by name."""
    found: dict[tuple[str, type], SettingsDefinition] = {}
    for name, settings in _classes(functions, resources):
        if (name, settings) not in found:
            fields = tuple(map(_described, fields_of(settings)))
            found[name, settings] = SettingsDefinition(name, fields)
    return tuple(sorted(found.values(), key=lambda each: (each.name, repr(each))))


def settings_names(functions: Iterable[Function], resources: Resources) -> set[str]:
    """The names under which the functions, and the resources that they are given, read."""
    return {name for name, _ in _classes(functions, resources)}


def supplying(functions: Iterable[Function], resources: Resources) -> list[ResourceDeclaration]:
    """The resources that the functions are given, and those that these are given, by name."""
    found: dict[str, ResourceDeclaration] = {}
    waiting = list(functions)
    while waiting:
        for name in names_of(waiting.pop()):
            if name in resources and name not in found:
                found[name] = resources[name]
                waiting.append(resources[name].function)
    return [found[name] for name in sorted(found)]


def _classes(functions: Iterable[Function], resources: Resources) -> Iterator[tuple[str, type]]:
    own = list(functions)
    for function in (*own, *(each.function for each in supplying(own, resources))):
        annotations = annotations_of(function)
        for name in names_of(function):
            if name not in resources and is_settings(annotations.get(name)):
                yield name, annotations[name]


def _described(field: Field) -> SettingDefinition:
    seen: list[type] = []

    def spelled(kind: type) -> dict[str, Any]:
        seen.append(kind)
        return {"type": "string", "format": kind.__name__.lower()}

    try:
        schema = msgspec.json.schema(field.kind, schema_hook=spelled)
    except TypeError:
        # What has no schema is judged in a worker, which has the type.
        return SettingDefinition(field.name, ANYTHING, secret="Secret" in str(field.kind))
    text = msgspec.json.encode(_plain(schema), order="sorted").decode()
    if any(kind not in (Secret, Path) for kind in seen):
        text = ANYTHING
    return SettingDefinition(field.name, text, secret=Secret in seen)


def _plain(schema: Any) -> Any:
    """The schema without words and defaults: a default may come from the compiling machine."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {field: _plain(each) for field, each in value.items()}
        if name in ("properties", "$defs")
        else _plain(value)
        for name, value in schema.items()
        if name not in WORDS
    }


__all__ = ["settings_names", "settings_of", "supplying"]
