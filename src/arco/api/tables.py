"""The catalog over HTTP: what tables there are, and what is in one."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import Parameter

from arco.api.failures import refusals
from arco.api.session import Here, read
from arco.catalog.commands import find_table
from arco.catalog.tables import CatalogTable
from arco.service.summaries import TableDetail, list_tables, table_detail

TableNamed = Annotated[
    str,
    Parameter(
        title="Table name",
        description="`namespace.name`, such as `sales.orders`.",
        pattern=r"^[^.]+\..+$",
    ),
]


class TableList(msgspec.Struct, frozen=True):
    """Tables by namespace and name."""

    tables: list[CatalogTable]


@get(
    "/tables",
    summary="List tables",
    tags=["catalog"],
    response_description="The tables.",
    responses=refusals(),
)
async def show_tables(session: Here) -> Response[TableList]:
    """Every table with the version that readers see now."""
    return await read(session, lambda state: TableList(list_tables(state)))


@get(
    "/tables/{full_name:str}",
    summary="Get a table",
    tags=["catalog"],
    response_description="The table.",
    responses=refusals(404),
)
async def show_table(session: Here, full_name: TableNamed) -> Response[TableDetail]:
    """One table with the columns of its present schema."""
    return await read(session, lambda state: table_detail(state, find_table(state, full_name)))


__all__ = ["TableList", "show_table", "show_tables"]
