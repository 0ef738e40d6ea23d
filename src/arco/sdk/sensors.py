"""Compiling sensors: what the project declares becomes definitions, or every problem they have.

Law: all problems are found before any is reported. Must not know who looks at a sensor.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from arco.orchestration.definitions import CodeReference, SensorDefinition
from arco.sdk.code_version import CodeVersions
from arco.sdk.configuration import is_settings
from arco.sdk.declarations import SensorDeclaration
from arco.sdk.decorators import documentation
from arco.sdk.manifest import asset_keys, place
from arco.sdk.names import NameIndex
from arco.sdk.options import milliseconds, spelled
from arco.sdk.parameters import CONTEXT, annotations_of, names_of
from arco.sdk.problems import Problem, definitions_invalid, problem_at
from arco.sdk.project import Loaded
from arco.sdk.selecting import selected, several
from arco.sdk.source import ProjectSource
from arco.sdk.supplies import resources_of, settings_sentences

KINDS = {"interval": "poll", "message": "push"}


def compile_sensors(loaded: Loaded) -> tuple[SensorDefinition, ...]:
    """Every sensor of the project, sorted by name.

    Raises: Invalid DEFINITIONS_INVALID with all problems, each with its file and line.
    """
    declared = [each for each in loaded.declarations if isinstance(each, SensorDeclaration)]
    if not declared:
        return ()
    compiler = Compiler(loaded)
    found = [compiler.definition(each) for each in declared]
    if compiler.problems:
        raise definitions_invalid(compiler.problems)
    return tuple(sorted((each for each in found if each), key=lambda each: each.name))


class Compiler:
    """One compile: it gathers problems while it turns declarations into definitions."""

    def __init__(self, loaded: Loaded) -> None:
        self.problems: list[Problem] = []
        self._project = loaded.project
        self._names = NameIndex(asset_keys(loaded)[0])
        self._resources = resources_of(loaded.declarations)
        self._versions = CodeVersions(ProjectSource(loaded.project.roots, sys.modules))

    def definition(self, declaration: SensorDeclaration) -> SensorDefinition | None:
        """The sensor; None when something is wrong with it, which is noted."""
        terms, wrong = selected(
            several(declaration.options.get("select", ())),
            self._names,
            namespace=self._project.namespace,
        )
        wrong += [*_kind_sentences(declaration), *self._parameter_sentences(declaration)]
        if not wrong:
            try:
                return msgspec.convert(self._given(declaration, terms), SensorDefinition)
            except msgspec.ValidationError as error:
                wrong = [spelled(error)]
        where = place(declaration, self._project)
        self.problems += (
            problem_at(where, f"sensor {declaration.name}: {sentence}") for sentence in wrong
        )
        return None

    def _given(self, declaration: SensorDeclaration, terms: tuple[str, ...]) -> dict[str, Any]:
        function = declaration.function
        given: dict[str, Any] = dict(declaration.options)
        given.pop("select", None)
        for name in ("interval", "timeout"):
            if f"{name}_seconds" in given:
                given[f"{name}_ms"] = milliseconds(given.pop(f"{name}_seconds"))
        if "webhook" in given:
            given["webhook"] = msgspec.to_builtins(given["webhook"])
        version = self._versions.of(function)
        code = CodeReference(function.__module__, function.__qualname__, version)
        return {
            "description": documentation(function),
            **given,
            "name": declaration.name,
            "code": msgspec.to_builtins(code),
            "kind": KINDS[_told_by(declaration)],
            "selection": terms,
            "source": msgspec.to_builtins(place(declaration, self._project)),
        }

    def _parameter_sentences(self, declaration: SensorDeclaration) -> Iterator[str]:
        function = declaration.function
        reader = f"sensor {declaration.name}"
        annotations = annotations_of(function)
        for name, parameter in names_of(function).items():
            known = name == CONTEXT or name in self._resources
            known = known or is_settings(annotations.get(name))
            if parameter.default is parameter.empty and not known:
                yield (
                    f"parameter {name!r} is neither `context`, nor a resource, nor annotated with "
                    "a settings class"
                )
        yield from settings_sentences(function, reader, config=self._project.config)


def _kind_sentences(declaration: SensorDeclaration) -> Iterator[str]:
    options = declaration.options
    told_by = _told_by(declaration)
    if told_by not in KINDS:
        yield f'on is {told_by!r}; use "interval" or "message"'
    elif told_by == "message" and "interval_seconds" in options:
        yield "it is asked when a message comes: interval_seconds has no meaning"
    elif told_by == "interval" and "webhook" in options:
        yield 'a webhook sends messages: it is on="message"'


def _told_by(declaration: SensorDeclaration) -> str:
    options = declaration.options
    return options.get("on") or ("message" if "webhook" in options else "interval")


__all__ = ["KINDS", "Compiler", "compile_sensors"]
