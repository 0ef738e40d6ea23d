"""Settings and resources as a project declares them: what is wrong with them, before any is made.

Must not know workers: nothing is opened and no secret is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from arco.orchestration.definitions import SourceLine
from arco.sdk.configuration import Asked, is_settings, sentences
from arco.sdk.declarations import Declaration, Function, ResourceDeclaration
from arco.sdk.names import cycles
from arco.sdk.parameters import annotations_of, names_of

Resources: TypeAlias = Mapping[str, ResourceDeclaration]
Config: TypeAlias = Mapping[str, Any]


def resources_of(declarations: Iterable[Declaration]) -> dict[str, ResourceDeclaration]:
    """Name -> resource; of two with one name the last."""
    found = (each for each in declarations if isinstance(each, ResourceDeclaration))
    return {each.name: each for each in found}


def settings_sentences(function: Function, reader: str, *, config: Config) -> Iterator[str]:
    """What is wrong with the values that the project gives the function's settings."""
    for name, annotation in annotations_of(function).items():
        if not is_settings(annotation):
            continue
        given = config.get(name, {})
        if isinstance(given, Mapping):
            yield from sentences(annotation, Asked(reader, name), given=given)
        elif not isinstance(given, annotation):
            yield f"the setting {name} is {given!r}; it is a table of fields"


def resource_sentences(
    declarations: Iterable[Declaration], *, config: Config
) -> Iterator[tuple[ResourceDeclaration, str]]:
    """What is wrong with the project's resources, and with which."""
    all_of_them = [each for each in declarations if isinstance(each, ResourceDeclaration)]
    known = resources_of(all_of_them)
    for each in all_of_them:
        first = next(other for other in all_of_them if other.name == each.name)
        if first is not each:
            yield each, f"there is another resource {each.name} at {_place(first.source)}"
        if each.per not in ("task", "worker"):
            yield each, f'per is {each.per!r}; use "task" or "worker"'
        yield from ((each, sentence) for sentence in _own_sentences(each, known))
        reader = f"resource {each.name}"
        for sentence in settings_sentences(each.function, reader, config=config):
            yield each, sentence
    for path in cycles({name: _needs(each, known) for name, each in known.items()}):
        yield known[path[0]], f"it needs itself: {' -> '.join(path)}"


def _own_sentences(resource: ResourceDeclaration, known: Resources) -> Iterator[str]:
    annotations = annotations_of(resource.function)
    for name, parameter in names_of(resource.function).items():
        needed = known.get(name)
        if needed is not None and resource.per == "worker" and needed.per == "task":
            yield f"it lives as long as its worker and {name} only as long as a task"
        is_free = parameter.default is parameter.empty and needed is None
        if is_free and not is_settings(annotations.get(name)):
            yield f"parameter {name!r} is neither a resource nor annotated with a settings class"


def _needs(resource: ResourceDeclaration, known: Resources) -> list[str]:
    return [name for name in names_of(resource.function) if name in known]


def _place(source: SourceLine) -> str:
    return f"{source.file.rsplit('/', 1)[-1]}:{source.line}"


__all__ = [
    "Config",
    "Resources",
    "resource_sentences",
    "resources_of",
    "settings_sentences",
]
