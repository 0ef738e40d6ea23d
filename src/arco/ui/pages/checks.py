"""Checks: what every check of every asset came to, the newest results and those before."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec
from litestar import Response

from arco.api.callers import CallerHere
from arco.api.paging import Cursor, page_of, read_cursor, write_cursor
from arco.api.session import Here, ask
from arco.model import State
from arco.orchestration.rows import Check
from arco.orchestration.tables import ASSETS, CHECKS
from arco.ui.addresses import address
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html
from arco.ui.pages.check import tone_of
from arco.ui.pages.table_body import checks_grid
from arco.ui.parts import grid, link, moment, more, number, section, strip

ASSETS_SHOWN = 100
RESULTS_LOOKED_AT = 2_000
"""So many results of an asset are looked at for its line."""
SQUARES = 60
UNPASSED_SHOWN = 30
SQL = """SELECT asset, name, count(*) AS results, count(*) FILTER (NOT passed) AS not_passed,
  max(checked_at) AS newest
FROM system.orchestration.checks GROUP BY asset, name ORDER BY not_passed DESC, asset, name"""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one asset over time."""

    asset: str
    name: str
    results: int
    not_passed: int
    newest: Check
    course: list[Check]
    """The newest results, oldest first."""


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of a page of assets."""

    records: list[Record]
    unpassed: list[Check]
    """The newest results that did not pass."""
    next_cursor: str


@page_at("/checks")
async def show_checks(
    session: Here, caller: CallerHere, request: Asked, cursor: Cursor = ""
) -> Response[Any]:
    """Every check with its course."""
    seen = await ask(session, lambda state: checks_of(state, cursor=cursor), caller=caller)
    page = Page(title="Checks", section="Checks", sql=SQL, live="orchestration.checks")
    return Visit(session, caller, request).shown(seen, page, body=_body)


def checks_of(state: State, *, cursor: str = "") -> Checks:
    """The checks of at most a hundred assets that have any. Cost: their results, bounded."""
    page = page_of(
        state.range(ASSETS, after=read_cursor(cursor, "checks", types=(str,))),
        limit=ASSETS_SHOWN,
        key=ASSETS.key_of,
        keep=lambda row: bool(row.definition.checks),
    )
    found: dict[tuple[str, str], list[Check]] = {}
    for asset in page.rows:
        for row in islice(state.range(CHECKS, asset.key), RESULTS_LOOKED_AT):
            found.setdefault((row.asset, row.name), []).append(row)
    every = [row for rows in found.values() for row in rows if not row.passed]
    every.sort(key=lambda row: row.checked_at, reverse=True)
    return Checks(
        records=[_record(rows) for rows in found.values()],
        unpassed=every[:UNPASSED_SHOWN],
        next_cursor=write_cursor(page.behind, "checks"),
    )


def _record(rows: list[Check]) -> Record:
    rows.sort(key=lambda row: (row.checked_at, row.partition_key))
    return Record(
        asset=rows[-1].asset,
        name=rows[-1].name,
        results=len(rows),
        not_passed=sum(not row.passed for row in rows),
        newest=rows[-1],
        course=rows[-SQUARES:],
    )


def _body(found: Checks) -> Child:
    rows = (
        (
            link(each.asset, "assets", each.asset),
            link(each.name, "checks", each.asset, check=each.name),
            _course(each.course),
            number(each.results),
            number(each.not_passed),
            moment(each.newest.checked_at),
        )
        for each in found.records
    )
    heads = ("Asset", "Check", "Course", "Results", "Not passed", "Newest")
    following = address("checks", cursor=found.next_cursor)
    empty = "No check has been made yet. `@check` on an asset declares one."
    return (
        section(
            "Course of every check",
            grid(heads, rows, empty=empty, numbers=(3, 4)),
            more(found.next_cursor, following),
            name="course",
        ),
        section("Did not pass", checks_grid(found.unpassed)) if found.unpassed else None,
    )


def _course(rows: list[Check]) -> Html:
    """A square a result, oldest first; the tall ones did not pass."""
    bad = sum(not row.passed for row in rows)
    squares = [
        (tone_of(row), f"{row.partition_key} {row.message}".strip() or row.name) for row in rows
    ]
    return strip(squares, told=f"the newest {len(rows)}: {len(rows) - bad} passed, {bad} did not")


__all__ = ["Checks", "Record", "checks_of", "show_checks"]
