"""How fresh a table is: when it was made, how much of it is there, what a run would make again.

Reads state, changes nothing.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec

from arco.catalog.finding import find_table
from arco.catalog.kinds import Found, Kind
from arco.catalog.tables import CatalogTable
from arco.model import State
from arco.orchestration.rows import Asset
from arco.orchestration.staleness import stale_partitions
from arco.orchestration.tables import ASSETS, PARTITION_STATUS
from arco.orchestration.views import AssetView, asset_view, partitions_of
from arco.service.assets import JUDGED_PARTITIONS_MAX


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh one table is; what only an asset can say is null for a table that none makes."""

    table: str
    """Its whole name."""
    version: int | None
    """The version that readers see."""
    materialized_at: datetime | None
    """When the newest of its data was made; null: it is not known."""
    age_seconds: float | None
    """How long ago that was."""
    asset: str | None
    """The asset that makes it."""
    partitions: int | None
    """How many partitions there are now; 1 for an unpartitioned asset."""
    materialized: int | None
    """How many of them are there."""
    stale: int | None
    """How many of them a run would make; null, too, when there are too many to judge."""
    reasons: dict[str, int]
    """Why: how many are stale for which reason at the root of it, such as `CODE_CHANGED`."""


def freshness_of(state: State, name: str, *, now: datetime) -> Freshness:
    """How fresh the table with that name or id is.

    Raises: NotFound TABLE_NOT_FOUND. Cost: linear in the partitions of its asset and of everything
    upstream of that.
    """
    table = find_table(state, name)
    asset = _asset_of(state, table)
    made = asset is not None
    held = (
        0
        if asset is None
        else sum(
            status.materialization is not None
            for status in state.range(PARTITION_STATUS, asset.key)
        )
    )
    view = asset_view(state, now)
    partitions = 0 if asset is None else len(partitions_of(asset.definition, view.at))
    reasons = None if asset is None else _reasons(view, asset, partitions=partitions)
    at = table.materialized_at
    return Freshness(
        table=Found(Kind.TABLE, table).full_name,
        version=table.version,
        materialized_at=at,
        age_seconds=None if at is None else max(0.0, (now - at).total_seconds()),
        asset=asset.key if asset else None,
        partitions=partitions if made else None,
        materialized=held if made else None,
        stale=None if reasons is None else sum(reasons.values()),
        reasons=reasons or {},
    )


def _asset_of(state: State, table: CatalogTable) -> Asset | None:
    """The deployed asset that makes this very table."""
    asset = state.get(ASSETS, f"{table.namespace}.{table.name}")
    if asset is None or asset.removed or asset.table_id != table.table_id:
        return None
    return asset


def _reasons(view: AssetView, asset: Asset, *, partitions: int) -> dict[str, int] | None:
    if partitions > JUDGED_PARTITIONS_MAX:
        return None
    found = (each for each in stale_partitions(view, [asset.key]) if each.asset == asset.key)
    return dict(Counter(each.root_reason.value for each in found))


__all__ = ["Freshness", "freshness_of"]
