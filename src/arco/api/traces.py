"""What is told of objects beside themselves: tags, schemas they had, freshness, what was dropped.

Must not know how objects are changed.
"""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.listing import ObjectNamed
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, read
from arco.catalog.kinds import Kind
from arco.model import State
from arco.service.freshness import Freshness, freshness_of
from arco.service.objects import bearers_behind, dropped_behind, schemas_of
from arco.wire.objects import DroppedList, SchemaList, TagList

OfKind = Annotated[Kind | None, Parameter(description="Only objects of this kind.")]
TagName = Annotated[str, Parameter(description="Only this tag.", max_length=255)]
TagValue = Annotated[
    str | None, Parameter(description="Only this value of the tag; needs `tag`.", max_length=65_536)
]


@get(
    "/tables/{full_name:str}/schemas",
    summary="List the schemas of a table",
    tags=["catalog"],
    response_description="Its schemas.",
    responses=refusals(404),
)
async def show_schemas(
    session: Here,
    caller: CallerHere,
    full_name: ObjectNamed,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[SchemaList]:
    """Every schema the table has had since its history is kept, the newest first, page by page."""

    def look(state: State) -> SchemaList:
        after = read_cursor(cursor, "schemas", full_name, types=(int,))
        rows = schemas_of(state, full_name, after=after)
        page = page_of(rows, limit=limit, key=lambda row: (row.schema_version,))
        return SchemaList(page.rows, write_cursor(page.behind, "schemas", full_name))

    return await read(session, look, caller=caller, fields=fields)


@get(
    "/tables/{full_name:str}/freshness",
    summary="How fresh a table is",
    tags=["catalog"],
    response_description="How fresh it is.",
    responses=refusals(404),
)
async def show_freshness(
    session: Here, caller: CallerHere, full_name: ObjectNamed
) -> Response[Freshness]:
    """When the newest of it was made, how many of its partitions are there, and how many a run
    would make again, and why.
    """
    now = session.workspace.runtime.now()
    return await read(session, lambda state: freshness_of(state, full_name, now=now), caller=caller)


@get(
    "/tags",
    summary="List what bears tags",
    tags=["catalog"],
    response_description="A page of bearers.",
    responses=refusals(),
)
async def show_tags(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    tag: TagName = "",
    value: TagValue = None,
    kind: OfKind = None,
    fields: Fields = "",
) -> Response[TagList]:
    """Objects and columns by the tags they bear, page by page."""
    asked = ("tags", tag, "" if value is None else f"={value}", kind or "")

    def listed(state: State) -> TagList:
        after = read_cursor(cursor, *asked, types=(str, str, str, str))
        page = page_of(
            bearers_behind(state, after, tag=tag, value=value),
            limit=limit,
            key=lambda row: (row.tag, row.value, row.object_id, row.column),
            keep=lambda row: kind in (None, row.kind),
        )
        return TagList(page.rows, write_cursor(page.behind, *asked))

    return await read(session, listed, caller=caller, fields=fields)


@get(
    "/dropped",
    summary="List what was dropped",
    tags=["catalog"],
    response_description="A page of dropped objects.",
    responses=refusals(),
)
async def show_dropped(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    kind: OfKind = None,
    fields: Fields = "",
) -> Response[DroppedList]:
    """What can be brought back until it is purged, by the name it had, page by page."""
    asked = ("dropped", kind or "")

    def listed(state: State) -> DroppedList:
        after = read_cursor(cursor, *asked, types=(str, str))
        page = page_of(
            dropped_behind(state, after),
            limit=limit,
            key=lambda row: (row.full_name, row.object_id),
            keep=lambda row: kind in (None, row.kind),
        )
        return DroppedList(page.rows, write_cursor(page.behind, *asked))

    return await read(session, listed, caller=caller, fields=fields)


ROUTES = (show_schemas, show_freshness, show_tags, show_dropped)

__all__ = ["ROUTES", "show_dropped", "show_freshness", "show_schemas", "show_tags"]
