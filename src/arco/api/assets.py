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
from arco.orchestration.tables import ASSETS
from arco.service.assets import AssetFilter, asset_summary
from arco.wire.assets import AssetList

OfProject = Annotated[str, Parameter(description="Only assets of this project.")]
OfGroup = Annotated[str, Parameter(description="Only assets of this group.")]
OfOwner = Annotated[str, Parameter(description="Only assets that this owner has.")]
WithTag = Annotated[str, Parameter(description="Only assets with this tag: `layer`, `layer=raw`.")]


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
    found = [asset_summary(state, row) for row in page.rows]
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


__all__ = ["OfGroup", "OfOwner", "OfProject", "WithTag", "asset_page", "show_assets"]
