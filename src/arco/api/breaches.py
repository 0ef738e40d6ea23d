"""Breaches over HTTP: promises that were not kept. Must not know what is promised."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import QueryParameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, read
from arco.model import State
from arco.orchestration.breaches import BREACHES
from arco.service.breaches import breaches
from arco.wire.breaches import BreachList

OnlyOpen = Annotated[bool, QueryParameter(name="open", description="Only breaches that go on.")]


@get(
    "/breaches",
    summary="List breaches",
    tags=["orchestration"],
    response_description="A page of breaches.",
    responses=refusals(),
)
async def show_breaches(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    only_open: OnlyOpen = False,
    fields: Fields = "",
) -> Response[BreachList]:
    """Promises that were not kept: freshness of assets, service levels of the workspace."""
    asked = ("breaches", str(only_open))
    after = read_cursor(cursor, *asked, types=(str, str, int))

    def page(state: State) -> BreachList:
        found = page_of(
            breaches(state, after=(str(after[0]), str(after[1]), int(after[2])) if after else None),
            limit=limit,
            key=BREACHES.key_of,
            keep=lambda row: not (only_open and row.ended_at is not None),
        )
        return BreachList(found.rows, write_cursor(found.behind, *asked))

    return await read(session, page, caller=caller, fields=fields)


ROUTES = (show_breaches,)

__all__ = ["ROUTES", "show_breaches"]
