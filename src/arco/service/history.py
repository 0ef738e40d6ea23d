"""What happened, newest first: the slots of the log, and the versions of one table.

Read from the log itself, so it says what was, whatever the state says now. Must not know how it is
shown.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from arco.catalog.events import TableVersionPublished, TableVersionPublishedV2
from arco.catalog.finding import find_table
from arco.engine.log import Slot
from arco.engine.registry import WireEvent
from arco.engine.travel import events_between
from arco.errors import Invalid, NotFound
from arco.service.past import slot_of
from arco.service.workspace import Workspace

SLOTS_AT_ONCE = 64
VERSION = re.compile(r"[vV](\d{1,18})\Z")
PUBLISHED = "catalog.table_version_published"
VERSION_PUBLISHED = (TableVersionPublished, TableVersionPublishedV2)
"""Every version of that event: an old log says it in the old words."""


class _Mentions(msgspec.Struct, frozen=True):
    """What a payload of any event may say about its cause."""

    run_id: str | None = None
    restore_id: str | None = None
    compaction_id: str | None = None
    actor: str | None = None


class SlotLine(msgspec.Struct, frozen=True, kw_only=True):
    """One slot: when it was committed, by whom, what it holds and which runs it is about."""

    slot: int
    committed_at: datetime
    writer: str
    actors: tuple[str, ...]
    """Who asked for it; empty where the orchestrator acted by itself."""
    events: dict[str, int]
    """Event type -> how many."""
    runs: tuple[str, ...]
    """The runs, restores and compactions that its events are about."""


class VersionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a table that readers saw from `slot` on."""

    version: int
    slot: int
    published_at: datetime
    rows: int
    files: int
    size_bytes: int
    run_id: str
    """The run, or the restore, that published its rows."""


async def slot_lines(
    workspace: Workspace, *, limit: int, newest: int | None = None
) -> list[SlotLine]:
    """The newest slots up to `newest`, newest first. Cost: one GET a slot."""
    newest = workspace.database.seq if newest is None else newest
    found = events_between(workspace.database, max(0, newest + 1 - limit), last=newest)
    return [_line(slot, events) async for slot, events in found][::-1]


async def version_lines(
    workspace: Workspace, table_id: str, *, newest: int, oldest: int = 0
) -> AsyncIterator[VersionLine]:
    """The versions of a table that were published from slot `oldest` to `newest`, newest first.

    Cost: one GET a slot, back to the oldest version that is asked for.
    """
    for last in range(newest, oldest - 1, -SLOTS_AT_ONCE):
        first = max(oldest, last + 1 - SLOTS_AT_ONCE)
        found = [
            _version(slot, payload)
            async for slot, events in events_between(workspace.database, first, last=last)
            for payload in _published(workspace, events)
            if payload.table_id == table_id
        ]
        for line in reversed(found):
            yield line


async def meant_slot(workspace: Workspace, names: Sequence[str], *, to: str) -> int:
    """The slot of a moment, or of a table's version (`v3`).

    Raises: Invalid MOMENT_INVALID; NotFound SLOT_NOT_FOUND, TABLE_NOT_FOUND,
    TABLE_VERSION_NOT_FOUND.
    """
    version = VERSION.match(to)
    if version is None:
        return await slot_of(workspace, to)
    if len(names) > 1:
        raise Invalid(
            "MOMENT_INVALID",
            f"{to} is a version of one table, and {len(names)} are named",
            hint="name a slot or a time: all tables had some version then",
        )
    return await _slot_of_version(workspace, names[0], version=int(version[1]))


async def _slot_of_version(workspace: Workspace, name: str, *, version: int) -> int:
    database = workspace.database
    row = await database.asked(lambda state: find_table(state, name))
    async for line in version_lines(workspace, row.table_id, newest=database.seq):
        if line.version == version:
            return line.slot
        if line.version < version:
            break
    raise NotFound(
        "TABLE_VERSION_NOT_FOUND",
        f"readers never saw a version {version} of {name}",
        hint=f"`arco history {name}` lists its versions",
    )


def _line(slot: Slot, events: Iterable[WireEvent]) -> SlotLine:
    counts: dict[str, int] = {}
    actors: dict[str | None, None] = {}
    runs: dict[str | None, None] = {}
    for event in events:
        said = msgspec.json.decode(event.payload, type=_Mentions)
        counts[event.type] = counts.get(event.type, 0) + 1
        actors[said.actor or event.actor] = None
        runs[said.run_id or said.restore_id or said.compaction_id] = None
    return SlotLine(
        slot=slot.commit.seq,
        committed_at=slot.commit.committed_at,
        writer=slot.commit.writer,
        actors=tuple(filter(None, actors)),
        events=counts,
        runs=tuple(filter(None, runs)),
    )


def _published(
    workspace: Workspace, events: Iterable[WireEvent]
) -> Iterator[TableVersionPublished | TableVersionPublishedV2]:
    for wire in events:
        event = workspace.database.registry.decode(wire) if wire.type == PUBLISHED else None
        if event is not None and isinstance(event.payload, VERSION_PUBLISHED):
            yield event.payload


def _version(slot: Slot, event: TableVersionPublished | TableVersionPublishedV2) -> VersionLine:
    return VersionLine(
        version=event.version,
        slot=slot.commit.seq,
        published_at=event.published_at,
        rows=event.rows,
        files=event.files,
        size_bytes=event.size_bytes,
        run_id=event.run_id,
    )


__all__ = ["SlotLine", "VersionLine", "meant_slot", "slot_lines", "version_lines"]
