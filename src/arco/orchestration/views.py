"""What planning and staleness look at: deployed definitions, dynamic partitions and the moment.

Reads through State by key where it can, so that a run of one asset does not walk all of them. Must
not decide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from arco.model import State
from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.partitions import (
    Dynamic,
    PartitionSet,
    all_keys,
    some_keys,
    upstream_partitions,
)
from arco.orchestration.tables import ASSETS, DYNAMIC_PARTITIONS


class Partitioning(msgspec.Struct, frozen=True):
    """When, and with which run-time values, partition sets are evaluated."""

    now: datetime
    dynamic: Dynamic


class AssetView(msgspec.Struct, frozen=True):
    """One state at one moment, as planning sees it."""

    state: State
    definitions: Mapping[str, AssetDefinition]
    at: Partitioning
    settings: Mapping[str, Mapping[str, Any]] = {}
    """What the run is asked for with, in place of what the project gives; empty: nothing."""


class DeployedDefinitions(Mapping[str, AssetDefinition]):
    """Asset key -> definition, of the assets that are not removed."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[str, AssetDefinition | None] = {}

    def __getitem__(self, key: str) -> AssetDefinition:
        if key not in self._known:
            row = self._state.get(ASSETS, key)
            self._known[key] = None if row is None or row.removed else row.definition
        definition = self._known[key]
        if definition is None:
            raise KeyError(key)
        return definition

    def __iter__(self) -> Iterator[str]:
        return (row.key for row in self._state.range(ASSETS) if not row.removed)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class DynamicValues(Mapping[str, Sequence[str]]):
    """Name of a dynamic partition set -> its values, in the order they were added."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[str, tuple[str, ...]] = {}

    def __getitem__(self, name: str) -> Sequence[str]:
        if name not in self._known:
            rows = self._state.range(DYNAMIC_PARTITIONS, name)
            ordered = sorted(rows, key=lambda row: (row.position, row.value))
            self._known[name] = tuple(row.value for row in ordered)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(row.name for row in self._state.range(DYNAMIC_PARTITIONS)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def asset_view(state: State, now: datetime) -> AssetView:
    """The deployed assets and dynamic partitions as they stand in `state`."""
    return AssetView(state, DeployedDefinitions(state), Partitioning(now, DynamicValues(state)))


def partitions_of(definition: AssetDefinition, at: Partitioning) -> PartitionSet:
    """Every partition of the asset that exists now; the one key "" when unpartitioned."""
    return all_keys(definition.partitions, now=at.now, dynamic=at.dynamic)


def upstream_keys(
    dependency: Dependency,
    key: str,
    *,
    downstream: AssetDefinition,
    upstream: AssetDefinition,
    at: Partitioning,
) -> Collection[str]:
    """The upstream partitions that the downstream partition `key` depends on."""
    return upstream_mapping(dependency, downstream=downstream, upstream=upstream, at=at)(key)


def upstream_mapping(
    dependency: Dependency,
    *,
    downstream: AssetDefinition,
    upstream: AssetDefinition,
    at: Partitioning,
) -> Callable[[str], Collection[str]]:
    """From a downstream partition to the upstream partitions that it depends on."""
    if upstream.partitions is None:
        return lambda key: ("",)
    if is_same(dependency, downstream, upstream=upstream):
        return lambda key: (key,)
    return lambda key: upstream_partitions(
        dependency.mapping,
        some_keys(downstream.partitions, (key,), dynamic=at.dynamic),
        upstream=upstream.partitions,
        now=at.now,
        dynamic=at.dynamic,
    )


def is_same(
    dependency: Dependency, downstream: AssetDefinition, *, upstream: AssetDefinition
) -> bool:
    """Whether each partition is made from the upstream partition of the same key."""
    return dependency.mapping is None and upstream.partitions == downstream.partitions


__all__ = [
    "AssetView",
    "DeployedDefinitions",
    "DynamicValues",
    "Partitioning",
    "asset_view",
    "is_same",
    "partitions_of",
    "upstream_keys",
    "upstream_mapping",
]
