"""Why assets are stale, as people ask: which change upstream, and how many partitions it reaches.

Reads state, changes nothing. Must not know how it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from arco.model import State
from arco.orchestration.staleness import StaleReason, stale_partitions
from arco.orchestration.views import asset_view, partitions_of
from arco.service.assets import JUDGED_PARTITIONS_MAX


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One root of an asset's staleness."""

    asset: str
    """The asset where it holds: itself, or one upstream."""
    reason: StaleReason
    partitions: int
    """How many partitions are stale for it."""
    way: tuple[str, ...]
    """The assets from the stale one up to the root, as one of the partitions came by it."""


def stale_causes(
    state: State, assets: Sequence[str], *, now: datetime
) -> Mapping[str, tuple[Cause, ...]] | None:
    """Asset -> why it is stale, the cause of most partitions first; None: too many to judge.

    Cost: linear in the partitions of the assets and of everything upstream of them.
    """
    view = asset_view(state, now)
    counted = (partitions_of(view.definitions[key], view.at) for key in assets)
    if sum(map(len, counted)) > JUDGED_PARTITIONS_MAX:
        return None
    counts: dict[str, Counter[tuple[str, StaleReason]]] = {}
    ways: dict[tuple[str, str, StaleReason], tuple[str, ...]] = {}
    for each in stale_partitions(view, assets):
        root = (each.path[-1][0], each.root_reason)
        counts.setdefault(each.asset, Counter())[root] += 1
        ways.setdefault((each.asset, *root), tuple(dict.fromkeys(asset for asset, _ in each.path)))
    return {
        asset: tuple(
            Cause(asset=root, reason=reason, partitions=count, way=ways[asset, root, reason])
            for (root, reason), count in found.most_common()
        )
        for asset, found in counts.items()
    }


__all__ = ["Cause", "stale_causes"]
