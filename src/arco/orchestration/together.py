"""Assets that one function makes at once: what is run of one is run of all, by one task.

Law: whoever chooses one of them chooses all, with the same partitions. The task of the first of
them does the work and the others wait for it. Must not know events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from arco.model import State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.rows import Task
from arco.orchestration.states import TaskState
from arco.orchestration.tables import ASSETS, PLANS, TASKS

Definitions: TypeAlias = Mapping[str, AssetDefinition]


def family(definition: AssetDefinition) -> tuple[str, ...]:
    """The keys of all that its function makes, itself included."""
    return definition.made_with or (definition.key,)


def maker(definition: AssetDefinition) -> str:
    """The asset whose task does the work."""
    return family(definition)[0]


def deployed_family(definitions: Definitions, key: str) -> tuple[str, ...]:
    """The keys of all that the asset's function makes, as far as they are known."""
    members = family(definitions[key])
    return members if len(members) == 1 else tuple(each for each in members if each in definitions)


def with_families(definitions: Definitions, keys: Iterable[str]) -> tuple[str, ...]:
    """The keys, sorted, and those of all that is made with them."""
    found = {member for key in keys for member in deployed_family(definitions, key)}
    return tuple(sorted(found))


def whole_families(
    definitions: Definitions, chosen: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """The chosen partitions, of each asset also those that are chosen of one made with it."""
    found: dict[str, dict[str, None]] = {}
    for asset, keys in chosen.items():
        for member in with_families(definitions, (asset,)):
            found.setdefault(member, {}).update(dict.fromkeys(keys))
    return {asset: tuple(keys) for asset, keys in found.items()}


def waiting_with(state: State, task: Task) -> list[Task]:
    """The tasks of the run that end with this one: what its function makes, too."""
    plan, asset = state.get(PLANS, task.run_id), state.get(ASSETS, task.asset)
    if plan is None or asset is None or not asset.definition.made_with:
        return []
    members = family(asset.definition)
    below = (state.get(TASKS, task.run_id, index) for index in plan.downstreams[task.index])
    return [
        each
        for each in below
        if each is not None
        and each.state is TaskState.BLOCKED
        and each.asset in members
        and each.partition_key == task.partition_key
    ]


def family_problems(definition: AssetDefinition, known: Definitions) -> Iterator[str]:
    """What is wrong with what a definition says it is made with."""
    keys = definition.made_with
    if not keys:
        return
    if definition.key not in keys or list(keys) != sorted(set(keys)):
        yield f"asset {definition.key} is made with {', '.join(keys)}: sort them, itself included."
    for key in keys:
        other = known.get(key)
        if other is None or _shared(other) != _shared(definition):
            yield f"asset {definition.key} is made with {key}, which is not made like it."
    for dependency in definition.dependencies:
        if dependency.upstream in keys:
            yield f"asset {definition.key} reads {dependency.upstream}, which it is made with."


def _shared(definition: AssetDefinition) -> tuple[object, ...]:
    """What all have in common that one function makes."""
    return (
        definition.made_with,
        definition.kind,
        definition.code,
        definition.dependencies,
        definition.partitions,
    )


__all__ = [
    "deployed_family",
    "family",
    "family_problems",
    "maker",
    "waiting_with",
    "whole_families",
    "with_families",
]
