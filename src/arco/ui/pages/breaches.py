"""Breaches: promises that are not kept now, and all that were not, from when to when."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec
from litestar import Response

from arco.api.callers import CallerHere
from arco.api.paging import PAGE_SIZE, Cursor, page_of, read_cursor, write_cursor
from arco.api.session import Here, ask
from arco.model import State
from arco.orchestration.breaches import BREACHES, Breach, Promise
from arco.service.breaches import breaches, open_breaches
from arco.ui.addresses import address
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined
from arco.ui.parts import badge, code, grid, link, moment, more, note, section, span

OPEN_MAX = 100
LIVE = "orchestration.breaches"
SQL = """SELECT promise, subject, number, began_at, ended_at, message
FROM system.orchestration.breaches ORDER BY promise, subject, number"""
HEADS = ("Promise", "Of", "Since", "Until", "Went on for", "What happened")
WORDS = {
    Promise.FRESHNESS: "freshness",
    Promise.DISPATCH: "a first task is handed out soon",
    Promise.CONTROLLERS: "controllers decide quickly",
}


class BreachesShown(msgspec.Struct, frozen=True, kw_only=True):
    """Promises that were not kept."""

    open: list[Breach]
    """The first hundred that go on, by promise and subject."""
    breaches: list[Breach]
    """A page of all, by promise, subject and number."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; empty on the last page."""


@page_at("/breaches")
async def show_breaches(
    session: Here, caller: CallerHere, request: Asked, cursor: Cursor = ""
) -> Response[Any]:
    """What is not kept now, and what was not."""
    after = read_cursor(cursor, "breaches", types=(str, str, int))

    def look(state: State) -> BreachesShown:
        behind = (str(after[0]), str(after[1]), int(after[2])) if after else None
        found = page_of(breaches(state, after=behind), limit=PAGE_SIZE, key=BREACHES.key_of)
        return BreachesShown(
            open=list(islice(open_breaches(state), OPEN_MAX)),
            breaches=found.rows,
            next_cursor=write_cursor(found.behind, "breaches"),
        )

    seen = await ask(session, look, caller=caller)
    page = Page(title="Breaches", section="Breaches", sql=SQL, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_body)


def breaches_grid(found: Iterable[Breach], *, empty: Child) -> Html:
    """Breaches as a table."""
    rows = (
        (
            WORDS[each.promise],
            link(each.subject, "assets", each.subject) if each.subject else "the workspace",
            moment(each.began_at),
            moment(each.ended_at) if each.ended_at else badge("GOES ON", "bad"),
            span((each.ended_at - each.began_at).total_seconds() if each.ended_at else None),
            each.message,
        )
        for each in found
    )
    return grid(HEADS, rows, empty=empty)


def _body(found: BreachesShown) -> Child:
    return (
        _now(found.open),
        section(
            "All that are on record",
            breaches_grid(found.breaches, empty=_empty()),
            more(found.next_cursor, address("breaches", cursor=found.next_cursor)),
            name="all",
        ),
    )


def _now(found: list[Breach]) -> Child:
    if not found:
        return note("Every promise that you may know of is kept now.", tone="good")
    return section("Not kept now", breaches_grid(found, empty=""), name="now")


def _empty() -> Html:
    return joined(
        "No promise was broken. ",
        code("@asset(freshness=…)"),
        " promises how fresh an asset is.",
    )


__all__ = ["OPEN_MAX", "BreachesShown", "breaches_grid", "show_breaches"]
