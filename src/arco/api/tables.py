"""The catalog over HTTP: what tables there are, and what is in one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, read, read_one
from arco.catalog.commands import DEFAULT_CATALOG, find_table
from arco.catalog.tables import NAMESPACES, TABLES, CatalogTable
from arco.model import Key, State
from arco.service.summaries import TableDetail, table_detail
from arco.wire.tables import TableList

NamespaceName = Annotated[str, Parameter(description="Only tables of this namespace.")]
FormatName = Annotated[str, Parameter(description="Only tables of this format, such as `delta`.")]
TableNamed = Annotated[
    str,
    Parameter(
        title="Table name",
        description="`namespace.name`, such as `sales.orders`.",
        pattern=r"^[^.]+\..+$",
    ),
]


def table_page(
    state: State, *, limit: int, cursor: str = "", namespace: str = "", format: str = ""
) -> TableList:
    """At most `limit` tables, from where the cursor left off.

    Cost: the page, and the namespaces; with a format, the rows that are looked at.
    """
    after = read_cursor(cursor, "tables", namespace, format, types=(str, str))
    page = page_of(
        _tables_behind(state, after, namespace=namespace),
        limit=limit,
        key=lambda row: (row.namespace, row.name),
        keep=lambda row: format in ("", row.format),
    )
    return TableList(page.rows, write_cursor(page.behind, "tables", namespace, format))


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
    namespace: NamespaceName = "",
    format: FormatName = "",
    fields: Fields = "",
) -> Response[TableList]:
    """Tables with the version that readers see now, by namespace and name, page by page."""
    page = partial(table_page, limit=limit, cursor=cursor, namespace=namespace, format=format)
    return await read(session, page, caller=caller, fields=fields)


@get(
    "/tables/{full_name:str}",
    summary="Get a table",
    tags=["catalog"],
    response_description="The table.",
    responses=refusals(404),
)
async def show_table(
    session: Here, caller: CallerHere, full_name: TableNamed, fields: Fields = ""
) -> Response[TableDetail]:
    """One table with the columns of its present schema."""
    return await read_one(
        session,
        lambda state: table_detail(state, find_table(state, full_name)),
        caller=caller,
        fields=fields,
    )


def _tables_behind(state: State, after: Key | None, *, namespace: str) -> Iterator[CatalogTable]:
    first, name = after or ("", "")
    for row in state.range(NAMESPACES, DEFAULT_CATALOG):
        if namespace not in ("", row.name):
            continue
        if row.name > first:
            yield from state.range(TABLES, row.namespace_id)
        elif row.name == first:
            start = (row.namespace_id, name)
            yield from state.range(TABLES, row.namespace_id, after=start)


__all__ = ["TableNamed", "show_table", "show_tables", "table_page"]
