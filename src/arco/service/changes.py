"""The change feed: every row that changed, in the order of the log, for one reader at its position.

Law L9: what the reader may not know of now is not told, and leaves no gap that tells of it. A
position is a place in the log: whoever goes on from it gets every later change once. Must not know
how it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from arco.access.callers import Caller
from arco.engine.applied import Applied
from arco.engine.feed import SlotChanges
from arco.engine.travel import ChangeKind, RowChange
from arco.errors import Invalid
from arco.model import State
from arco.service.workspace import Workspace

SLOTS_AT_ONCE_MAX = 256
LOOK_SECONDS = 0.25
START = "start"
POSITION = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?\Z")
WHOLE = 2**62


class Position(msgspec.Struct, frozen=True, order=True):
    """A place in the log: behind so many of the changes of a slot."""

    slot: int
    told: int = WHOLE

    def __str__(self) -> str:
        return str(self.slot) if self.told == WHOLE else f"{self.slot}.{self.told}"


class FeedChange(msgspec.Struct, frozen=True, kw_only=True):
    """One row that changed."""

    position: str
    """Where to go on behind this change, as `after`."""
    slot: int
    committed_at: datetime
    table: str
    """The table of `system.*`."""
    kind: ChangeKind
    key: tuple[Any, ...]
    row: Any
    """The row as it stands since; as it stood, when it was removed."""


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Changes in the order of the log, and where to go on."""

    changes: list[FeedChange]
    """What changed behind the position that was sent."""
    position: str
    """What to send as `after` next; it moves on, too, when nothing is told."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What of the feed is asked for."""

    limit: int = 1000
    """How many changes at most."""
    tables: tuple[str, ...] = ()
    """Only of these tables of `system.*`; none: of all."""


def parse_position(text: str, newest: int) -> Position:
    """The position that a reader names; empty: behind everything, `start`: before everything.

    >>> str(parse_position("120.3", 200)), str(parse_position("", 200))
    ('120.3', '200')

    Raises: Invalid POSITION_INVALID.
    """
    if text in ("", START):
        return Position(newest if not text else -1)
    found = POSITION.match(text)
    if found is None:
        raise Invalid(
            "POSITION_INVALID",
            f"{text[:60]!r} is no position of the change feed",
            hint="send `position` of an answer as `after`, a slot (120), `start`, or nothing to "
            "begin with what comes next",
        )
    return Position(int(found[1]), WHOLE if found[2] is None else int(found[2]))


async def changes_after(
    workspace: Workspace,
    position: Position,
    *,
    caller: Caller,
    choice: Choice,
) -> FeedPage:
    """The chosen changes behind the position that the caller may know of.

    Reads no more than 256 slots: go on at the position of the answer. Cost: that of `Feed.at` a
    slot. Raises: Invalid POSITION_INVALID for a place that the log has not reached.
    """
    newest = workspace.database.seq
    if position.slot > newest:
        raise Invalid(
            "POSITION_INVALID",
            f"the log ends at slot {newest}, before slot {position.slot}",
            hint="ask the server that gave the position, or send its state token, too",
        )
    found: list[FeedChange] = []
    first = position.slot if position.told != WHOLE else position.slot + 1
    for seq in range(max(0, first), min(newest, first + SLOTS_AT_ONCE_MAX - 1) + 1):
        done = position.told if seq == position.slot else 0
        slot = await workspace.feed.at(seq)
        shown = await _shown(workspace, slot, caller=caller, tables=choice.tables)
        for index, change in shown:
            if index < done:
                continue
            if len(found) == choice.limit:
                return FeedPage(changes=found, position=found[-1].position)
            found.append(_told(slot, change, index=index))
        position = Position(seq)
    return FeedPage(changes=found, position=str(position))


async def next_changes(
    workspace: Workspace, position: Position, *, caller: Caller, choice: Choice, seconds: float
) -> FeedPage:
    """The same, waiting so long for the first one; without any, the position it has come to.

    Cost: besides that, a look at the log four times a second, shared by all who wait.
    """
    runtime, database = workspace.runtime, workspace.database
    changed = runtime.signal()

    def wake(applied: Applied) -> None:
        changed.set()

    until = runtime.monotonic() + seconds
    database.listeners.append(wake)
    try:
        while True:
            changed.clear()
            page = await changes_after(workspace, position, caller=caller, choice=choice)
            remaining = until - runtime.monotonic()
            is_behind = parse_position(page.position, 0).slot < database.seq
            if page.changes or is_behind or remaining <= 0:
                return page
            position = parse_position(page.position, 0)
            await changed.wait(min(LOOK_SECONDS, remaining))
            await database.reads.recent(LOOK_SECONDS)
    finally:
        database.listeners.remove(wake)


async def _shown(
    workspace: Workspace, slot: SlotChanges, *, caller: Caller, tables: Sequence[str]
) -> list[tuple[int, RowChange]]:
    named = {name.removeprefix("system.") for name in tables}
    wanted = [
        (index, change)
        for index, change in enumerate(slot.changes)
        if not named or change.table.name in named
    ]
    if caller.is_local or not wanted:
        return wanted
    return await workspace.database.asked(
        partial(_visible, workspace=workspace, caller=caller, wanted=wanted)
    )


def _visible(
    state: State, *, workspace: Workspace, caller: Caller, wanted: list[tuple[int, RowChange]]
) -> list[tuple[int, RowChange]]:
    shows = workspace.authority.shows
    return [
        (index, change)
        for index, change in wanted
        if shows(state, caller, table=change.table, row=_present(change))
    ]


def _told(slot: SlotChanges, change: RowChange, *, index: int) -> FeedChange:
    return FeedChange(
        position=str(Position(slot.seq, index + 1)),
        slot=slot.seq,
        committed_at=slot.committed_at,
        table=f"system.{change.table.name}",
        kind=change.kind,
        key=change.key,
        row=_present(change),
    )


def _present(change: RowChange) -> Any:
    return change.before if change.after is None else change.after


__all__ = [
    "START",
    "Choice",
    "FeedChange",
    "FeedPage",
    "Position",
    "changes_after",
    "next_changes",
    "parse_position",
]
