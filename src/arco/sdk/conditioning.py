"""Compiling conditions and freshness policies: definitions, or every problem they have.

Law: all problems are found before any is reported. Must not know when a condition holds.
"""

from __future__ import annotations

from datetime import timedelta

from arco.orchestration.conditions import Condition, ConditionDefinition
from arco.orchestration.definitions import Freshness, FreshnessDefinition, Manifest
from arco.sdk.conditions import fresh
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


def compile_freshness(loaded: Loaded) -> tuple[FreshnessDefinition, ...]:
    """The freshness policy of every asset that has one, sorted by asset.

    Raises: Invalid DEFINITIONS_INVALID with all problems, each with its file and line.
    """
    problems: list[Problem] = []
    found: list[FreshnessDefinition] = []
    for key, declaration in sorted(asset_keys(loaded)[0].items()):
        policy = declaration.options.get("freshness")
        if isinstance(policy, timedelta):
            policy = fresh(within=policy)
        where = place(declaration, loaded.project)
        if isinstance(policy, Freshness):
            found.append(FreshnessDefinition(asset=key, policy=policy, source=where))
        elif policy is not None:
            sentence = f"{key}: freshness is {policy!r}; use fresh(within=timedelta(hours=26))"
            problems.append(problem_at(where, sentence))
    if problems:
        raise definitions_invalid(problems)
    return tuple(found)


__all__ = ["compile_conditions", "compile_freshness"]
