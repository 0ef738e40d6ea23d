"""Audit: who did what, from the log itself; who was refused; who was given signed URLs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from litestar import Response
from litestar.params import Parameter

from arco.access.mints import MINTS, UrlsMinted
from arco.access.privileges import Privilege
from arco.access.refusals import REFUSALS, AccessRefused, newest_first
from arco.api.callers import CallerHere
from arco.api.paging import Cursor, read_cursor, write_cursor
from arco.api.session import Here, Seen
from arco.api.strictness import PRESENT_ONLY
from arco.engine.travel import events_between
from arco.model import State, Table
from arco.query.auditing import AuditLine, done_lines, minted_lines, refused_lines
from arco.service.authority import require_on_workspace
from arco.service.workspace import Workspace
from arco.ui.addresses import address
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, tag
from arco.ui.parts import code, grid, link, moment, more, nothing, section

LINES = 100
SLOTS_AT_ONCE = 64
SLOTS_SCANNED_MAX = 512
"""A page ends after so many slots of the log: it goes on at the cursor."""
SQL = """SELECT audited_at, outcome, principal, action, subject, seq, code, rule
FROM system.access.audit ORDER BY audited_at DESC LIMIT 100"""
ACTING_KINDS = ("user:", "service:")
"""Principals of these kinds decide; other actors are parts of Arco that follow a decision."""
T = TypeVar("T", AccessRefused, UrlsMinted)
By: TypeAlias = Literal["people", "everybody"]
WORDS = {"people": "people and services", "everybody": "and what follows by itself"}
OfWhom = Annotated[By, Parameter(description="Whether what follows by itself is told, too.")]
Who = Annotated[str, Parameter(max_length=512, description="Only what this principal did.")]


class Wanted(msgspec.Struct, frozen=True):
    """Whose doings are told."""

    principal: str
    """Only this one; empty: all of them."""
    by: By

    def holds(self, line: AuditLine) -> bool:
        """Whether the line is told."""
        if self.principal:
            return line.principal == self.principal
        return self.by == "everybody" or line.principal.startswith(ACTING_KINDS)


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, newest first."""

    wanted: Wanted
    done: list[AuditLine]
    """From the commits that did it."""
    next_cursor: str
    refused: list[AuditLine]
    """The newest hundred refusals."""
    minted: list[AuditLine]
    """The newest hundred times that signed URLs were given away."""


@page_at("/audit", opt={PRESENT_ONLY: True})
async def show_audit(
    session: Here,
    caller: CallerHere,
    request: Asked,
    principal: Who = "",
    by: OfWhom = "people",
    cursor: Cursor = "",
) -> Response[Any]:
    """Who did what, for who may audit the workspace."""
    workspace, now = session.workspace, session.workspace.runtime.now()
    await session.terms.brought(workspace.database)
    await workspace.database.asked(
        lambda state: require_on_workspace(state, caller, privilege=Privilege.AUDIT)
    )
    asked, wanted = ("audit", principal, by), Wanted(principal, by)
    behind = read_cursor(cursor, *asked, types=(int,))
    newest = int(behind[0]) if behind else workspace.database.seq
    done, last = await _done(workspace, min(newest, workspace.database.seq), wanted=wanted)

    def look(state: State) -> Audit:
        return Audit(
            wanted=wanted,
            done=done,
            next_cursor=write_cursor((last,) if last >= 0 else None, *asked),
            refused=refused_lines(_newest(state, REFUSALS, who=principal, now=now)),
            minted=minted_lines(_newest(state, MINTS, who=principal, now=now)),
        )

    seen = Seen(await workspace.database.asked(look), workspace.database.token)
    page = Page(title="Audit", section="Audit", sql=SQL)
    return Visit(session, caller, request).shown(seen, page, body=_body)


async def _done(
    workspace: Workspace, newest: int, *, wanted: Wanted
) -> tuple[list[AuditLine], int]:
    """What was done up to a slot, newest first, and the slot where it goes on; -1: nowhere."""
    found: list[AuditLine] = []
    oldest = max(0, newest + 1 - SLOTS_SCANNED_MAX)
    last = newest
    while last >= oldest and len(found) < LINES:
        first = max(oldest, last + 1 - SLOTS_AT_ONCE)
        slots = [each async for each in events_between(workspace.database, first, last=last)]
        for slot, wires in reversed(slots):
            found += filter(wanted.holds, reversed(done_lines(slot, wires)))
            last = slot.commit.seq - 1
            if len(found) >= LINES:
                break
        if not slots:
            break
    return found, last


def _newest(state: State, table: Table[T], *, who: str, now: datetime) -> Iterator[T]:
    """The newest rows of one principal, or of all. Cost: those, and for one the others beside."""
    rows = newest_first(state, table, now=now)
    return islice((row for row in rows if who in ("", row.principal)), LINES)


def _body(found: Audit) -> Child:
    wanted = found.wanted
    options = [
        tag("option", words, value=name, selected=name == wanted.by)
        for name, words in WORDS.items()
    ]
    following = address("audit", principal=wanted.principal, by=wanted.by, cursor=found.next_cursor)
    empty = "Nothing was done by anybody in this part of the log."
    return (
        tag(
            "form",
            tag("label", "Principal", tag("input", name="principal", value=wanted.principal)),
            tag("label", "Done by", tag("select", *options, name="by")),
            tag("button", "Filter"),
            action="/audit",
            class_="filters",
        ),
        section("Done", _grid(found.done, empty=empty), more(found.next_cursor, following)),
        section("Refused", _refusals(found.refused)),
        section(
            "Signed URLs given away",
            _grid(found.minted, empty="Nobody asked for any."),
            name="minted",
        ),
    )


def _grid(lines: Sequence[AuditLine], *, empty: str) -> Html:
    rows = (
        (
            moment(each.audited_at),
            _who(each),
            code(each.action),
            each.subject or nothing(),
            _change(each.seq) if each.seq is not None else nothing(),
        )
        for each in lines
    )
    return grid(("When", "Who", "Did", "About", "What changed"), rows, empty=empty)


def _change(slot: int) -> Html:
    return link(f"{slot:,}", "difference", before=max(0, slot - 1), after=slot)


def _refusals(lines: Sequence[AuditLine]) -> Html:
    rows = (
        (
            moment(each.audited_at),
            _who(each),
            code(each.action),
            each.subject or nothing(),
            each.code,
            each.rule,
            each.address or nothing(),
        )
        for each in lines
    )
    heads = ("When", "Who", "Asked", "About", "Told", "Because", "From")
    return grid(heads, rows, empty="Nobody was refused anything in the last 90 days.")


def _who(line: AuditLine) -> Html:
    if not line.principal:
        return tag("span", "not recognised", class_="muted")
    return link(line.principal, "audit", principal=line.principal)


__all__ = ["Audit", "Wanted", "show_audit"]
