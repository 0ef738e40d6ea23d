"""Assets over HTTP: what is deployed, what it is made from, and what of it is published."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, read
from arco.model import State
from arco.orchestration.partitions import dimensions
from arco.orchestration.rows import Asset
from arco.orchestration.tables import ASSETS, PINS
from arco.wire.assets import AssetList, AssetSummary

OfProject = Annotated[str, Parameter(description="Only assets of this project.")]
OfGroup = Annotated[str, Parameter(description="Only assets of this group.")]
OfOwner = Annotated[str, Parameter(description="Only assets that this owner has.")]
WithTag = Annotated[str, Parameter(description="Only assets with this tag: `layer`, `layer=raw`.")]


class AssetFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which assets are listed; what is empty lets all through."""

    project: str = ""
    group: str = ""
    owner: str = ""
    tag: str = ""

    def keeps(self, row: Asset) -> bool:
        """True for a deployed asset that fits."""
        definition, (tag, named, value) = row.definition, self.tag.partition("=")
        return (
            not row.removed
            and self.project in ("", row.project)
            and self.group in ("", definition.group)
            and (not self.owner or self.owner in definition.owners)
            and (not tag or tag in definition.tags)
            and (not named or definition.tags.get(tag) == value)
        )


def asset_page(
    state: State, *, limit: int, cursor: str = "", only: AssetFilter | None = None
) -> AssetList:
    """At most `limit` deployed assets, from where the cursor left off.

    Cost: the page; with a filter, the rows that are looked at.
    """
    only = only or AssetFilter()
    asked = ("assets", *msgspec.structs.astuple(only))
    after = read_cursor(cursor, *asked, types=(str,))
    rows = state.range(ASSETS, after=after)
    page = page_of(rows, limit=limit, key=ASSETS.key_of, keep=only.keeps)
    found = [_summary(state, row) for row in page.rows]
    return AssetList(found, write_cursor(page.behind, *asked))


@get(
    "/assets",
    summary="List assets",
    tags=["orchestration"],
    response_description="A page of assets.",
    responses=refusals(),
)
async def show_assets(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    project: OfProject = "",
    group: OfGroup = "",
    owner: OfOwner = "",
    tag: WithTag = "",
    fields: Fields = "",
) -> Response[AssetList]:
    """Deployed assets, what each depends on, and the version that readers see, page by page."""
    only = AssetFilter(project=project, group=group, owner=owner, tag=tag)
    page = partial(asset_page, limit=limit, cursor=cursor, only=only)
    return await read(session, page, caller=caller, fields=fields)


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


__all__ = ["AssetFilter", "asset_page", "show_assets"]
