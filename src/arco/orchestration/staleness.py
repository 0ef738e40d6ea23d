"""Staleness: why a partition does not hold what its code and its upstream partitions would give
now.

Compares data versions, never times, and is computed, never stored. Must not plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.plan import upstream_first
from arco.orchestration.rows import Materialization
from arco.orchestration.run_settings import settings_read, settings_version
from arco.orchestration.selection import upstream_closure
from arco.orchestration.tables import PARTITION_STATUS
from arco.orchestration.views import AssetView, partitions_of, upstream_keys

Place: TypeAlias = tuple[str, str]
"""Asset key and partition key."""
Reads: TypeAlias = Mapping[str, Mapping[str, str]]
"""Upstream asset -> partition key -> data version that was read."""


class StaleReason(StrEnum):
    """Why, in the order in which reasons are looked for."""

    NEVER_MATERIALIZED = "NEVER_MATERIALIZED"
    CODE_CHANGED = "CODE_CHANGED"
    SETTINGS_CHANGED = "SETTINGS_CHANGED"
    UPSTREAM_NEVER_MATERIALIZED = "UPSTREAM_NEVER_MATERIALIZED"
    UPSTREAM_CHANGED = "UPSTREAM_CHANGED"


class Staleness(msgspec.Struct, frozen=True, kw_only=True):
    """One stale partition and the way to the root cause."""

    asset: str
    partition_key: str
    reason: StaleReason
    root_reason: StaleReason
    path: tuple[Place, ...]
    """From this partition, upstream step by step, to the one where `root_reason` holds."""
    is_runnable: bool
    """Whether running this partition now makes a difference; False: upstream has to run first."""


def own_staleness(view: AssetView, asset: str, *, key: str) -> Staleness | None:
    """Why the partition is stale by its own record; upstream partitions count as they are."""
    definition = view.definitions[asset]
    held = _materialization(view, asset, key=key)
    if held is None:
        return _stale(asset, key, reason=StaleReason.NEVER_MATERIALIZED)
    if held.code_version != definition.code.version:
        return _stale(asset, key, reason=StaleReason.CODE_CHANGED)
    if held.settings_version != settings_version(settings_read(definition, view.settings)):
        return _stale(asset, key, reason=StaleReason.SETTINGS_CHANGED)
    missing: Place | None = None
    changed: Place | None = None
    for place, is_missing in changed_upstreams(view, definition, key=key, reads=held.reads):
        missing = missing or (place if is_missing else None)
        changed = changed or (None if is_missing else place)
    if missing is not None:
        reason = StaleReason.UPSTREAM_NEVER_MATERIALIZED
        return _stale(asset, key, reason=reason, cause=missing, is_runnable=changed is not None)
    if changed is not None:
        return _stale(asset, key, reason=StaleReason.UPSTREAM_CHANGED, cause=changed)
    return None


def stale_partitions(view: AssetView, assets: Sequence[str]) -> Iterator[Staleness]:
    """Every stale partition of the assets, also those that only wait for a stale upstream.

    Shape: assets from sources on, partitions in order. Cost: linear in the partitions of the
    assets and of everything upstream of them.
    """
    found: dict[Place, Staleness] = {}
    asked = set(assets)
    closure = sorted(upstream_closure(view.definitions, assets))
    for asset in upstream_first(view.definitions, closure):
        for stale in _stale_of_asset(view, asset, found=found):
            found[(asset, stale.partition_key)] = stale
            if asset in asked:
                yield stale


def changed_upstreams(
    view: AssetView, asset: AssetDefinition, *, key: str, reads: Reads
) -> Iterator[tuple[Place, bool]]:
    """Upstream partitions that are not what was read; True marks those that hold nothing."""
    for dependency in asset.dependencies:
        recorded = reads.get(dependency.upstream)
        # What is upstream for the order only is never read, so it cannot have changed.
        is_read = recorded is not None or bool(dependency.parameter)
        for upstream in _keys(view, asset, dependency=dependency, key=key):
            place = dependency.upstream, upstream
            now = _materialization(view, dependency.upstream, key=upstream)
            is_same = now is not None and (recorded or {}).get(upstream) == now.data_version
            if now is None or (is_read and not is_same):
                yield place, now is None


def upstream_places(view: AssetView, asset: AssetDefinition, *, key: str) -> Iterator[Place]:
    """Every deployed upstream partition that the partition depends on."""
    for dependency in asset.dependencies:
        for upstream in _keys(view, asset, dependency=dependency, key=key):
            yield dependency.upstream, upstream


def _stale_of_asset(
    view: AssetView, asset: str, *, found: Mapping[Place, Staleness]
) -> Iterator[Staleness]:
    """The asset's stale partitions; `found` has those of everything upstream."""
    for key in partitions_of(view.definitions[asset], view.at):
        own = own_staleness(view, asset, key=key)
        stale = _traced(own, found) if own else _inherited(view, asset, key=key, found=found)
        if stale is not None:
            yield stale


def _stale(
    asset: str,
    key: str,
    *,
    reason: StaleReason,
    cause: Place | None = None,
    is_runnable: bool = True,
) -> Staleness:
    return Staleness(
        asset=asset,
        partition_key=key,
        reason=reason,
        root_reason=reason,
        path=((asset, key), cause) if cause else ((asset, key),),
        is_runnable=is_runnable,
    )


def _keys(
    view: AssetView, asset: AssetDefinition, *, dependency: Dependency, key: str
) -> Iterator[str]:
    upstream = view.definitions.get(dependency.upstream)
    if upstream is not None:
        yield from upstream_keys(dependency, key, downstream=asset, upstream=upstream, at=view.at)


def _materialization(view: AssetView, asset: str, *, key: str) -> Materialization | None:
    status = view.state.get(PARTITION_STATUS, asset, key)
    return status.materialization if status else None


def _traced(own: Staleness, found: Mapping[Place, Staleness]) -> Staleness:
    """The path goes on through an upstream partition that is stale itself."""
    cause = found.get(own.path[-1]) if len(own.path) > 1 else None
    if cause is None:
        return own
    path = (own.path[0], *cause.path)
    return msgspec.structs.replace(own, path=path, root_reason=cause.root_reason)


def _inherited(
    view: AssetView, asset: str, *, key: str, found: Mapping[Place, Staleness]
) -> Staleness | None:
    for place in upstream_places(view, view.definitions[asset], key=key):
        cause = found.get(place)
        if cause is not None:
            return Staleness(
                asset=asset,
                partition_key=key,
                reason=StaleReason.UPSTREAM_CHANGED,
                root_reason=cause.root_reason,
                path=((asset, key), *cause.path),
                is_runnable=False,
            )
    return None


__all__ = [
    "Place",
    "Reads",
    "StaleReason",
    "Staleness",
    "changed_upstreams",
    "own_staleness",
    "stale_partitions",
    "upstream_places",
]
