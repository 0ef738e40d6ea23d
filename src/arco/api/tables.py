"""The catalog over HTTP: what tables there are, and what is in one."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.altering import ObjectNamed
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import TELLS_ONE
from arco.api.listing import Among, InCatalog, InNamespace, leaf_page
from arco.api.paging import PAGE_SIZE, Cursor, PageSize
from arco.api.session import Here, read, read_one
from arco.catalog.finding import find_table
from arco.catalog.kinds import Kind
from arco.model import State
from arco.service.summaries import TableDetail, table_detail
from arco.wire.tables import TableList

FormatName = Annotated[str, Parameter(description="Only tables of this format, such as `delta`.")]


def table_page(state: State, *, limit: int) -> TableList:
    """The first tables, at most `limit`."""
    return TableList(*leaf_page(state, Among(Kind.TABLE), limit=limit, cursor=""))


@get(
    "/tables",
    summary="List tables",
    tags=["catalog"],
    response_description="A page of tables.",
    responses=refusals(),
)
async def show_tables(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    catalog: InCatalog = "",
    namespace: InNamespace = "",
    format: FormatName = "",
    fields: Fields = "",
) -> Response[TableList]:
    """Tables with the version that readers see now, by catalog, namespace and name, page by
    page."""
    among = Among(Kind.TABLE, catalog, namespace, format)

    def listed(state: State) -> TableList:
        return TableList(*leaf_page(state, among, limit=limit, cursor=cursor))

    return await read(session, listed, caller=caller, fields=fields)


@get(
    "/tables/{full_name:str}",
    summary="Get a table",
    tags=["catalog"],
    response_description="The table.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_table(
    session: Here, caller: CallerHere, full_name: ObjectNamed, fields: Fields = ""
) -> Response[TableDetail]:
    """One table with the columns of its present schema, its tags and its statistics."""
    return await read_one(
        session,
        lambda state: table_detail(state, find_table(state, full_name)),
        caller=caller,
        fields=fields,
    )


__all__ = ["show_table", "show_tables", "table_page"]
