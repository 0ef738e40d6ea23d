"""Compiling conditions: what assets declare becomes definitions, or every problem they have.

Law: all problems are found before any is reported. Must not know when a condition holds.
"""

from __future__ import annotations

from arco.orchestration.conditions import Condition, ConditionDefinition
from arco.orchestration.definitions import Manifest
from arco.sdk.manifest import asset_keys, place
from arco.sdk.problems import Problem, definitions_invalid, problem_at
from arco.sdk.project import Loaded


def compile_conditions(loaded: Loaded, manifest: Manifest) -> tuple[ConditionDefinition, ...]:
    """The condition of every asset that has one, sorted by asset.

    Raises: Invalid DEFINITIONS_INVALID with all problems, each with its file and line.
    """
    assets = {asset.key: asset for asset in manifest.assets}
    problems: list[Problem] = []
    found: list[ConditionDefinition] = []
    for key, declaration in sorted(asset_keys(loaded)[0].items()):
        condition = declaration.options.get("condition")
        if condition is None:
            continue
        where = place(declaration, loaded.project)
        if not isinstance(condition, Condition):
            sentence = f"{key}: condition is {condition!r}; use on_missing() | on_upstream()"
            problems.append(problem_at(where, sentence))
            continue
        upstream = dict.fromkeys(each.upstream for each in assets[key].dependencies)
        found.append(
            ConditionDefinition(
                asset=key, condition=condition, watches=tuple(sorted(upstream)), source=where
            )
        )
    if problems:
        raise definitions_invalid(problems)
    return tuple(found)


__all__ = ["compile_conditions"]
