"""One table: what it holds, what it means, where it comes from, who may read it."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.ui.addresses import plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.pages.table_body import table_body
from arco.ui.pages.table_facts import table_page
from arco.ui.queries import filled

LIVE = "catalog.tables,catalog.columns,catalog.tags,orchestration.checks"
SQL = """SELECT c.ordinal, c.name, c.type, c.nullable, c.is_partition, c.comment
FROM system.catalog.columns c JOIN system.catalog.tables t USING (table_id)
WHERE t.catalog = {catalog} AND t.namespace = {namespace} AND t.name = {name} ORDER BY c.ordinal"""
Name = Annotated[str, Parameter(max_length=4096)]


@page_at("/tables/{name:str}")
async def show_table(
    session: Here, caller: CallerHere, request: Asked, name: Name
) -> Response[Any]:
    """One table with its columns, statistics, checks, lineage and grants."""
    asked, now = plain_name(name), session.workspace.runtime.now()
    seen = await ask(
        session, lambda state: table_page(state, caller, name=asked, now=now), caller=caller
    )
    row = seen.value.detail.table
    page = Page(
        title=f"{row.catalog}.{row.full_name}",
        section="Catalog",
        sql=filled(SQL, catalog=row.catalog, namespace=row.namespace, name=row.name),
        live=LIVE,
        script="table.js",
    )
    return Visit(session, caller, request).shown(seen, page, body=table_body)


__all__ = ["show_table"]
