"""What is told of one table at once: one struct, read from one state."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

import msgspec

from arco.access.callers import Caller
from arco.catalog.finding import DEFAULT_CATALOG
from arco.catalog.kinds import Kind
from arco.catalog.tables import SCHEMA_VERSIONS, CatalogTable, SchemaVersion
from arco.errors import Forbidden
from arco.lineage.walks import Step, walk_down, walk_up
from arco.model import State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.rows import Check
from arco.orchestration.tables import ASSETS, CHECKS
from arco.service.assets import AssetStatus, asset_statuses
from arco.service.causes import Cause, stale_causes
from arco.service.granting import GrantLine, grants_on
from arco.service.objects import find_detail
from arco.service.summaries import TableDetail

CHECKS_SHOWN = 12
GRANTS_SHOWN = 200
CHECKS_LOOKED_AT = 5_000
SCHEMAS_SHOWN = 10


class TablePage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is told of one table at once."""

    detail: TableDetail
    schemas: list[SchemaVersion]
    """The schemas it has had, the newest ten, newest first."""
    definition: AssetDefinition | None
    """The asset that makes it."""
    status: AssetStatus | None
    """How much of it is there."""
    causes: tuple[Cause, ...] | None
    """Why it is stale; null: too many partitions to judge."""
    checks: list[Check]
    """The newest results."""
    upstream: tuple[Step, ...]
    """What it is made from, directly."""
    downstream: tuple[Step, ...]
    """What is made from it, directly."""
    grants: list[GrantLine] | None
    """Who holds what on it; null for who does not manage it."""


def table_page(state: State, caller: Caller, *, name: str, now: datetime) -> TablePage:
    """What is told of the table with that name or id.

    Raises: NotFound TABLE_NOT_FOUND. Cost: linear in the partitions of its asset and of everything
    upstream of that.
    """
    detail: TableDetail = find_detail(state, Kind.TABLE, name=name)
    row = detail.table
    # Lineage and assets speak of tables of the default catalog without naming it.
    key = row.full_name if row.catalog == DEFAULT_CATALOG else f"{row.catalog}.{row.full_name}"
    asset = state.get(ASSETS, key)
    if asset is not None and (asset.removed or asset.table_id != row.table_id):
        asset = None
    causes = stale_causes(state, [key], now=now) if asset else {}
    return TablePage(
        detail=detail,
        schemas=_schemas(state, row),
        definition=asset.definition if asset else None,
        status=asset_statuses(state, [asset], now=now)[0] if asset else None,
        causes=None if causes is None else causes.get(key, ()),
        checks=newest_checks(state, key),
        upstream=walk_up(state, key, hops=1).steps,
        downstream=walk_down(state, key, hops=1).steps,
        grants=_grants(state, caller, row=row),
    )


def newest_checks(state: State, asset: str) -> list[Check]:
    """The newest results of the asset's checks: what did not pass first, then newest first.

    Cost: the results looked at, at most five thousand.
    """
    rows = islice(state.range(CHECKS, asset), CHECKS_LOOKED_AT)
    return sorted(rows, key=lambda row: (row.passed, -row.checked_at.timestamp()))[:CHECKS_SHOWN]


def _schemas(state: State, row: CatalogTable) -> list[SchemaVersion]:
    return list(state.range(SCHEMA_VERSIONS, row.table_id))[::-1][:SCHEMAS_SHOWN]


def _grants(state: State, caller: Caller, *, row: CatalogTable) -> list[GrantLine] | None:
    try:
        on = f"table:{row.catalog}.{row.full_name}"
        return [line for _, line in islice(grants_on(state, caller, on=on), GRANTS_SHOWN)]
    except Forbidden:
        return None


__all__ = ["TablePage", "newest_checks", "table_page"]
