"""What stands behind the names a statement uses: public tables of the state, and user tables at
their published version.

Law L4: everything one statement reads is one slot, commits included. Private tables have no name
here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar

import msgspec

from arco.access.callers import Caller
from arco.access.decisions import decide
from arco.access.domain import DOMAIN as ACCESS
from arco.access.mints import MINTS
from arco.access.privileges import Privilege
from arco.access.refusals import REFUSALS
from arco.access.securables import WORKSPACE_CHAIN
from arco.access.tables import COLUMN_MASKS, GRANTS, MEMBERSHIPS, PRINCIPALS, ROW_FILTERS
from arco.catalog.finding import close_names as close_objects
from arco.catalog.finding import look_up
from arco.catalog.kinds import Found, Kind
from arco.catalog.tables import CatalogTable
from arco.catalog.tables import View as CatalogView
from arco.engine.columnar import Columnar, columnar
from arco.engine.log import Slot
from arco.engine.registry import WireEvent
from arco.errors import Invalid
from arco.model import State, Table
from arco.orchestration.published import recorded_entry
from arco.query.arrow import rows_to_ipc
from arco.query.auditing import AUDIT, AuditLine, done_lines, minted_lines, refused_lines
from arco.query.layering import layers
from arco.query.names import CLOSE_NAMES_MAX, TableName, close_names
from arco.query.pool import Provider
from arco.query.protocol import (
    IcebergTable,
    Inline,
    Missing,
    ParquetFolder,
    PinnedTable,
    Provision,
    Restriction,
    UsersTable,
    ViewText,
)
from arco.query.searching import SEARCH, Searched, search_lines
from arco.query.worked_out import KEY_LINES, QUESTIONS, WORKED_OUT
from arco.service.authority import require
from arco.service.chains import chain_of
from arco.service.locations import checked_location, grounds_of
from arco.service.past import Standing
from arco.service.restrictions import readable
from arco.service.table_formats import format_of_table
from arco.service.views import View, whole_of
from arco.service.workspace import Workspace
from arco.store import keys

SYSTEM = "system"
DELTA, PARQUET = "delta", "parquet"
DIALECT = "duckdb"
COMMITS_MAX = 10_000
READS_AT_ONCE = 64

Rows: TypeAlias = tuple[Table[Any], Sequence[msgspec.Struct] | Columnar]
Line = TypeVar("Line")


class CommitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One slot of the log."""

    seq: int
    committed_at: datetime
    writer: str
    events: int
    size_bytes: int
    event_types: tuple[str, ...]


class UserTable(msgspec.Struct, frozen=True):
    """A user's table that was found, before it is known what the caller may read of it."""

    table: CatalogTable
    source: UsersTable


class UserView(msgspec.Struct, frozen=True):
    """A view that was found; what it reads is asked for later, by the same caller."""

    view: CatalogView


COMMITS = Table("commits", CommitLine, ("seq",))


def provider_for(workspace: Workspace, past: Standing | None = None, *, caller: Caller) -> Provider:
    """The provider of `system.*` and of `namespace.table`, as much as the caller may know of, as
    the workspace stands when asked, or as it stood in `past`.
    """
    return Provisions(workspace, past, caller=caller).provide


class Provisions:
    """Answers for one workspace, as it is or as it was."""

    def __init__(
        self, workspace: Workspace, past: Standing | None = None, *, caller: Caller
    ) -> None:
        self._workspace = workspace
        self._caller = caller
        self._past = past
        self._database = workspace.database
        self._seq: int | None = None
        """The slot of everything provided so far: what a view reads is asked for later."""
        self._grounds = grounds_of(workspace.settings)
        self._see: Callable[[State], State] = _whole
        self._tables = public_tables(workspace.database.registry.tables)

    async def provide(self, needed: Sequence[TableName]) -> list[Provision]:
        """What stands behind each name, all at one slot, however often one query asks."""
        standing = await self._at_one_slot()
        await self._add_private()
        see = await self._sight(standing)
        seq, found = await standing.asked(
            lambda state: (
                standing.seq,
                [self._find(see(state), name.folded()) for name in needed],
            )
        )
        self._seq = seq
        self._see = see
        return [await self._handed_over(item, seq) for item in found]

    async def _add_private(self) -> None:
        """Tables about access have a name for those who may read them, and for nobody else."""
        caller = self._caller
        await self._database.asked(partial(self._workspace.authority.check, caller=caller))
        for privilege, tables in PRIVATE.items():
            judged = partial(decide, caller=caller, privilege=privilege, chain=WORKSPACE_CHAIN)
            if (await self._database.asked(judged)).allowed:
                self._tables |= {table.name: table for table in tables}

    async def _sight(self, standing: Standing) -> Callable[[State], State]:
        """What turns a state into what the caller may know of it."""
        authority, caller = self._workspace.authority, self._caller
        if standing is self._database:
            await authority.acquainted(caller)
            return partial(authority.visible, caller=caller)
        # The past is read with the privileges of the present.
        sight = await self._database.asked(partial(authority.sight, caller=caller))
        return lambda state: state if sight is None else View(state, sight)

    async def _at_one_slot(self) -> Standing:
        if self._past is not None:
            return self._past
        if self._seq is None:
            await self._database.refresh()
        elif self._seq != self._database.seq:
            return await self._workspace.pasts.at(self._seq)
        return self._database

    def _find(
        self, state: State, name: TableName
    ) -> Provision | Rows | UserTable | UserView | Searched:
        system = system_name(name)
        if name.words is not None:
            return Searched(name.words)
        if system is None:
            return self._user_table(state, name)
        if system not in self._tables or name.version is not None:
            return self._missing(state, name)
        table = self._tables[system]
        if table in FROM_LOG:
            # What the log tells is about everything.
            return (table, NOTHING if isinstance(state, View) and table is COMMITS else [])
        whole = whole_of(state)
        view = QUESTIONS.get(table.name)
        if table.name.startswith(f"{ACCESS.name}."):
            state = whole
        return (table, view(state) if view else columnar(state, table) or [*state.range(table)])

    def _user_table(self, state: State, name: TableName) -> Provision | UserTable | UserView:
        view = look_up(state, Kind.VIEW, name=name.dotted())
        if view is not None and name.version is None:
            return UserView(view.row)
        found = look_up(state, Kind.TABLE, name=name.dotted())
        if found is None:
            return self._missing(state, name)
        table: CatalogTable = found.row
        if table.is_external and table.format == PARQUET:
            return self._folder(table, name)
        if table.version is None:
            return self._missing(state, name)
        version = table.version if name.version is None else name.version
        if version > table.version:
            hint = f"the newest published version of {table.full_name} is {table.version}"
            return Missing(hint=hint)
        if table.is_external:
            source = PinnedTable if table.format == DELTA else IcebergTable
            return self._judged(table) or UserTable(table, source(table.location, version))
        folder = keys.warehouse(table.table_id).rstrip("/")
        entry = recorded_entry(whole_of(state), table.full_name, version=version)
        place = self._workspace.store.location(folder)
        return UserTable(table, PinnedTable(place, version, entry, format_of_table(table)))

    def _folder(self, table: CatalogTable, name: TableName) -> Provision | UserTable:
        if name.version is not None:
            return Missing(hint=f"{table.full_name} has no versions: leave AT (VERSION => ...) out")
        return self._judged(table) or UserTable(table, ParquetFolder(table.location))

    def _judged(self, table: CatalogTable) -> Missing | None:
        """Nothing, when the table's location may still be read: settings and links may change."""
        try:
            allowed = checked_location(table.location, self._grounds) == table.location
        except Invalid as error:
            return Missing(hint=error.hint)
        return None if allowed else Missing(hint="its folder leads elsewhere by now")

    def _missing(self, state: State, name: TableName) -> Missing:
        if name.version is not None and system_name(name) in self._tables:
            return Missing(hint="only user tables have versions; leave AT (VERSION => ...) out")
        wanted = name.dotted()
        near = close_objects(state, Kind.TABLE, name=wanted)
        near += close_names(wanted, [f"{SYSTEM}.{table}" for table in self._tables])
        return Missing(near[:CLOSE_NAMES_MAX])

    async def _handed_over(
        self, item: Provision | Rows | UserTable | UserView | Searched, seq: int
    ) -> Provision:
        if isinstance(item, Searched):
            asked = search_lines(self._workspace, item, caller=self._caller, seq=seq, see=self._see)
            item = (SEARCH, await asked)
        if isinstance(item, UserTable):
            return await self._restricted(item)
        if isinstance(item, UserView):
            await self._database.asked(partial(_check_view, caller=self._caller, view=item.view))
            return _text_of(item.view)
        if not isinstance(item, tuple):
            return item
        table, rows = item
        if table is COMMITS and rows is not NOTHING:
            rows = await self._of_log(seq, _commit_line)
        elif table is AUDIT:
            rows = await self._audit(seq)
        runtime = self._workspace.runtime
        if isinstance(rows, Columnar):
            return await layers(table, rows, reader=self._database.replay.reader, runtime=runtime)
        return Inline(await runtime.thread(rows_to_ipc, table, rows))

    async def _restricted(self, found: UserTable) -> Provision:
        """The table as the caller may read it.

        Raises: Forbidden ACCESS_DENIED.
        """
        judged = partial(readable, caller=self._caller, table=found.table)
        left = await self._database.asked(judged)
        if left is None:
            return found.source
        restriction = msgspec.convert(left, Restriction, from_attributes=True)
        return msgspec.structs.replace(found.source, restriction=restriction)

    async def _audit(self, seq: int) -> list[AuditLine]:
        lines = [line for part in await self._of_log(seq, done_lines) for line in part]
        lines += await self._database.asked(lambda state: minted_lines(state.range(MINTS)))
        return lines + await self._database.asked(
            lambda state: refused_lines(state.range(REFUSALS))
        )

    async def _of_log(self, newest: int, told: Callable[..., Line]) -> list[Line]:
        lines: list[Line] = []
        for start in range(max(0, newest + 1 - COMMITS_MAX), newest + 1, READS_AT_ONCE):
            numbers = range(start, min(start + READS_AT_ONCE, newest + 1))
            works = (self._of_slot(seq, told) for seq in numbers)
            lines += await self._workspace.runtime.gather(works)
        return lines

    async def _of_slot(self, seq: int, told: Callable[..., Line]) -> Line:
        slot = await self._database.log.read(seq)
        assert slot is not None, f"slot {seq} stands below the head and is gone"
        wires = await self._database.replay.events(slot.commit)
        return told(slot, wires)


def _commit_line(slot: Slot, wires: Sequence[WireEvent]) -> CommitLine:
    return CommitLine(
        seq=slot.commit.seq,
        committed_at=slot.commit.committed_at,
        writer=slot.commit.writer,
        events=len(wires),
        size_bytes=slot.size_bytes,
        event_types=tuple(dict.fromkeys(wire.type for wire in wires)),
    )


def _check_view(state: State, caller: Caller, *, view: CatalogView) -> None:
    """Raises: Forbidden ACCESS_DENIED."""
    require(
        state,
        caller,
        privilege=Privilege.SELECT,
        chain=chain_of(state, Found(Kind.VIEW, view)),
    )


def _text_of(view: CatalogView) -> Provision:
    text = view.texts.get(DIALECT)
    if text is None:
        known = ", ".join(view.texts)
        return Missing(hint=f"the view has no text for {DIALECT}, only for {known}")
    return ViewText(text)


def _whole(state: State) -> State:
    return state


def public_tables(registered: Mapping[str, Table[Any]]) -> dict[str, Table[Any]]:
    """Name below `system.` -> table, of every table that may be read."""
    known = {table.name: table for table in registered.values() if table.public}
    return known | {table.name: table for table in (COMMITS, *WORKED_OUT)}


def system_name(name: TableName) -> str | None:
    """The name below `system.`: `catalog.tables`, `commits`; None for a user's table."""
    if name.catalog == SYSTEM:
        return f"{name.namespace}.{name.name}"
    return name.name if name.namespace == SYSTEM and not name.catalog else None


# Privilege on the workspace -> the private tables that it makes readable.
PRIVATE: Mapping[Privilege, tuple[Table[Any], ...]] = {
    Privilege.OWN: (
        PRINCIPALS,
        MEMBERSHIPS,
        GRANTS,
        ROW_FILTERS,
        COLUMN_MASKS,
        KEY_LINES,
    ),
    Privilege.AUDIT: (AUDIT,),
}
FROM_LOG = (COMMITS, AUDIT)
NOTHING: Sequence[msgspec.Struct] = []


__all__ = [
    "COMMITS",
    "CommitLine",
    "Provisions",
    "UserTable",
    "UserView",
    "provider_for",
    "public_tables",
    "system_name",
]
