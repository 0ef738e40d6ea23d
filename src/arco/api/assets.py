"""Assets over HTTP: what is deployed, what it is made from, and what of it is published."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import PAGE_SIZE, Here, PageSize, read
from arco.model import State
from arco.orchestration.definitions import AssetKind
from arco.orchestration.partitions import dimensions
from arco.orchestration.rows import Asset
from arco.orchestration.tables import ASSETS, PINS

AfterAsset = Annotated[str, Parameter(description="An asset's key: the page starts behind it.")]


class AssetSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One deployed asset; `version` and what follows only once something of it is published."""

    asset: str
    kind: AssetKind
    project: str
    description: str = ""
    group: str = ""
    owners: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    upstreams: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    """The names of its partition dimensions; none: it is not partitioned."""
    checks: tuple[str, ...] = ()
    version: int | None = None
    run_id: str = ""
    published_at: datetime | None = None


class AssetList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Assets by key."""

    assets: list[AssetSummary]
    next_after: str = ""
    """Where the next page starts, as `after`; absent on the last page."""


def asset_page(state: State, after: str, *, limit: int) -> AssetList:
    """At most `limit` deployed assets that stand behind the one called `after`.

    Cost: the page.
    """
    rows = (row for row in state.range(ASSETS, after=(after,)) if not row.removed)
    found = list(islice(rows, limit + 1))
    page = [_summary(state, row) for row in found[:limit]]
    return AssetList(page, page[-1].asset if len(found) > limit else "")


@get(
    "/assets",
    summary="List assets",
    tags=["orchestration"],
    response_description="A page of assets.",
    responses=refusals(),
)
async def show_assets(
    session: Here, caller: CallerHere, after: AfterAsset = "", limit: PageSize = PAGE_SIZE
) -> Response[AssetList]:
    """Deployed assets, what each depends on, and the version that readers see, page by page."""
    return await read(session, lambda state: asset_page(state, after, limit=limit), caller=caller)


def _summary(state: State, row: Asset) -> AssetSummary:
    definition = row.definition
    pin = state.get(PINS, row.key)
    return AssetSummary(
        asset=row.key,
        kind=definition.kind,
        project=row.project,
        description=definition.description,
        group=definition.group,
        owners=definition.owners,
        tags=definition.tags,
        upstreams=tuple(dependency.upstream for dependency in definition.dependencies),
        dimensions=tuple(part.dimension for part in dimensions(definition.partitions)),
        checks=tuple(check.name for check in definition.checks),
        version=pin.version if pin else None,
        run_id=pin.run_id if pin else "",
        published_at=pin.published_at if pin else None,
    )


__all__ = ["AssetList", "AssetSummary", "asset_page", "show_assets"]
