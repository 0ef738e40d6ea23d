"""Backfills: how far each is, what of it failed, and what can be done about it."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.api.backfills import OfState
from arco.api.callers import CallerHere
from arco.api.paging import PAGE_SIZE, Cursor, page_of, read_cursor, write_cursor
from arco.api.session import Here, ask
from arco.model import State
from arco.orchestration.backfills import (
    ENDED,
    Backfill,
    BackfillChunk,
    BackfillState,
    ChunkState,
)
from arco.orchestration.partitions import display
from arco.service.backfills import BackfillDetail, backfill_chunks, backfill_detail, backfills
from arco.ui.addresses import address, plain_name
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.listing import ID_CHARACTERS, run_link
from arco.ui.parts import (
    badge,
    facts,
    grid,
    link,
    links,
    moment,
    more,
    note,
    nothing,
    number,
    section,
    shares,
    span,
)
from arco.ui.queries import filled

CHUNKS = 100
LIVE = "orchestration.backfills,orchestration.backfill_chunks"
LIST_SQL = """SELECT number, backfill_id, state, total, succeeded, failed, skipped,
  created_at, actor
FROM system.orchestration.backfills ORDER BY number DESC LIMIT 50"""
ONE_SQL = """SELECT chunk, first_partition, last_partition, state, attempt, succeeded, failed,
  skipped, run_id, message
FROM system.orchestration.backfill_chunks WHERE backfill_id = {backfill} ORDER BY chunk"""
PARTS = (
    ("succeeded", "good"),
    ("failed", "bad"),
    ("skipped", "calm"),
    ("cancelled", "warn"),
)
"""What became of partitions, and how that looks."""
Id = Annotated[str, Parameter(max_length=64)]


class Backfills(msgspec.Struct, frozen=True, kw_only=True):
    """A page of backfills, newest first."""

    backfills: list[Backfill]
    next_cursor: str
    state: BackfillState | None
    """Only those in this state."""


class OneBackfill(msgspec.Struct, frozen=True, kw_only=True):
    """One backfill with a page of its chunks."""

    detail: BackfillDetail
    chunks: list[BackfillChunk]
    """Chunks that were begun, in order."""
    next_cursor: str


@page_at("/backfills")
async def show_backfills(
    session: Here,
    caller: CallerHere,
    request: Asked,
    cursor: Cursor = "",
    backfill_state: OfState = None,
) -> Response[Any]:
    """Every backfill, newest first."""
    asked = ("backfills", backfill_state or "")
    after = read_cursor(cursor, *asked, types=(int,))

    def look(state: State) -> Backfills:
        found = page_of(
            backfills(state, after=after),
            limit=PAGE_SIZE,
            key=lambda row: (-row.number,),
            keep=lambda row: backfill_state in (None, row.state),
        )
        behind = write_cursor(found.behind, *asked)
        return Backfills(backfills=found.rows, next_cursor=behind, state=backfill_state)

    seen = await ask(session, look, caller=caller)
    page = Page(title="Backfills", section="Backfills", sql=LIST_SQL, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_list_body)


@page_at("/backfills/{backfill_id:str}")
async def show_backfill(
    session: Here, caller: CallerHere, request: Asked, backfill_id: Id, cursor: Cursor = ""
) -> Response[Any]:
    """One backfill."""
    name = plain_name(backfill_id)
    after = read_cursor(cursor, "chunks", name, types=(int,))

    def look(state: State) -> OneBackfill:
        detail = backfill_detail(state, name)
        rows = backfill_chunks(state, name, after=int(after[0]) if after else None)
        chunks = list(islice(rows, CHUNKS + 1))
        behind = (chunks[CHUNKS - 1].chunk,) if len(chunks) > CHUNKS else None
        return OneBackfill(
            detail=detail,
            chunks=chunks[:CHUNKS],
            next_cursor=write_cursor(behind, "chunks", name),
        )

    seen = await ask(session, look, caller=caller)
    found = seen.value.detail.backfill.backfill_id
    page = Page(
        title=f"Backfill {found}",
        section="Backfills",
        sql=filled(ONE_SQL, backfill=found),
        live=LIVE,
    )
    return Visit(session, caller, request).shown(seen, page, body=_one_body)


def progress(row: Backfill | BackfillChunk) -> Html:
    """How far it is, as a bar and in words."""
    counts = [(getattr(row, name), tone) for name, tone in PARTS]
    words = [f"{getattr(row, name):,} {name}" for name, _ in PARTS[1:] if getattr(row, name)]
    told = ", ".join((f" {row.succeeded:,} of {row.total:,}", *words))
    return joined(shares(counts, whole=row.total), told)


def what_of(row: Backfill) -> str:
    """What it is about, in a line."""
    selected = " ".join(row.selection) or "everything"
    return f"{selected} {', '.join(row.partitions)}".strip()


def _list_body(found: Backfills) -> Child:
    states = [
        tag("option", each.lower() or "any", value=each, selected=each == (found.state or ""))
        for each in ("", *BackfillState)
    ]
    rows = (
        (
            link(each.backfill_id[-ID_CHARACTERS:], "backfills", each.backfill_id),
            badge(each.state),
            progress(each),
            moment(each.created_at),
            what_of(each),
            each.message,
        )
        for each in found.backfills
    )
    heads = ("Backfill", "State", "Partitions", "Created", "Of", "Message")
    empty = (
        f"No backfill is {found.state.lower()}."
        if found.state
        else "Nothing was backfilled yet. Select cells of an asset's partitions, or begin one here."
    )
    return (
        tag(
            "form",
            tag("label", "State", tag("select", *states, name="state")),
            tag("button", "Filter"),
            action="/backfills",
            class_="filters",
        ),
        section(
            "Newest first",
            grid(heads, rows, empty=empty),
            more(
                found.next_cursor, address("backfills", state=found.state, cursor=found.next_cursor)
            ),
            extra=tag("a", "Backfill…", href="/backfill", class_="button"),
            name="backfills",
        ),
    )


def _one_body(page: OneBackfill) -> Child:
    row = page.detail.backfill
    tone = "bad" if row.state is BackfillState.FAILED else "warn"
    return (
        section("About", facts(_about(page.detail)), extra=_ways(page.detail)),
        note(row.message, tone=tone) if row.message else None,
        section("Failed so far", _chunks(page.detail.failed), name="failed")
        if page.detail.failed and page.next_cursor
        else None,
        section(
            f"{row.next_chunk:,} of {row.chunks:,} chunks begun",
            _chunks(page.chunks),
            more(page.next_cursor, address("backfills", row.backfill_id, cursor=page.next_cursor)),
            name="chunks",
        ),
    )


def _about(detail: BackfillDetail) -> dict[str, Child]:
    row = detail.backfill
    stopping = " is asked to stop" if row.cancel_requested and row.state not in ENDED else None
    return {
        "State": joined(badge(row.state), stopping),
        "Partitions": progress(row),
        "Left": number(detail.remaining),
        "Runs now": f"{row.running:,}, at most {row.concurrency:,} at once",
        "Assets": links(row.assets, "assets"),
        "Of": what_of(row),
        "Which": row.which,
        "A run for each": row.runs_per,
        "Created": moment(row.created_at),
        "Ended": moment(row.ended_at),
        "By": row.actor or nothing(),
    }


def _ways(detail: BackfillDetail) -> Child:
    row = detail.backfill
    ways: list[tuple[str, str]] = []
    if row.state not in ENDED and not row.cancel_requested:
        is_paused = row.state is BackfillState.PAUSED
        ways += [("Resume…", "resume") if is_paused else ("Pause…", "pause"), ("Cancel…", "cancel")]
    if not row.cancel_requested and any(each.state is ChunkState.FAILED for each in detail.failed):
        ways.append(("Retry what failed…", "retry"))
    if not ways:
        return None
    buttons = (
        tag("a", told, href=address("backfills", row.backfill_id, doing), class_="button")
        for told, doing in ways
    )
    return tag("span", *buttons, class_="buttons")


def _chunks(chunks: list[BackfillChunk]) -> Html:
    rows = (
        (
            each.chunk,
            _between(each),
            badge(each.state),
            progress(each),
            each.attempt,
            run_link(each.run_id) if each.run_id else nothing(),
            span((each.ended_at - each.started_at).total_seconds())
            if each.ended_at
            else moment(each.started_at),
            each.message,
        )
        for each in chunks
    )
    heads = ("#", "Partitions", "State", "Came to", "Attempt", "Newest run", "Took", "Message")
    return grid(heads, rows, empty="No chunk was begun yet.", numbers=(0, 4, 6))


def _between(chunk: BackfillChunk) -> str:
    ends = [
        display(each) if each else "the whole"
        for each in (chunk.first_partition, chunk.last_partition)
    ]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


__all__ = [
    "Backfills",
    "OneBackfill",
    "progress",
    "show_backfill",
    "show_backfills",
    "what_of",
]
