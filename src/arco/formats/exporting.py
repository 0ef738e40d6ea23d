"""A workspace at one slot as one file, and which files of user tables belong to it.

The versions that readers see, those that runs and restores in flight read, every older one that
pins and retention keep, and what was staged and is not published yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

import msgspec

from arco.catalog.tables import TABLES
from arco.engine.garbage import collection_of
from arco.engine.holding import held
from arco.engine.package import Content, Manifest, log_contents, pack
from arco.engine.past import Past, state_at
from arco.formats import kinds
from arco.formats.collecting import Marker, held_versions
from arco.formats.versions import PublishedVersion
from arco.model import State
from arco.orchestration.commands.publications import started_publications
from arco.orchestration.commands.restores import started_restores
from arco.orchestration.rows import PreparedTable
from arco.orchestration.states import RunState
from arco.orchestration.tables import ACTIVE_RUNS, ASSETS, PLANS, RUNS, TASKS
from arco.service.table_formats import formats_of
from arco.service.workspace import Workspace
from arco.store import keys

VERSION_DIGITS = 20


class Needs(msgspec.Struct, frozen=True):
    """What of the tables is needed: whole versions, and single objects where they still are."""

    versions: dict[str, set[int]]
    """Table id -> versions."""
    newest: dict[str, int]
    """Table id -> the newest version of its log that counts."""
    staged: frozenset[str]
    prepared: frozenset[str]
    tables: dict[str, str]
    """Table id -> what people call it."""


class Exported(msgspec.Struct, frozen=True):
    """What stands in the file."""

    manifest: Manifest
    floor: int
    """From this slot on user tables are complete; before it, at slots that are pinned."""
    incomplete: tuple[str, ...]
    """The tables some of whose older versions stayed behind, because files of them are gone."""


async def export(workspace: Workspace, path: Path) -> Exported:
    """The newest state stands in the file at `path`; others go on writing meanwhile.

    Raises: what `pack` and `snapshot` raise.
    """
    database = workspace.database
    async with held(database, "export") as slot:
        past = await state_at(database, slot)
        tables = await table_contents(workspace, past)
        manifest = await pack(
            database,
            path,
            contents=[*tables.contents, *await log_contents(database, past)],
            position=past.position,
            scope=workspace.settings.scope,
        )
        floor = await past.asked(lambda state: collection_of(state).floor)
    packed = {each.name for each in manifest.objects}
    incomplete = (name for name, kept in tables.kept.items() if kept is None or not kept <= packed)
    return Exported(manifest, floor, tuple(sorted(incomplete)))


class TableContents(msgspec.Struct, frozen=True):
    """What of user tables belongs to a workspace."""

    contents: tuple[Content, ...]
    kept: dict[str, frozenset[str] | None]
    """Table -> the objects of every version that is kept; None: its log does not say."""


async def table_contents(workspace: Workspace, past: Past) -> TableContents:
    """Every object of user tables that the state needs, and those it keeps where they still are.

    Cost: a LIST, a log replay and a GET a kept version for each table.
    Raises: what `snapshot` raises.
    """
    needs = await past.asked(table_needs)
    formats = await past.asked(formats_of)
    marker = Marker(workspace, await held_versions(workspace, past.asked), formats=formats)
    names: set[str] = set(needs.prepared)
    spare: set[str] = set()
    kept_by_table: dict[str, frozenset[str] | None] = {}
    for table_id in sorted(needs.versions.keys() | {name.split("/")[1] for name in needs.staged}):
        found = {entry.key for entry in await workspace.store.list(keys.warehouse(table_id))}
        names |= found & needs.staged
        names |= {key for key in found if _counts(key, needs.newest.get(table_id, -1))}
        numbers = sorted(needs.versions.get(table_id, set()))
        versions = [PublishedVersion(each, format=formats[table_id]) for each in numbers]
        names |= await _files(workspace, table_id, versions=versions)
        kept = await marker.kept(table_id)
        kept_by_table[needs.tables.get(table_id, table_id)] = kept.names if kept else None
        spare |= found & (kept.names if kept else frozenset())
    needed = [Content(name) for name in sorted(names)]
    older = [Content(name, is_spare=True) for name in sorted(spare - names)]
    return TableContents((*needed, *older), kept_by_table)


async def _files(
    workspace: Workspace, table_id: str, *, versions: Sequence[PublishedVersion]
) -> set[str]:
    folder = keys.warehouse(table_id)
    location = workspace.store.location(folder.rstrip("/"))
    names: set[str] = set()
    for version in versions:
        snapshot = await workspace.runtime.thread(kinds.snapshot, location, version)
        names |= {folder + unquote(file.path) for file in snapshot.files}
    return names


def table_needs(state: State) -> Needs:
    """What of the tables the state names. Cost: linear in tables and in runs."""
    versions: dict[str, set[int]] = {}
    newest: dict[str, int] = {}
    tables: dict[str, str] = {}
    for row in state.range(TABLES):
        tables[row.table_id] = row.full_name
        if row.version is not None:
            newest[row.table_id] = row.version
            versions.setdefault(row.table_id, set()).add(row.version)
    for asset, version in _read_in_flight(state):
        found = state.get(ASSETS, asset)
        if found is not None:
            versions.setdefault(found.table_id, set()).add(version)
    prepared = {table.prepared for table in _moving(state)}
    return Needs(versions, newest, frozenset(_staged(state)), frozenset(prepared), tables)


def _read_in_flight(state: State) -> Iterator[tuple[str, int]]:
    for row in state.range(ACTIVE_RUNS):
        plan = state.get(PLANS, row.run_id)
        yield from (plan.pins.items() if plan else ())
    for restore in started_restores(state):
        yield from restore.versions.items()


def _moving(state: State) -> Iterator[PreparedTable]:
    for publication in started_publications(state):
        yield from publication.tables
    for restore in started_restores(state):
        yield from restore.tables


def _staged(state: State) -> Iterator[str]:
    """What runs staged that did not succeed, or not yet: it may still be published."""
    for run in state.range(RUNS):
        if run.state is not RunState.SUCCEEDED and run.staged:
            for task in state.range(TASKS, run.run_id):
                yield from (file.key for file in (task.output.files if task.output else ()))


def _counts(key: str, newest: int) -> bool:
    """True for what makes a version, and for a checkpoint, up to the newest version we know."""
    folder, _, name = key.rpartition("/")
    number = name[:VERSION_DIGITS]
    is_version = len(number) == VERSION_DIGITS and number.isdecimal()
    return folder.endswith(("/_delta_log", "/_file_lists")) and is_version and int(number) <= newest


__all__ = ["Exported", "Needs", "TableContents", "export", "table_contents", "table_needs"]
