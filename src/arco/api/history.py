"""What happened and what differs over HTTP, for callers who may know of the whole workspace.

Law L9: the past is told whole or not at all; who may know of a part reads the present. Must not
know how the log is read.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.params import Parameter

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields, selected
from arco.api.listing import ObjectNamed
from arco.api.paging import Cursor, read_cursor, write_cursor
from arco.api.session import Here, Session, answer, ask, past_of, require_whole
from arco.api.strictness import PRESENT_ONLY
from arco.catalog.finding import find_table
from arco.errors import Invalid
from arco.service.differences import Difference, difference, only_about
from arco.service.history import VersionLine, slot_lines, version_lines
from arco.service.past import slot_of
from arco.wire.travel import MOMENT_CHARACTERS_MAX, SlotList, VersionList

LINES = 20
LINES_MAX = 1000
SLOTS_SCANNED_MAX = 4096
"""A page of versions ends after so many slots: it goes on at the cursor."""
DIFFERENCE_SLOTS_MAX = 10_000
Limit = Annotated[int, Parameter(ge=1, le=LINES_MAX, description="How many at most on one page.")]
Before = Annotated[
    str,
    Parameter(
        description="The earlier moment: a slot, a time or how long ago.",
        min_length=1,
        max_length=MOMENT_CHARACTERS_MAX,
    ),
]
After = Annotated[
    str,
    Parameter(
        description="The later moment; without it, the present.", max_length=MOMENT_CHARACTERS_MAX
    ),
]
OnlyTable = Annotated[
    str,
    Parameter(
        description="Only this user table, or this table of `system.*` with its rows.",
        max_length=512,
    ),
]


@get(
    "/history",
    summary="List what was committed",
    tags=["time travel"],
    response_description="A page of slots.",
    responses=refusals(404),
)
async def show_history(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: Limit = LINES,
    fields: Fields = "",
) -> Response[SlotList]:
    """The slots of the log, newest first: when, by whom, what happened, in which run.

    With `at`: from that moment backwards.
    """
    newest = await _newest(session, caller, cursor=cursor, about="history")
    lines = await slot_lines(session.workspace, limit=limit, newest=newest) if newest >= 0 else []
    behind = lines[-1].slot - 1 if lines else -1
    page = SlotList(lines, write_cursor((behind,) if behind >= 0 else None, "history"))
    return answer(selected(page, fields), session.workspace.database.token)


@get(
    "/tables/{full_name:str}/history",
    summary="List a table's versions",
    tags=["time travel"],
    response_description="A page of versions.",
    responses=refusals(404),
)
async def show_versions(
    session: Here,
    caller: CallerHere,
    full_name: ObjectNamed,
    cursor: Cursor = "",
    limit: Limit = LINES,
    fields: Fields = "",
) -> Response[VersionList]:
    """The versions of one table that readers saw, newest first.

    A page may be short, or empty, before the last one: go on while there is a cursor.
    """
    workspace = session.workspace
    newest = await _newest(session, caller, cursor=cursor, about=full_name)
    seen = await ask(session, lambda state: find_table(state, full_name).table_id, caller=caller)
    oldest = max(0, newest + 1 - SLOTS_SCANNED_MAX)
    found: list[VersionLine] = []
    behind = oldest - 1
    async for line in version_lines(workspace, seen.value, newest=newest, oldest=oldest):
        found.append(line)
        # The oldest version is 0 unless somebody else wrote to the table first.
        if len(found) == limit or line.version == 0:
            behind = -1 if line.version == 0 else line.slot - 1
            break
    page = VersionList(found, write_cursor((behind,) if behind >= 0 else None, full_name))
    return answer(selected(page, fields), workspace.database.token)


@get(
    "/diff",
    summary="Show what differs between two moments",
    tags=["time travel"],
    response_description="What differs.",
    responses=refusals(404),
    opt={PRESENT_ONLY: True},
)
async def show_difference(
    session: Here, caller: CallerHere, before: Before, after: After = "", table: OnlyTable = ""
) -> Response[Difference]:
    """User tables with their versions, columns and partitions, then how many rows of system tables
    differ; with `table` of a system table, these rows.
    """
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
    told = only_about(found, table) if table else msgspec.structs.replace(found, rows=())
    return answer(told, workspace.database.token)


async def _newest(session: Session, caller: Caller, *, cursor: str, about: str) -> int:
    """The slot that a page begins at: where the cursor says, else the moment, else the newest."""
    await require_whole(session, caller)
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    behind = read_cursor(cursor, about, types=(int,))
    if behind is not None:
        return min(int(behind[0]), workspace.database.seq)
    if session.terms.at:
        return (await past_of(session, session.terms.at, caller=caller)).seq
    return workspace.database.seq


__all__ = [
    "DIFFERENCE_SLOTS_MAX",
    "After",
    "Before",
    "OnlyTable",
    "show_difference",
    "show_history",
    "show_versions",
]
