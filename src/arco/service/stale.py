"""What is stale, and why, as people ask: partitions grouped by their reason and its root.

Reads state, changes nothing. Must not know HTTP or terminals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from arco.errors import Invalid
from arco.model import State
from arco.orchestration.partitions import display
from arco.orchestration.rows import Task
from arco.orchestration.selection import select_assets, unknown_asset, upstream_closure
from arco.orchestration.staleness import (
    Place,
    Staleness,
    StaleReason,
    stale_keys,
    stale_partitions,
)
from arco.orchestration.standing import Standings
from arco.orchestration.tables import ACTIVE_RUNS, PLANS, TASKS
from arco.orchestration.views import AssetView, asset_view, partitions_of
from arco.orchestration.waiting import TaskStory, task_story
from arco.service.assets import JUDGED_PARTITIONS_MAX, SUMMED_PARTITIONS_MAX

EXAMPLES_MAX = 3
RUNS_LOOKED_AT_MAX = 100
TASKS_SHOWN_MAX = 20


class StaleGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Partitions of one asset that are stale for one reason with one root."""

    asset: str
    reason: StaleReason
    """What holds of the partitions themselves."""
    root: str
    """The asset that the reason goes back to."""
    root_reason: StaleReason
    """What holds there."""
    path: tuple[str, ...]
    """The assets from this one up to the root."""
    partitions: int
    """How many they are."""
    examples: tuple[str, ...]
    """The first three of them, as people say them."""
    root_examples: tuple[str, ...]
    """The partitions of the root that these go back to."""


class StaleList(msgspec.Struct, frozen=True):
    """What is stale, from sources on."""

    groups: list[StaleGroup]


class AssetStory(msgspec.Struct, frozen=True, kw_only=True):
    """One asset, or one partition of it: whether it is fresh, why not, and what is being done."""

    asset: str
    partition: str
    """The partition that was asked about; empty: all of them."""
    partitions: int
    stale: int
    groups: tuple[StaleGroup, ...]
    tasks: tuple[TaskStory, ...]
    """Its tasks in runs that have not ended, at most twenty."""


def stale_list(state: State, now: datetime, *, selection: Sequence[str] = ()) -> StaleList:
    """Everything stale among the selected assets, grouped.

    Raises: NotFound ASSET_UNKNOWN, SELECTION_EMPTY; Invalid STALENESS_TOO_LARGE.
    """
    view = asset_view(state, now)
    assets = select_assets(view.definitions, selection)
    _refuse_too_many(view, assets)
    return StaleList(_grouped(stale_partitions(view, assets)))


def asset_story(state: State, now: datetime, *, asset: str, partition: str = "") -> AssetStory:
    """Why the asset is stale, or that it is not, and which runs are at it.

    Raises: NotFound ASSET_UNKNOWN; Invalid PARTITION_UNKNOWN, STALENESS_TOO_LARGE.
    """
    view = asset_view(state, now)
    if asset not in view.definitions:
        raise unknown_asset(view.definitions, asset)
    _refuse_too_many(view, (asset,))
    keys = set(_keys(view, asset, partition=partition))
    stale = [row for row in stale_partitions(view, (asset,)) if row.partition_key in keys]
    tasks = islice(_active_tasks(state, asset, keys=keys), TASKS_SHOWN_MAX)
    return AssetStory(
        asset=asset,
        partition=partition,
        partitions=len(keys),
        stale=len(stale),
        groups=tuple(_grouped(stale)),
        tasks=tuple(task_story(state, task) for task in tasks),
    )


def _keys(view: AssetView, asset: str, *, partition: str) -> Iterable[str]:
    every = partitions_of(view.definitions[asset], view.at)
    if not partition:
        return every
    named = [key for key in every if partition in (key, display(key) if key else "")]
    if not named:
        raise Invalid(
            "PARTITION_UNKNOWN",
            f"{asset} has no partition {partition!r}.",
            hint=f"`arco why {asset}` tells of all of them.",
        )
    return named


def _refuse_too_many(view: AssetView, assets: Sequence[str]) -> None:
    closure = upstream_closure(view.definitions, assets)
    standings = Standings(view)
    count = sum(standings.shape(view.definitions[each].partitions).count for each in closure)
    if count > SUMMED_PARTITIONS_MAX:
        raise Invalid(
            "STALENESS_TOO_LARGE",
            f"These assets and what they are made from have {count:,} partitions; "
            f"{SUMMED_PARTITIONS_MAX:,} is the most that is judged at once.",
            hint="Name fewer assets.",
        )
    stale = stale_keys(standings, assets, partitions_max=SUMMED_PARTITIONS_MAX)
    count = sum(len(keys or ()) for keys in stale.values())
    if count > JUDGED_PARTITIONS_MAX:
        raise Invalid(
            "STALENESS_TOO_LARGE",
            f"{count:,} partitions of these assets and of what they are made from are stale; "
            f"{JUDGED_PARTITIONS_MAX:,} is the most that is explained at once.",
            hint="Name fewer assets, or run what they are made from first.",
        )


def _grouped(stale: Iterable[Staleness]) -> list[StaleGroup]:
    groups: dict[tuple[object, ...], list[Staleness]] = {}
    for row in stale:
        path = tuple(asset for asset, _ in row.path)
        groups.setdefault((row.asset, row.reason, row.root_reason, path), []).append(row)
    return [_group(rows) for rows in groups.values()]


def _group(rows: Sequence[Staleness]) -> StaleGroup:
    first = rows[0]
    return StaleGroup(
        asset=first.asset,
        reason=first.reason,
        root=first.path[-1][0],
        root_reason=first.root_reason,
        path=tuple(asset for asset, _ in first.path),
        partitions=len(rows),
        examples=_shown((row.asset, row.partition_key) for row in rows),
        root_examples=_shown(row.path[-1] for row in rows),
    )


def _shown(places: Iterable[Place]) -> tuple[str, ...]:
    keys = dict.fromkeys(key for _, key in places if key)
    return tuple(display(key) for key in islice(keys, EXAMPLES_MAX))


def _active_tasks(state: State, asset: str, *, keys: set[str]) -> Iterable[Task]:
    for active in islice(state.range(ACTIVE_RUNS), RUNS_LOOKED_AT_MAX):
        plan = state.get(PLANS, active.run_id)
        planned = enumerate(plan.tasks if plan else ())
        found = [i for i, each in planned if each.asset == asset and each.partition_key in keys]
        tasks = (state.get(TASKS, active.run_id, index) for index in found)
        yield from (task for task in tasks if task is not None)


__all__ = [
    "AssetStory",
    "StaleGroup",
    "StaleList",
    "asset_story",
    "stale_list",
]
