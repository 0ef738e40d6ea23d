"""What differs between two moments: tables, columns, partitions, rows of system tables."""

from __future__ import annotations

from typing import Any

from litestar import Response

from arco.api.callers import CallerHere
from arco.api.history import DIFFERENCE_SLOTS_MAX, After, Before, OnlyTable
from arco.api.session import Here, Seen, require_whole
from arco.api.strictness import PRESENT_ONLY
from arco.errors import Invalid
from arco.service.differences import Difference, TableDifference, difference, only_about
from arco.service.past import slot_of
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.parts import code, grid, link, number, section

ROWS_MAX = 200


@page_at("/difference", opt={PRESENT_ONLY: True})
async def show_difference(
    session: Here,
    caller: CallerHere,
    request: Asked,
    before: Before,
    after: After = "",
    table: OnlyTable = "",
) -> Response[Any]:
    """What differs, for who may know of the whole workspace."""
    await require_whole(session, caller)
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    first = await slot_of(workspace, before)
    last = await slot_of(workspace, after) if after else workspace.database.seq
    if last - first > DIFFERENCE_SLOTS_MAX:
        raise Invalid(
            "DIFFERENCE_TOO_WIDE",
            f"{last - first:,} slots lie between; at most {DIFFERENCE_SLOTS_MAX:,} are compared",
            hint="name moments that are closer, or use `arco diff`, which compares any two",
        )
    found = await difference(workspace, first, after=last)
    told = only_about(found, table) if table else found
    page = Page(title=f"From slot {first} to slot {last}", section="Catalog")
    seen = Seen(told, workspace.database.token)
    return Visit(session, caller, request).shown(seen, page, body=_body)


def _body(found: Difference) -> Child:
    system = ((each.table, each.added, each.changed, each.removed) for each in found.system)
    rows = (
        (row.table, row.kind, code(" ".join(map(str, row.key)))) for row in found.rows[:ROWS_MAX]
    )
    rest = len(found.rows) - ROWS_MAX
    return (
        section("Tables", _tables(found.tables)),
        section(
            "System tables",
            grid(
                ("Table", "Added", "Changed", "Removed"),
                system,
                empty="No row differs.",
                numbers=(1, 2, 3),
            ),
        ),
        section(
            "Rows",
            grid(("Table", "What", "Key"), rows, empty="No row differs."),
            tag("p", f"and {rest:,} more") if rest > 0 else None,
        ),
    )


def _tables(tables: tuple[TableDifference, ...]) -> Html:
    rows = (
        (
            link(each.table, "tables", each.table),
            _changed(each.version_before, each.version_after),
            _changed(each.rows_before, each.rows_after),
            [tag("div", code(column)) for column in each.columns],
            ", ".join(part.partition for part in each.partitions if part.partition),
        )
        for each in tables
    )
    heads = ("Table", "Version", "Rows", "Columns", "Partitions")
    return grid(heads, rows, empty="No table differs.")


def _changed(before: int | None, after: int | None) -> Child:
    if before == after:
        return number(after)
    return (number(before), " → ", number(after))


__all__ = ["show_difference"]
