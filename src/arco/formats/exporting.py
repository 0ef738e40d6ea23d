"""Which files of user tables a workspace needs to go on elsewhere.

The versions that readers see, those that runs and restores in flight read, and what was staged and
is not published yet; older versions stay behind. Must not know how files are packed.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

import msgspec

from arco.catalog.tables import TABLES
from arco.engine.package import Content
from arco.formats import delta
from arco.model import State
from arco.orchestration.commands.publications import started_publications
from arco.orchestration.commands.restores import started_restores
from arco.orchestration.rows import PreparedTable
from arco.orchestration.states import RunState
from arco.orchestration.tables import ACTIVE_RUNS, ASSETS, PLANS, RUNS, TASKS
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


async def table_contents(workspace: Workspace) -> list[Content]:
    """Every object of user tables that the state names. Cost: a LIST and a log replay a table.

    Raises: what `delta.snapshot` raises.
    """
    needs = await workspace.database.asked(table_needs)
    names: set[str] = set(needs.prepared)
    for table_id in sorted(needs.versions.keys() | {name.split("/")[1] for name in needs.staged}):
        folder = keys.warehouse(table_id)
        found = {entry.key for entry in await workspace.store.list(folder)}
        names |= found & needs.staged
        names |= {key for key in found if _counts(key, needs.newest.get(table_id, -1))}
        for version in sorted(needs.versions.get(table_id, ())):
            location = workspace.store.location(folder.rstrip("/"))
            snapshot = await workspace.runtime.thread(delta.snapshot, location, version)
            names |= {folder + unquote(file.path) for file in snapshot.files}
    return [Content(name) for name in sorted(names)]


def table_needs(state: State) -> Needs:
    """What of the tables the state names. Cost: linear in tables and in runs."""
    versions: dict[str, set[int]] = {}
    newest: dict[str, int] = {}
    for row in state.range(TABLES):
        if row.version is not None:
            newest[row.table_id] = row.version
            versions.setdefault(row.table_id, set()).add(row.version)
    for asset, version in _read_in_flight(state):
        found = state.get(ASSETS, asset)
        if found is not None:
            versions.setdefault(found.table_id, set()).add(version)
    prepared = {table.prepared for table in _moving(state)}
    return Needs(versions, newest, frozenset(_staged(state)), frozenset(prepared))


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
    """True for an entry or a checkpoint of the table's log, up to the newest version we know."""
    folder, _, name = key.rpartition("/")
    number = name[:VERSION_DIGITS]
    is_version = len(number) == VERSION_DIGITS and number.isdecimal()
    return folder.endswith("/_delta_log") and is_version and int(number) <= newest


__all__ = ["Needs", "table_contents", "table_needs"]
