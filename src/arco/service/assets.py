"""Assets as people ask about them: what is deployed, how much of it is there, how much is stale.

Reads state, changes nothing.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec

from arco.model import State
from arco.orchestration.rows import Asset
from arco.orchestration.staleness import stale_partitions
from arco.orchestration.tables import ASSETS, PARTITION_STATUS, PINS
from arco.orchestration.views import AssetView, asset_view, partitions_of

JUDGED_PARTITIONS_MAX = 200_000
"""Staleness looks at every partition; above this many it is left to `arco run`."""


class AssetStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One deployed asset."""

    key: str
    kind: str
    description: str = ""
    group: str = ""
    tags: dict[str, str] = {}
    owners: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    """The assets it is made from."""
    partitions: int
    """How many there are now; 1 for an unpartitioned asset."""
    is_partitioned: bool = False
    """False: it is one whole."""
    materialized: int
    """How many of its partitions are there."""
    stale: int | None = None
    """Partitions that a run would make, or None when there are too many to judge."""
    rows: int | None = None
    version: int | None = None
    materialized_at: datetime | None = None
    """When the newest of it was made."""


def list_assets(state: State, now: datetime) -> list[AssetStatus]:
    """Every deployed asset, by key.

    Cost: linear in the partitions of all assets.
    """
    view = asset_view(state, now)
    rows = [row for row in state.range(ASSETS) if not row.removed]
    counts = {row.key: len(partitions_of(row.definition, view.at)) for row in rows}
    stale = _stale_counts(view, counts)
    return [_summary(state, row, partitions=counts[row.key], stale=stale) for row in rows]


def _stale_counts(view: AssetView, counts: dict[str, int]) -> Counter[str] | None:
    if sum(counts.values()) > JUDGED_PARTITIONS_MAX:
        return None
    return Counter(stale.asset for stale in stale_partitions(view, list(counts)))


def _summary(
    state: State, row: Asset, *, partitions: int, stale: Counter[str] | None
) -> AssetStatus:
    definition = row.definition
    statuses = state.range(PARTITION_STATUS, row.key)
    held = [status.materialization for status in statuses if status.materialization]
    rows = [each.rows for each in held if each.rows is not None]
    pin = state.get(PINS, row.key)
    return AssetStatus(
        key=row.key,
        kind=definition.kind,
        description=definition.description,
        group=definition.group,
        tags=definition.tags,
        owners=definition.owners,
        upstreams=tuple(sorted({each.upstream for each in definition.dependencies})),
        partitions=partitions,
        is_partitioned=definition.partitions is not None,
        materialized=len(held),
        stale=None if stale is None else stale[row.key],
        rows=sum(rows) if rows else None,
        version=pin.version if pin else None,
        materialized_at=max((each.materialized_at for each in held), default=None),
    )


__all__ = ["AssetStatus", "list_assets"]
