"""The page behind the printed address: what is deployed, what ran, what can be read, how to ask.

Law: everything shown is escaped, and the page runs no script. Must not know more than the API.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get
from litestar.enums import MediaType

from arco.api.assets import asset_page
from arco.api.callers import CallerHere
from arco.api.listing import Among, object_page
from arco.api.session import Here, ask
from arco.catalog.kinds import Kind
from arco.model import State
from arco.service.summaries import RunSummary, newest_runs
from arco.wire.assets import AssetList
from arco.wire.headers import SLOT_HEADER
from arco.wire.objects import TableList

ROWS_MAX = 200
RUNS_SHOWN = 20
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;"
    "color:#1b1f24;background:#fff}h1{margin-bottom:0}h2{margin:2rem 0 .5rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;"
    "border-bottom:1px solid #d8dee4;vertical-align:top}td.n,th.n{text-align:right}"
    "pre{background:#f3f5f7;padding:.8rem;overflow-x:auto}.muted{color:#59636e}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}"
    "pre{background:#161b22}th,td{border-color:#30363d}.muted{color:#9198a1}a{color:#79b8ff}}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)
NOTHING_DEPLOYED = "Nothing is deployed yet: run <code>arco dev</code> in a project."


class Overview(msgspec.Struct, frozen=True):
    """What the page shows, from one state."""

    assets: AssetList
    runs: list[RunSummary]
    tables: TableList


class Html(msgspec.Struct, frozen=True):
    """Markup that is safe as it stands."""

    text: str


def overview(state: State) -> Overview:
    """What the page shows."""
    return Overview(
        asset_page(state, limit=ROWS_MAX),
        newest_runs(state, RUNS_SHOWN),
        TableList(*object_page(state, Among(kind=Kind.TABLE), limit=ROWS_MAX)),
    )


def start_page(shown: Overview, *, address: str, version: str, slot: int) -> str:
    """The page as HTML."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Arco</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head><body>",
        f'<h1>Arco</h1><p class="muted">{escape(version)}, slot {slot}</p>',
        *_assets(shown.assets),
        *_runs(shown.runs),
        *_tables(shown.tables),
        *_questions(shown.tables, address),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


@get("/", include_in_schema=False, media_type=MediaType.HTML)
async def show_start(
    session: Here, caller: CallerHere, request: Request[Any, Any, Any]
) -> Response[str]:
    """Assets, newest runs, tables, and how to ask for more."""
    seen = await ask(session, overview, caller=caller)
    page = start_page(
        seen.value,
        address=str(request.base_url).rstrip("/"),
        version=session.version,
        slot=seen.slot,
    )
    headers = {SLOT_HEADER: str(seen.slot), "Content-Security-Policy": POLICY}
    return Response(page, media_type=MediaType.HTML, headers=headers)


def _assets(shown: AssetList) -> Iterable[str]:
    yield "<h2>Assets</h2>"
    if not shown.assets:
        yield f"<p>{NOTHING_DEPLOYED}</p>"
        return
    rows = (
        (
            _link(f"/api/v1/lineage/{row.asset}", row.asset),
            ", ".join(row.upstreams),
            ", ".join(row.dimensions),
            row.version,
            row.description,
        )
        for row in shown.assets
    )
    heads = ("Asset", "Made from", "Partitioned by", "Version", "Description")
    yield _table(heads, rows)
    yield from _rest("/api/v1/assets", shown.next_cursor)


def _runs(runs: Sequence[RunSummary]) -> Iterable[str]:
    yield "<h2>Newest runs</h2>"
    if not runs:
        yield "<p>Nothing has run yet: <code>arco run</code> materializes what is stale.</p>"
        return
    rows = (
        (
            _link(f"/api/v1/runs/{run.run_id}", run.run_id),
            run.state.value,
            f"{run.succeeded} of {run.total}",
            run.triggered_at,
            run.message,
        )
        for run in runs
    )
    yield _table(("Run", "State", "Tasks", "Triggered", "Message"), rows)


def _tables(shown: TableList) -> Iterable[str]:
    yield "<h2>Tables</h2>"
    if not shown.tables:
        yield "<p>No table has been published yet.</p>"
        return
    rows = (
        (
            _link(f"/api/v1/tables/{row.full_name}", row.full_name),
            row.version,
            row.rows,
            row.updated_at,
            row.description,
        )
        for row in shown.tables
    )
    yield _table(("Table", "Version", "Rows", "Updated", "Description"), rows)
    yield from _rest("/api/v1/tables", shown.next_cursor)


def _questions(shown: TableList, address: str) -> Iterable[str]:
    name = shown.tables[0].full_name if shown.tables else "system.orchestration.runs"
    body = msgspec.json.encode({"sql": f"SELECT * FROM {name} LIMIT 10"}).decode()
    quoted = body.replace("'", "'\\''")
    command = (
        f"curl {address}/api/v1/query \\\n  -H 'Content-Type: application/json' \\\n  -d '{quoted}'"
    )
    yield "<h2>Ask</h2>"
    yield f"<pre>{escape(command)}</pre>"
    yield f"<p>Everything else: {_link('/openapi.json', 'the API').text}, "
    yield f"{_link('/api/v1/health', 'health').text}.</p>"


def _rest(path: str, cursor: str) -> Iterable[str]:
    if cursor:
        yield f'<p class="muted">There are more: {_link(path, path).text}.</p>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = "".join(f"<th>{escape(head)}</th>" for head in heads)
    lines = [f"<table><thead><tr>{cells}</tr></thead><tbody>"]
    lines += ["<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows]
    return "\n".join([*lines, "</tbody></table>"])


def _cell(value: object) -> str:
    if isinstance(value, Html):
        return f"<td>{value.text}</td>"
    if isinstance(value, datetime):
        return f"<td>{value:%Y-%m-%d %H:%M:%S} UTC</td>"
    if isinstance(value, int):
        return f'<td class="n">{value:,}</td>'
    return f"<td>{escape(str(value or ''))}</td>"


def _link(path: str, text: str) -> Html:
    return Html(f'<a href="{escape(quote(path))}">{escape(text)}</a>')


__all__ = ["Html", "Overview", "overview", "show_start", "start_page"]
