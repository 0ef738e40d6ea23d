"""Assets over HTTP: what is deployed, what it is made from, and what of it is published."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get

from arco.api.failures import refusals
from arco.api.session import Here, read
from arco.model import State
from arco.orchestration.definitions import AssetKind
from arco.orchestration.partitions import dimensions
from arco.orchestration.rows import Asset
from arco.orchestration.tables import ASSETS, PINS


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


class AssetList(msgspec.Struct, frozen=True):
    """Assets by key."""

    assets: list[AssetSummary]


def list_assets(state: State) -> list[AssetSummary]:
    """Every asset that is deployed now, by key."""
    return [_summary(state, row) for row in state.range(ASSETS) if not row.removed]


@get(
    "/assets",
    summary="List assets",
    tags=["orchestration"],
    response_description="The assets.",
    responses=refusals(),
)
async def show_assets(session: Here) -> Response[AssetList]:
    """Every deployed asset, what it depends on, and the version of it that readers see."""
    return await read(session, lambda state: AssetList(list_assets(state)))


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


__all__ = ["AssetList", "AssetSummary", "list_assets", "show_assets"]
