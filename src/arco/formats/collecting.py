"""Collecting the garbage of a workspace: snapshots, data files of old table versions, staged files
nobody owns, prepared entries, task logs, folded facts.

A table whose log cannot be read keeps every file. Only files that attempts of ours staged are ever
candidates: what another program wrote is not ours to delete.
Source: storage format, "Collecting garbage"; Delta protocol, "Actions".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import msgspec

from arco.engine.collect import Area, Ask, Judge, Pass, collect, survey
from arco.engine.garbage import PINS as SLOT_PINS
from arco.engine.garbage import collection_of
from arco.engine.lanes.collecting import collect_batches, survey_batches
from arco.engine.past import state_at
from arco.engine.snapshot_files import snapshot_files
from arco.errors import ArcoError, Corrupt
from arco.formats import kinds
from arco.formats.kinds import KINDS
from arco.formats.purging import forget_purged, purged_files
from arco.formats.versions import PublishedVersion
from arco.model import State
from arco.orchestration.definitions import Format
from arco.service.leftovers import (
    prepared_entries,
    published_versions,
    table_ids,
    task_logs,
    unowned,
    versions_in_use,
)
from arco.service.retention import Retention, begin
from arco.service.table_formats import formats_of
from arco.service.workspace import Workspace
from arco.store import keys
from arco.store.port import Entry

TABLE_FILES = "table files"
LOG = logging.getLogger(__name__)


class Kept(msgspec.Struct, frozen=True):
    """What a table needs, as its own log says."""

    version: int
    """The newest version that was looked at."""
    names: frozenset[str]
    oldest: int = 0
    """From this version on all are kept."""
    older: frozenset[int] = frozenset()
    """And these before it."""

    def has(self, version: int) -> bool:
        """True when every file of the version is among the names, or the version came later."""
        return version >= self.oldest or version in self.older


async def collect_garbage(workspace: Workspace, retention: Retention) -> Pass:
    """One pass over everything of a workspace. Idempotent; any process may do it."""
    areas, policy = areas_of(workspace, retention), retention.policy
    done = await collect(workspace.database, areas, policy=policy, begin=begin(retention))
    await forget_purged(workspace)
    facts = await collect_batches(workspace.database)
    return msgspec.structs.replace(done, areas=(*done.areas, facts))


async def survey_garbage(workspace: Workspace, retention: Retention) -> Pass:
    """What a pass would do now; nothing is changed."""
    areas, policy = areas_of(workspace, retention), retention.policy
    found = await survey(workspace.database, areas, policy=policy, begin=begin(retention))
    facts = await survey_batches(workspace.database, found.floor)
    return msgspec.structs.replace(found, areas=(*found.areas, facts))


def areas_of(workspace: Workspace, retention: Retention) -> tuple[Area, ...]:
    """Every kind of object of a workspace that becomes garbage."""
    return (
        snapshot_files(workspace.database, retention.policy),
        table_files(workspace, retention),
        prepared_entries(workspace, retention),
        task_logs(workspace, retention),
        purged_files(workspace, retention),
    )


def table_files(workspace: Workspace, retention: Retention) -> Area:
    """Data files that attempts staged: of no kept version, and of no run that may publish them."""

    async def listed(ask: Ask) -> list[Entry]:
        entries: list[Entry] = []
        for table_id in await ask(table_ids):
            entries += await workspace.store.list(keys.warehouse(table_id))
        return [entry for entry in entries if keys.staged_parts(entry.key) is not None]

    async def mark(ask: Ask, names: Sequence[str]) -> Judge:
        formats = await ask(formats_of)
        marker = Marker(workspace, await held_versions(workspace, ask), formats=formats)
        tables = sorted({table_of(name) for name in names})
        return judge_by_logs({table_id: await marker.kept(table_id) for table_id in tables})

    return Area(name=TABLE_FILES, grace=retention.staged, listed=listed, mark=mark)


def judge_by_logs(kept: Mapping[str, Kept | None]) -> Judge:
    """Judges by what the tables' logs said; a table that was published since keeps everything.

    None: since then somebody began to read an old version, or to bring it back.
    """

    def judge(state: State, names: Sequence[str]) -> list[str] | None:
        known = ((kept.get(table), version) for table, version in versions_in_use(state))
        if not all(found is None or found.has(version) for found, version in known):
            return None
        published = published_versions(state)

        def is_unneeded(name: str) -> bool:
            known = kept[table_of(name)]
            if known is None or published.get(table_of(name), -1) > known.version:
                return False
            return name not in known.names

        return unowned(state, [name for name in names if is_unneeded(name)])

    return judge


def table_of(name: str) -> str:
    """The table a staged file belongs to."""
    parts = keys.staged_parts(name)
    assert parts is not None, name
    return parts[0]


class Marker:
    """Reads the logs of tables for the files of every version that is kept."""

    def __init__(
        self,
        workspace: Workspace,
        held: Sequence[Mapping[str, int]],
        *,
        formats: Mapping[str, Format],
    ) -> None:
        self._store = workspace.store
        self._runtime = workspace.runtime
        self._floor, *self._pinned = held
        self._formats = formats

    async def kept(self, table_id: str) -> Kept | None:
        """What the table needs; None when that cannot be known."""
        location = self._store.location(keys.warehouse(table_id).rstrip("/"))
        try:
            kind = KINDS[self._formats[table_id]]
            newest = await self._runtime.thread(kind.latest_version, location)
            if newest is None:
                return Kept(-1, frozenset())
            first = min(self._floor.get(table_id, 0), newest)
            held = {each[table_id] for each in self._pinned if table_id in each}
            older = {each for each in held if each < first}
            names = await self._names(table_id, {first, *older}, newest=newest)
        except ArcoError as error:
            LOG.warning("table %s keeps all its files: %s", table_id, error.message)
            return None
        return Kept(newest, frozenset(names), first, frozenset(older))

    async def _names(self, table_id: str, versions: set[int], *, newest: int) -> set[str]:
        """The files of these versions, and of every version after the last of them."""
        location = self._store.location(keys.warehouse(table_id).rstrip("/"))
        names: set[str] = set()
        for version in sorted(versions):
            wanted = PublishedVersion(version, format=self._formats[table_id])
            snapshot = await self._runtime.thread(kinds.snapshot, location, wanted)
            names |= {keys.warehouse(table_id) + unquote(file.path) for file in snapshot.files}
        for version in range(max(versions) + 1, newest + 1):
            names |= await self._added(table_id, version)
        return names

    async def _added(self, table_id: str, version: int) -> set[str]:
        kind = KINDS[self._formats[table_id]]
        name = kind.entry_name(table_id, version)
        entry = await self._store.get(name)
        if entry is None:
            raise Corrupt(
                "DELTA_LOG_UNREADABLE",
                f"version {version} of table {table_id} has no entry in its log",
                hint="run `arco verify`; until it is there, all files of the table are kept",
            )
        added = [action.add for action in kind.actions(entry, name) if action.add]
        return {keys.warehouse(table_id) + unquote(file.path) for file in added}


async def held_versions(workspace: Workspace, ask: Ask) -> list[Mapping[str, int]]:
    """Table -> version: at the floor first, then at each pin, then what is read or comes back."""
    versions: list[Mapping[str, int]] = []
    for slot in await ask(_held_slots):
        past = await state_at(workspace.database, slot)
        versions.append(await past.asked(published_versions))
    used = await ask(versions_in_use)
    return [*versions, *({table_id: version} for table_id, version in sorted(used))]


def _held_slots(state: State) -> list[int]:
    return [collection_of(state).floor, *(pin.slot for pin in state.range(SLOT_PINS))]


__all__ = [
    "TABLE_FILES",
    "Kept",
    "Marker",
    "areas_of",
    "collect_garbage",
    "held_versions",
    "judge_by_logs",
    "survey_garbage",
    "table_files",
    "table_of",
]
