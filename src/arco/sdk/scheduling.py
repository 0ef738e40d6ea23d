"""Compiling schedules: what the project declares becomes definitions, or every problem they have.

Law: all problems are found before any is reported. Must not know when a schedule fires.
"""

from __future__ import annotations

from typing import Any

import msgspec

from arco.orchestration.definitions import ScheduleDefinition
from arco.sdk.declarations import ScheduleDeclaration
from arco.sdk.manifest import asset_keys, place
from arco.sdk.names import NameIndex
from arco.sdk.options import milliseconds, spelled
from arco.sdk.problems import Problem, definitions_invalid, problem_at
from arco.sdk.project import Loaded, Project
from arco.sdk.selecting import selected, several


def compile_schedules(loaded: Loaded) -> tuple[ScheduleDefinition, ...]:
    """Every schedule of the project, sorted by name.

    Raises: Invalid DEFINITIONS_INVALID with all problems, each with its file and line.
    """
    declared = [each for each in loaded.declarations if isinstance(each, ScheduleDeclaration)]
    names = NameIndex(asset_keys(loaded)[0])
    problems: list[Problem] = []
    found: list[ScheduleDefinition] = []
    for each in declared:
        definition, wrong = _definition(each, names, project=loaded.project)
        found += [definition] if definition is not None else []
        problems += (problem_at(place(each, loaded.project), sentence) for sentence in wrong)
    if problems:
        raise definitions_invalid(problems)
    return tuple(sorted(found, key=lambda each: each.name))


def _definition(
    declaration: ScheduleDeclaration, names: NameIndex, *, project: Project
) -> tuple[ScheduleDefinition | None, list[str]]:
    options: dict[str, Any] = dict(declaration.options)
    terms, wrong = selected(
        (*declaration.decorated, *several(declaration.options.get("select", ()))),
        names,
        namespace=project.namespace,
    )
    decorated = [term for term in terms if term in names.keys]
    name = options.pop("name", "") or (decorated[0] if declaration.decorated and decorated else "")
    label = f"schedule {name}" if name else "a schedule"
    if not name and not wrong:
        wrong = ['it needs a name: schedule(..., name="nightly")']
    if wrong:
        return None, [f"{label}: {sentence}" for sentence in wrong]
    options.pop("select", None)
    if "catch_up_seconds" in options:
        options["catch_up_ms"] = milliseconds(options.pop("catch_up_seconds"))
    given = {
        "name": name,
        "cron": declaration.cron,
        "selection": terms,
        "source": msgspec.to_builtins(place(declaration, project)),
        **options,
    }
    try:
        return msgspec.convert(given, ScheduleDefinition), []
    except msgspec.ValidationError as error:
        return None, [f"{label}: {spelled(error)}"]


__all__ = ["compile_schedules"]
