"""Which partitions of the selected assets a run takes: named ones, all, or those that are missing
or stale.

Reads state, changes nothing. Must not know plans or events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias

from arco.errors import ArcoError, Invalid
from arco.orchestration.backfills import Wanted
from arco.orchestration.definitions import Which
from arco.orchestration.partitions import parse_selector
from arco.orchestration.plan import TASKS_MAX, upstream_first
from arco.orchestration.staleness import Place, own_staleness, upstream_places
from arco.orchestration.states import TaskState
from arco.orchestration.tables import PARTITION_STATUS
from arco.orchestration.together import deployed_family, family, with_families
from arco.orchestration.views import AssetView, partitions_of, upstream_keys

Chosen: TypeAlias = dict[str, tuple[str, ...]]


def choose_partitions(
    view: AssetView, assets: Sequence[str], *, partition: str, which: Which
) -> Chosen:
    """Asset -> its partitions to run, without assets that have none; what one function makes at
    once runs together.

    A `partition` text overrides `which`: what is named runs, fresh or not.

    Raises: Invalid PARTITION_UNKNOWN, PARTITION_NOT_TAKEN, PLAN_TOO_LARGE.
    """
    ordered = upstream_first(view.definitions, with_families(view.definitions, assets))
    if partition:
        return _named(view, ordered, text=partition)
    if which == "all":
        chosen = _everything(view, ordered)
    else:
        again = _sources(view, ordered) if which == "refresh" else frozenset()
        chosen = _stale(view, ordered, again=again)
    return {asset: keys for asset, keys in chosen.items() if keys}


def wanted_partitions(
    view: AssetView, assets: Sequence[str], *, keys: Sequence[str], which: Wanted
) -> Chosen:
    """Asset -> those of the keys that exist and are wanted, without assets that have none.

    `assets` stand upstream first and have these partitions in common.
    """
    chosen: Chosen = {}
    running: set[Place] = set()
    for asset in assets:
        existing = partitions_of(view.definitions[asset], view.at)
        wanted: list[str] = []
        for key in keys:
            if key in existing and _is_wanted(view, (asset, key), which=which, running=running):
                running.add((asset, key))
                wanted.append(key)
        if wanted:
            chosen[asset] = tuple(wanted)
    return chosen


def _is_wanted(view: AssetView, place: Place, *, which: Wanted, running: set[Place]) -> bool:
    asset, key = place
    if which == "all":
        return True
    if which == "stale":
        return _is_stale(view, asset, key=key, running=running)
    members = deployed_family(view.definitions, asset)
    return any(_has_to_run(view, (member, key), which=which) for member in members)


def _has_to_run(view: AssetView, place: Place, *, which: Wanted) -> bool:
    status = view.state.get(PARTITION_STATUS, *place)
    if which == "missing":
        return status is None or status.materialization is None
    attempt = status.attempt if status else None
    return attempt is not None and attempt.state is TaskState.FAILED


def _everything(view: AssetView, ordered: Sequence[str]) -> Chosen:
    chosen: Chosen = {}
    for asset in ordered:
        definition = view.definitions[asset]
        if definition.partitions is None:
            chosen[asset] = ("",)
            continue
        # One more than fits is enough for planning to refuse the run.
        chosen[asset] = tuple(islice(partitions_of(definition, view.at), TASKS_MAX + 1))
    return chosen


def _sources(view: AssetView, ordered: Sequence[str]) -> frozenset[str]:
    """Assets that are read from outside as a whole: no upstream and no partitions."""
    definitions = (view.definitions[asset] for asset in ordered)
    return frozenset(
        each.key for each in definitions if not each.dependencies and each.partitions is None
    )


def _stale(view: AssetView, ordered: Sequence[str], *, again: frozenset[str]) -> Chosen:
    """What is stale; the assets of `again` whether they are or not."""
    chosen: Chosen = {}
    running: set[Place] = set()
    for asset in ordered:
        stale = ("",) if asset in again else _stale_keys(view, asset, running=running)
        keys = tuple(islice(stale, TASKS_MAX + 1))
        chosen[asset] = keys
        running.update((asset, key) for key in keys)
    return chosen


def _stale_keys(view: AssetView, asset: str, *, running: set[Place]) -> Iterator[str]:
    """Partitions that are stale, or will be because this run renews something upstream."""
    for key in partitions_of(view.definitions[asset], view.at):
        if _is_stale(view, asset, key=key, running=running):
            # A later partition of the asset may be made from this one.
            running.add((asset, key))
            yield key


def _is_stale(view: AssetView, asset: str, *, key: str, running: set[Place]) -> bool:
    """Whether it is, or anything that its function makes with it."""
    for member in deployed_family(view.definitions, asset):
        own = own_staleness(view, member, key=key)
        if own is not None and own.is_runnable:
            return True
    places = upstream_places(view, view.definitions[asset], key=key)
    return any(place in running for place in places)


def _named(view: AssetView, ordered: Sequence[str], *, text: str) -> Chosen:
    """What the text selects per asset; one that is cut differently follows those downstream."""
    chosen: Chosen = {}
    refused: dict[str, ArcoError] = {}
    for asset in ordered:
        try:
            chosen[asset] = _parsed(view, asset, text=text)
        except ArcoError as error:
            refused[asset] = error
    if not any(view.definitions[asset].partitions for asset in chosen):
        raise _nobody_takes(text, refused)
    for asset in reversed(ordered):
        if asset in refused:
            chosen[asset] = _followed(view, asset, chosen=chosen)
            if not chosen[asset]:
                raise refused[asset]
    return chosen


def _parsed(view: AssetView, asset: str, *, text: str) -> tuple[str, ...]:
    partitions = view.definitions[asset].partitions
    if partitions is None:
        return ("",)
    keys = parse_selector(partitions, text, now=view.at.now, dynamic=view.at.dynamic)
    return tuple(islice(keys, TASKS_MAX + 1))


def _followed(view: AssetView, asset: str, *, chosen: Chosen) -> tuple[str, ...]:
    upstream = view.definitions[asset]
    members = family(upstream)
    needed: set[str] = set()
    for key, partitions in chosen.items():
        downstream = view.definitions[key]
        for dependency in downstream.dependencies:
            if dependency.upstream not in members or downstream.partitions is None:
                continue
            for partition in partitions:
                needed.update(
                    upstream_keys(
                        dependency, partition, downstream=downstream, upstream=upstream, at=view.at
                    )
                )
    return tuple(key for key in partitions_of(upstream, view.at) if key in needed)


def _nobody_takes(text: str, refused: dict[str, ArcoError]) -> ArcoError:
    if refused:
        return next(iter(refused.values()))
    return Invalid(
        "PARTITION_NOT_TAKEN",
        f"Partition {text!r} was named, but none of the selected assets is partitioned.",
        hint="Leave --partition out.",
    )


__all__ = ["Chosen", "choose_partitions", "wanted_partitions"]
