"""One check of one asset over time: a mark a result, each leading to its run."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.errors import NotFound
from arco.model import State
from arco.orchestration.partitions import display
from arco.orchestration.rows import Check
from arco.orchestration.tables import ASSETS, CHECKS
from arco.service.metadata import lines
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.pages.listing import run_link
from arco.ui.parts import badge, facts, grid, link, moment, note, nothing, number, section
from arco.ui.queries import filled

RESULTS_LOOKED_AT = 20_000
RESULTS_SHOWN = 120
ROWS_SHOWN = 50
SQL = """SELECT checked_at, partition_key, passed, message, run_id
FROM system.orchestration.checks WHERE asset = {asset} AND name = {check}
ORDER BY checked_at DESC LIMIT 120"""
MARKS = {"good": "✓", "bad": "✗", "warn": "!"}
WORDS = {"good": "passed", "bad": "failed", "warn": "warned"}
Name = Annotated[str, Parameter(max_length=4096)]
CheckName = Annotated[str, Parameter(max_length=4096, description="The name of the check.")]


class OneCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one asset."""

    asset: str
    name: str
    results: int
    """So many results are there, of those that were looked at."""
    not_passed: int
    is_all: bool
    """False: the asset has more results than were looked at."""
    newest: list[Check]
    """The newest results, newest first."""


@page_at("/checks/{name:str}")
async def show_check(
    session: Here, caller: CallerHere, request: Asked, name: Name, check: CheckName
) -> Response[Any]:
    """One check over time."""
    asset = plain_name(name)
    seen = await ask(session, lambda state: one_check(state, asset, name=check), caller=caller)
    sql = filled(SQL, asset=asset, check=check)
    page = Page(title=f"Check {check}", section="Checks", sql=sql, live="orchestration.checks")
    return Visit(session, caller, request).shown(seen, page, body=_body)


def one_check(state: State, asset: str, *, name: str) -> OneCheck:
    """What is told of one check. Cost: the results of the asset's checks, bounded.

    Raises: NotFound CHECK_UNKNOWN.
    """
    rows = list(islice(state.range(CHECKS, asset), RESULTS_LOOKED_AT + 1))
    found = [row for row in rows[:RESULTS_LOOKED_AT] if row.name == name]
    if not found and not _is_declared(state, asset, name=name):
        raise NotFound(
            "CHECK_UNKNOWN", f"{asset} has no check {name!r}", hint="Checks lists those there are"
        )
    found.sort(key=lambda row: (row.checked_at, row.partition_key), reverse=True)
    return OneCheck(
        asset=asset,
        name=name,
        results=len(found),
        not_passed=sum(not row.passed for row in found),
        is_all=len(rows) <= RESULTS_LOOKED_AT,
        newest=found[:RESULTS_SHOWN],
    )


def tone_of(row: Check) -> str:
    """How a result looks."""
    return "good" if row.passed else "bad" if row.blocking else "warn"


def _is_declared(state: State, asset: str, *, name: str) -> bool:
    row = state.get(ASSETS, asset)
    return row is not None and name in {each.name for each in row.definition.checks}


def _body(page: OneCheck) -> Child:
    told = {
        "Asset": link(page.asset, "assets", page.asset),
        "Results": number(page.results),
        "Not passed": number(page.not_passed),
    }
    few = f"The asset has more results than the {RESULTS_LOOKED_AT:,} that were looked at."
    return (
        None if page.is_all else note(few),
        section("About", facts(told)),
        section("Course, oldest first", _marks(page.newest[::-1]), name="course"),
        section("Newest results", _rows(page.newest[:ROWS_SHOWN]), name="results"),
    )


def _marks(rows: list[Check]) -> Html:
    if not rows:
        return tag("p", "It has not been made yet.", class_="empty")
    return tag("ul", *(tag("li", _mark(row)) for row in rows), class_="marks")


def _mark(row: Check) -> Html:
    tone = tone_of(row)
    when = f"{row.checked_at:%Y-%m-%d %H:%M}"
    told = " ".join((WORDS[tone], _partition(row), when, row.message)).strip()
    where = address("runs", row.run_id)
    return tag("a", MARKS[tone], href=where, title=told, aria_label=told, class_=f"mark {tone}")


def _rows(rows: list[Check]) -> Html:
    told = (
        (
            moment(row.checked_at),
            badge({"good": "PASSED", "bad": "FAILED", "warn": "WARNED"}[tone_of(row)]),
            _partition(row) or nothing(),
            row.message,
            [tag("div", line) for line in lines(row.metadata)] or nothing(),
            run_link(row.run_id),
        )
        for row in rows
    )
    heads = ("Checked", "Result", "Partition", "Message", "It said", "Run")
    return grid(heads, told, empty="It has not been made yet.")


def _partition(row: Check) -> str:
    return display(row.partition_key) if row.partition_key else ""


__all__ = [
    "RESULTS_LOOKED_AT",
    "RESULTS_SHOWN",
    "OneCheck",
    "one_check",
    "show_check",
    "tone_of",
]
