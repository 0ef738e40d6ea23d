"""The catalog over HTTP: what tables there are, and what is in one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import PAGE_SIZE, Here, PageSize, read
from arco.catalog.commands import DEFAULT_CATALOG, find_table
from arco.catalog.tables import NAMESPACES, TABLES, CatalogTable
from arco.model import State
from arco.service.summaries import TableDetail, table_detail

AfterTable = Annotated[
    str, Parameter(description="A table's full name: the page starts behind it.")
]
TableNamed = Annotated[
    str,
    Parameter(
        title="Table name",
        description="`namespace.name`, such as `sales.orders`.",
        pattern=r"^[^.]+\..+$",
    ),
]


class TableList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tables by namespace and name."""

    tables: list[CatalogTable]
    next_after: str = ""
    """Where the next page starts, as `after`; absent on the last page."""


def table_page(state: State, after: str, *, limit: int) -> TableList:
    """At most `limit` tables that stand behind the one called `after`.

    Cost: the page, and the namespaces.
    """
    found = list(islice(_tables_behind(state, after), limit + 1))
    page = found[:limit]
    return TableList(page, page[-1].full_name if len(found) > limit else "")


@get(
    "/tables",
    summary="List tables",
    tags=["catalog"],
    response_description="A page of tables.",
    responses=refusals(),
)
async def show_tables(
    session: Here, caller: CallerHere, after: AfterTable = "", limit: PageSize = PAGE_SIZE
) -> Response[TableList]:
    """Tables with the version that readers see now, by namespace and name, page by page."""
    return await read(session, lambda state: table_page(state, after, limit=limit), caller=caller)


@get(
    "/tables/{full_name:str}",
    summary="Get a table",
    tags=["catalog"],
    response_description="The table.",
    responses=refusals(404),
)
async def show_table(
    session: Here, caller: CallerHere, full_name: TableNamed
) -> Response[TableDetail]:
    """One table with the columns of its present schema."""
    return await read(
        session, lambda state: table_detail(state, find_table(state, full_name)), caller=caller
    )


def _tables_behind(state: State, after: str) -> Iterator[CatalogTable]:
    first, _, name = after.partition(".")
    for row in state.range(NAMESPACES, DEFAULT_CATALOG):
        if row.name > first:
            yield from state.range(TABLES, row.namespace_id)
        elif row.name == first:
            start = (row.namespace_id, name)
            yield from state.range(TABLES, row.namespace_id, after=start)


__all__ = ["TableList", "show_table", "show_tables", "table_page"]
