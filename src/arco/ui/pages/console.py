"""The SQL console: a query, its rows, a chart of them, and the names to ask about.

Law: only this page may start the engine, and only where that is installed beside the server. Must
not know how the engine is spoken to: its scripts do.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.catalog.kinds import Kind
from arco.catalog.tables import COLUMNS
from arco.errors import ArcoError
from arco.model import State
from arco.query.protocol import Limits
from arco.service.minting import files_origin
from arco.service.objects import leaves_behind
from arco.service.workspace import DOMAINS, Workspace
from arco.ui import vendored
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.files import engine_address
from arco.ui.frame import POLICY, policy
from arco.ui.markup import Child, tag
from arco.ui.parts import section
from arco.ui.queries import identifier

TABLES_MAX = 300
COLUMNS_MAX = 60
EXAMPLE = """SELECT state, count(*) AS runs
FROM system.orchestration.runs GROUP BY state ORDER BY runs DESC"""
FILES_BYTES_MAX = 128 * 1024 * 1024
"""What a browser loads for one query at most; above it the server, which is close to the files, is
asked."""
ORIGIN = re.compile(r"https?://[0-9A-Za-z.\-]+(:[0-9]+)?\Z")
Sql = Annotated[str, Parameter(max_length=16_000, description="The query to begin with.")]


class Named(msgspec.Struct, frozen=True):
    """A table that can be asked about, and its columns."""

    name: str
    columns: list[str]


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """Where the engine for the browser is, and how much it may do: what the server's may."""

    worker: str
    module: str
    rows_max: int
    result_bytes_max: int
    files_bytes_max: int
    seconds_max: float


class Console(msgspec.Struct, frozen=True):
    """What the console knows before anything is asked."""

    q: str
    tables: list[Named]
    """Tables of `system.*`, then user tables, at most three hundred."""
    engine: Engine | None = None
    """None: it is not installed beside this server, which answers then."""


@page_at("/sql")
async def show_console(
    session: Here, caller: CallerHere, request: Asked, q: Sql = ""
) -> Response[Any]:
    """The console, with the query that the address holds."""
    engine = _engine(session.workspace)
    seen = await ask(session, lambda state: Console(q, names(state), engine), caller=caller)
    allowed = await _policy(session.workspace) if engine else POLICY
    page = Page(title="SQL", section="SQL", script="console.js", policy=allowed)
    return Visit(session, caller, request).shown(seen, page, body=_body)


def _engine(workspace: Workspace) -> Engine | None:
    if not vendored.is_here():
        return None
    limits = Limits()
    return Engine(
        worker=engine_address(vendored.WORKER),
        module=engine_address(vendored.MODULE),
        rows_max=limits.rows_max,
        result_bytes_max=limits.result_bytes_max,
        files_bytes_max=FILES_BYTES_MAX,
        seconds_max=workspace.settings.query_seconds_max,
    )


async def _policy(workspace: Workspace) -> str:
    """The engine runs in a worker, on files of the store; the page stays without `unsafe-*`."""
    try:
        origin = await files_origin(workspace)
    except ArcoError:
        # A store that cannot sign now fails the query, which says so; the page is there.
        origin = ""
    reached = f"'self' {origin}" if ORIGIN.match(origin) else "'self'"
    return policy(connect_src=reached, worker_src="'self'", trusted_types="arco-engine")


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
        section("Query", _field(console.q), _buttons(), _about(console.engine)),
        section(
            "Result",
            tag("p", "Nothing was asked yet.", id="told", role="status"),
            tag("p", id="elsewhere", class_="note calm", role="note", hidden=True),
            tag("div", id="rows"),
            tag("div", _chart(), id="charting", hidden=True),
        ),
    )


def _field(q: str) -> Child:
    return (
        tag(
            "textarea",
            q or EXAMPLE,
            id="sql",
            rows=8,
            spellcheck="false",
            autocomplete="off",
            aria_label="Query",
            aria_controls="names",
            class_="mono",
        ),
        tag("ul", id="names", role="listbox", aria_label="Names", hidden=True),
    )


def _buttons() -> Child:
    return tag(
        "div",
        tag("button", "Run", type="button", id="run", class_="main"),
        tag("kbd", "Ctrl Enter"),
        tag("button", "Cancel", type="button", id="cancel", hidden=True),
        tag("button", "Download CSV", type="button", id="csv"),
        tag("button", "Download Parquet", type="button", id="parquet"),
        tag("label", "Earlier ", tag("select", id="earlier", aria_label="Earlier queries")),
        class_="buttons",
    )


def _about(engine: Engine | None) -> Child:
    """Who answers; the script reads what it needs for that here."""
    if engine is None:
        told = (
            "The server answers, as you: what you may not read is not there. The engine that would "
            "answer in this browser is not installed beside it (make ui). "
        )
    else:
        told = (
            "Your browser answers what asks system.* alone, on files that it reads by itself; the "
            "server answers the rest, as you: what you may not read is not there. "
        )
    rule = "One SELECT at a time; nothing can be changed by it."
    known = msgspec.json.encode(engine).decode() if engine else None
    return tag("p", told, rule, id="about", class_="muted", data_engine=known)


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


__all__ = ["Console", "Engine", "Named", "names", "show_console"]
