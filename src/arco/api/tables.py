"""The catalog over HTTP: what tables there are, and what is in one."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from arco.api.altering import ObjectNamed
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.listing import Among, InCatalog, InNamespace, leaf_page
from arco.api.paging import PAGE_SIZE, Cursor, PageSize
from arco.api.session import Here, read, read_one
from arco.catalog.finding import find_table
from arco.catalog.kinds import Kind
from arco.catalog.tables import CatalogTable
from arco.model import State
from arco.service.summaries import TableDetail, table_detail
from arco.wire.tables import TableList

FormatName = Annotated[str, Parameter(description="Only tables of this format, such as `delta`.")]


<<<<<<< HEAD
class TableList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tables by namespace and name."""

    tables: list[CatalogTable]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


def table_page(state: State, *, limit: int) -> TableList:
    """The first tables, at most `limit`."""
    return TableList(*leaf_page(state, Among(Kind.TABLE), limit=limit, cursor=""))
=======
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
>>>>>>> next


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
    "/tables/{name:str}",
    summary="Get a table",
    tags=["catalog"],
    response_description="The table.",
    responses=refusals(404),
)
async def show_table(
    session: Here, caller: CallerHere, name: ObjectNamed, fields: Fields = ""
) -> Response[TableDetail]:
    """One table with the columns of its present schema, its tags and its statistics."""
    return await read_one(
        session,
        lambda state: table_detail(state, find_table(state, name)),
        caller=caller,
        fields=fields,
    )


<<<<<<< HEAD
__all__ = ["TableList", "show_table", "show_tables", "table_page"]
=======
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
>>>>>>> next
