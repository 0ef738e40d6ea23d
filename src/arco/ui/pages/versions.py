"""The versions of a table: when readers saw which, what made it, and the ways back."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.paging import Cursor, read_cursor, write_cursor
from arco.api.session import Here, Seen, ask, require_whole
from arco.api.strictness import PRESENT_ONLY
from arco.catalog.finding import find_table
from arco.catalog.tables import CatalogTable
from arco.service.history import VersionLine, version_lines
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child
from arco.ui.pages.listing import run_link
from arco.ui.parts import grid, link, moment, more, number, section, size
from arco.ui.queries import filled

VERSIONS = 20
SLOTS_SCANNED_MAX = 1024
"""A page ends after so many slots of the log: it goes on at the cursor."""
SQL = """SELECT p.run_id, p.published_at FROM system.orchestration.publications p
JOIN system.catalog.tables t ON list_contains(p.table_ids, t.table_id)
WHERE t.catalog = {catalog} AND t.namespace = {namespace} AND t.name = {name}
ORDER BY p.published_at DESC"""
Name = Annotated[str, Parameter(max_length=4096)]


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions of one table that readers saw, newest first."""

    table: CatalogTable
    versions: list[VersionLine]
    next_cursor: str


@page_at("/versions/{name:str}", opt={PRESENT_ONLY: True})
async def show_versions(
    session: Here, caller: CallerHere, request: Asked, name: Name, cursor: Cursor = ""
) -> Response[Any]:
    """The versions of one table, for who may know of the whole workspace."""
    await require_whole(session, caller)
    full_name = plain_name(name)
    seen = await ask(session, lambda state: find_table(state, full_name), caller=caller)
    behind = read_cursor(cursor, "versions", full_name, types=(int,))
    newest = min(int(behind[0]), seen.slot) if behind else seen.slot
    row = seen.value
    found = await _versions(session, row, newest=newest, asked=("versions", full_name))
    sql = filled(SQL, catalog=row.catalog, namespace=row.namespace, name=row.name)
    page = Page(title=f"Versions of {row.full_name}", section="Catalog", sql=sql)
    return Visit(session, caller, request).shown(Seen(found, seen.token), page, body=versions_body)


async def _versions(
    session: Here, row: CatalogTable, *, newest: int, asked: tuple[str, ...]
) -> Versions:
    oldest = max(0, newest + 1 - SLOTS_SCANNED_MAX)
    found: list[VersionLine] = []
    behind = oldest - 1
    lines = version_lines(session.workspace, row.table_id, newest=newest, oldest=oldest)
    async for line in lines:
        found.append(line)
        if len(found) == VERSIONS or line.version == 0:
            behind = -1 if line.version == 0 else line.slot - 1
            break
    cursor = write_cursor((behind,) if behind >= 0 else None, *asked)
    return Versions(table=row, versions=found, next_cursor=cursor)


def versions_body(page: Versions) -> Child:
    """The versions, newest first."""
    name = f"{page.table.catalog}.{page.table.full_name}"
    rows = (
        (
            line.version,
            moment(line.published_at),
            number(line.rows),
            number(line.files),
            size(line.size_bytes),
            run_link(line.run_id),
            link("What changed", "difference", before=max(0, line.slot - 1), after=line.slot),
            link("Restore…", "restore", table=name, to=f"v{line.version}")
            if line.version != page.table.version
            else "what readers see",
        )
        for line in page.versions
    )
    heads = ("Version", "Published", "Rows", "Files", "Size", "By run", "Difference", "Undo")
    following = address("versions", name, cursor=page.next_cursor)
    empty = "Readers saw no version of it in this part of the log."
    return section(
        "Newest first",
        grid(heads, rows, empty=empty, numbers=(0, 2, 3, 4)),
        more(page.next_cursor, following),
        extra=link("The table", "tables", name),
        name="versions",
    )


__all__ = ["VERSIONS", "Versions", "show_versions", "versions_body"]
