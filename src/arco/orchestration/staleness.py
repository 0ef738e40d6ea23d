"""Staleness: why a partition does not hold what its code and its upstream partitions would give
now.

Compares data versions, never times, and is computed, never stored. Must not plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.plan import upstream_first
from arco.orchestration.selection import upstream_closure
from arco.orchestration.standing import (
    Judgement,
    Place,
    Reads,
    StaleReason,
    Standings,
    changed_places,
    judgement,
    materialization,
    upstreams_of,
)
from arco.orchestration.views import AssetView, is_same, upstream_keys, upstream_mapping

Keys: TypeAlias = Collection[str]
"""Partition keys of one asset: a set, or the keys of a mapping."""


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
    held = materialization(view, asset, key=key)
    reads: Reads = held.reads if held else {}
    changed = changed_upstreams(view, definition, key=key, reads=reads)
    said = judgement(held, definition, changed=changed, settings=view.settings)
    return _stale(asset, key, said=said) if said else None


def stale_partitions(view: AssetView, assets: Sequence[str]) -> Iterator[Staleness]:
    """Every stale partition of the assets, also those that only wait for a stale upstream.

    Shape: assets from sources on, partitions in order. Cost: a look at each asset and everything
    upstream of it, at the partitions of those that moved, and at what is stale.
    """
    found: dict[str, dict[str, Staleness]] = {}
    asked = set(assets)
    standings = Standings(view)
    for asset in _closure(view, assets):
        here = found[asset] = {}
        for stale in _stale_of_asset(standings, view.definitions[asset], found=found):
            here[stale.partition_key] = stale
            if asset in asked:
                yield stale


def stale_keys(
    standings: Standings, assets: Sequence[str], *, partitions_max: int
) -> Mapping[str, Keys | None]:
    """Asset -> the keys of its partitions that `stale_partitions` tells of, of all upstream assets
    too; None: it, or something upstream, has more partitions than are looked at.

    Cost: that of `stale_partitions`, without a thing for each partition that is stale.
    """
    found: dict[str, Keys | None] = {}
    view = standings.view
    for asset in _closure(view, assets):
        definition = view.definitions[asset]
        is_large = standings.shape(definition.partitions).count > partitions_max
        if is_large or any(
            found.get(each.upstream, ()) is None for each in definition.dependencies
        ):
            found[asset] = None
        else:
            found[asset] = _stale_keys(standings, definition, found=found)
    return found


def changed_upstreams(
    view: AssetView, asset: AssetDefinition, *, key: str, reads: Reads
) -> Iterator[tuple[Place, bool]]:
    """Upstream partitions that are not what was read; True marks those that hold nothing."""
    return changed_places(upstreams_of(view, asset), key, reads=reads)


def upstream_places(view: AssetView, asset: AssetDefinition, *, key: str) -> Iterator[Place]:
    """Every deployed upstream partition that the partition depends on."""
    for dependency in asset.dependencies:
        upstream = view.definitions.get(dependency.upstream)
        if upstream is not None:
            keys = upstream_keys(dependency, key, downstream=asset, upstream=upstream, at=view.at)
            for each in keys:
                yield dependency.upstream, each


def _closure(view: AssetView, assets: Sequence[str]) -> list[str]:
    """The assets and everything upstream of them, from sources on."""
    return upstream_first(view.definitions, sorted(upstream_closure(view.definitions, assets)))


def _stale_of_asset(
    standings: Standings,
    definition: AssetDefinition,
    *,
    found: Mapping[str, Mapping[str, Staleness]],
) -> Iterator[Staleness]:
    """The asset's stale partitions; `found` has those of everything upstream, and gains these."""
    own, asset = standings.of(definition.key).stale, definition.key
    if not own and not any(found.get(each.upstream) for each in definition.dependencies):
        return
    for key in standings.shape(definition.partitions).keys:
        said = own.get(key)
        if said is not None:
            yield _traced(_stale(asset, key, said=said), found)
        elif (stale := _inherited(standings.view, definition, key=key, found=found)) is not None:
            yield stale


def _stale_keys(
    standings: Standings, definition: AssetDefinition, *, found: Mapping[str, Keys | None]
) -> Keys:
    """The keys of the asset's stale partitions; `found` has those of everything upstream."""
    own = standings.of(definition.key).stale
    every = standings.shape(definition.partitions).never
    waiting = [
        each
        for each in definition.dependencies
        if found.get(each.upstream) or (own and each.upstream == definition.key)
    ]
    if not waiting or len(own) == len(every):
        return own.keys()
    upstreams = [standings.view.definitions[each.upstream] for each in waiting]
    if any(each.partitions is None for each in upstreams):
        return every.keys()
    pairs = zip(waiting, upstreams, strict=True)
    if not all(is_same(each, definition, upstream=upstream) for each, upstream in pairs):
        return _followed(standings.view, definition, own=own, every=every, found=found)
    above = [found.get(each.upstream) or () for each in waiting]
    whole = (each for each in above if len(each) == len(every))
    return next(whole, None) or own.keys() | set().union(*above)


def _followed(
    view: AssetView,
    definition: AssetDefinition,
    *,
    own: Mapping[str, Judgement],
    every: Iterable[str],
    found: Mapping[str, Keys | None],
) -> Keys:
    """The stale partitions, where they are made from others than those of the same key."""
    stale: dict[str, None] = {}
    above: Mapping[str, Keys | None] = {**found, definition.key: stale}
    ways: list[tuple[Keys, Callable[[str], Collection[str]]]] = []
    for each in definition.dependencies:
        upstream, there = view.definitions.get(each.upstream), above.get(each.upstream)
        if upstream is not None and there is not None:
            keys = upstream_mapping(each, downstream=definition, upstream=upstream, at=view.at)
            ways.append((there, keys))
    for key in every:
        if key in own or any(up in there for there, keys in ways for up in keys(key)):
            # A later partition of the asset may be made from this one.
            stale[key] = None
    return stale.keys()


def _stale(asset: str, key: str, *, said: Judgement) -> Staleness:
    return Staleness(
        asset=asset,
        partition_key=key,
        reason=said.reason,
        root_reason=said.reason,
        path=((asset, key), said.cause) if said.cause else ((asset, key),),
        is_runnable=said.is_runnable,
    )


def _traced(own: Staleness, found: Mapping[str, Mapping[str, Staleness]]) -> Staleness:
    """The path goes on through an upstream partition that is stale itself."""
    cause = _at(found, own.path[-1]) if len(own.path) > 1 else None
    if cause is None:
        return own
    path = (own.path[0], *cause.path)
    return msgspec.structs.replace(own, path=path, root_reason=cause.root_reason)


def _inherited(
    view: AssetView,
    definition: AssetDefinition,
    *,
    key: str,
    found: Mapping[str, Mapping[str, Staleness]],
) -> Staleness | None:
    for place in upstream_places(view, definition, key=key):
        cause = _at(found, place)
        if cause is not None:
            return Staleness(
                asset=definition.key,
                partition_key=key,
                reason=StaleReason.UPSTREAM_CHANGED,
                root_reason=cause.root_reason,
                path=((definition.key, key), *cause.path),
                is_runnable=False,
            )
    return None


def _at(found: Mapping[str, Mapping[str, Staleness]], place: Place) -> Staleness | None:
    asset, key = place
    return found.get(asset, {}).get(key)


__all__ = [
    "Keys",
    "Place",
    "Reads",
    "StaleReason",
    "Staleness",
    "changed_upstreams",
    "own_staleness",
    "stale_keys",
    "stale_partitions",
    "upstream_places",
]
