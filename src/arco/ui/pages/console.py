"""The SQL console: a query, its rows, a chart of them, and the names to ask about."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.catalog.kinds import Kind
from arco.catalog.tables import COLUMNS
from arco.model import State
from arco.service.objects import leaves_behind
from arco.service.workspace import DOMAINS
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, tag
from arco.ui.parts import section
from arco.ui.queries import identifier

TABLES_MAX = 300
COLUMNS_MAX = 60
EXAMPLE = """SELECT state, count(*) AS runs
FROM system.orchestration.runs GROUP BY state ORDER BY runs DESC"""
Sql = Annotated[str, Parameter(max_length=16_000, description="The query to begin with.")]


class Named(msgspec.Struct, frozen=True):
    """A table that can be asked about, and its columns."""

    name: str
    columns: list[str]


class Console(msgspec.Struct, frozen=True):
    """What the console knows before anything is asked."""

    q: str
    tables: list[Named]
    """Tables of `system.*`, then user tables, at most three hundred."""


@page_at("/sql")
async def show_console(
    session: Here, caller: CallerHere, request: Asked, q: Sql = ""
) -> Response[Any]:
    """The console, with the query that the address holds."""
    seen = await ask(session, lambda state: Console(q, names(state)), caller=caller)
    page = Page(title="SQL", section="SQL", script="console.js")
    return Visit(session, caller, request).shown(seen, page, body=_body)


def names(state: State) -> list[Named]:
    """What can be asked about. Cost: at most three hundred tables with their columns."""
    found = [
        Named(f"system.{table.name}", list(table.row.__struct_fields__)[:COLUMNS_MAX])
        for domain in DOMAINS
        for table in domain.tables
        if table.public
    ]
    for row in islice(leaves_behind(state, Kind.TABLE, after=None), TABLES_MAX):
        columns = islice(state.range(COLUMNS, row.table_id), COLUMNS_MAX)
        found.append(Named(identifier(row.full_name), [column.name for column in columns]))
    return found


def _body(console: Console) -> Child:
    return (
        section(
            "Query",
            tag(
                "textarea",
                console.q or EXAMPLE,
                id="sql",
                rows=8,
                spellcheck="false",
                autocomplete="off",
                aria_label="Query",
                aria_controls="names",
                class_="mono",
            ),
            tag("ul", id="names", role="listbox", aria_label="Names", hidden=True),
            tag(
                "div",
                tag("button", "Run", type="button", id="run", class_="main"),
                tag("kbd", "Ctrl Enter"),
                tag("button", "Download CSV", type="button", id="csv"),
                tag("label", "Earlier ", tag("select", id="earlier", aria_label="Earlier queries")),
                class_="buttons",
            ),
            tag(
                "p",
                "The server answers, as you: what you may not read is not there. One SELECT at a "
                "time; nothing can be changed by it.",
                class_="muted",
            ),
        ),
        section(
            "Result",
            tag("p", "Nothing was asked yet.", id="told", role="status"),
            tag("div", id="rows"),
            tag("div", _chart(), id="charting", hidden=True),
        ),
    )


def _chart() -> Child:
    kinds = [tag("option", each, value=each) for each in ("bar", "line", "scatter")]
    return tag(
        "div",
        tag("h3", "Chart"),
        tag(
            "div",
            tag("label", "As ", tag("select", *kinds, id="kind")),
            tag("label", "across ", tag("select", id="across")),
            tag("label", "up ", tag("select", id="up")),
            class_="buttons",
        ),
        tag("div", id="chart"),
    )


__all__ = ["Console", "Named", "names", "show_console"]
