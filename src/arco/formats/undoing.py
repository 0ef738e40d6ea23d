"""Taking back what stands of a publication that cannot go forward: the entries after which a table
holds what it would hold without it.

What other programs wrote, before or after, stays. An entry is prepared and created as every other
is, so whoever leads goes on. Must not know why a publication ends.
Source: ADR 24.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import msgspec

from arco.errors import Invalid, NotFound
from arco.formats import kinds
from arco.formats.entries import as_fixed, fixed_entry
from arco.formats.kinds import KINDS
from arco.formats.steps import Reversion, reverted, without
from arco.formats.versions import PublishedVersion, TableSnapshot
from arco.ids import milliseconds
from arco.model import State
from arco.orchestration.definitions import Format
from arco.orchestration.published import recorded_entry
from arco.orchestration.rows import Asset, PreparedTable
from arco.orchestration.tables import ASSETS
from arco.service.table_formats import format_of
from arco.service.workspace import Workspace
from arco.store import keys

LOG = logging.getLogger(__name__)


class Undo(msgspec.Struct, frozen=True):
    """Entries that stand, and those that take them back; a table that cannot be written to any more
    is in neither.
    """

    standing: tuple[PreparedTable, ...]
    tables: tuple[PreparedTable, ...]
    left: tuple[str, ...]
    """The assets whose tables keep what they have."""


async def undo_of(workspace: Workspace, standing: Iterable[PreparedTable], *, run_id: str) -> Undo:
    """What takes these entries back, on top of the newest version of each table."""
    pairs: list[tuple[PreparedTable, PreparedTable]] = []
    left: list[str] = []
    for table in standing:
        try:
            pairs.append((table, await _undone(workspace, table, run_id=run_id)))
        except (Invalid, NotFound) as error:
            LOG.warning("%s keeps what run %s wrote to it: %s", table.asset, run_id, error)
            left.append(table.asset)
    return Undo(tuple(each for each, _ in pairs), tuple(each for _, each in pairs), tuple(left))


async def _undone(workspace: Workspace, table: PreparedTable, *, run_id: str) -> PreparedTable:
    former = table.version - 1

    def known(state: State) -> tuple[Asset, Format, str]:
        asset = state.get(ASSETS, table.asset)
        assert asset is not None, table.asset
        entry = recorded_entry(state, table.asset, version=former)
        return asset, format_of(state, asset), entry

    asset, format, entry = await workspace.database.asked(known)
    location = workspace.store.location(keys.warehouse(table.table_id).rstrip("/"))
    thread = workspace.runtime.thread
    newest = await thread(KINDS[format].latest_version, location)
    assert newest is not None, location
    present = await thread(kinds.snapshot, location, PublishedVersion(newest, format=format))
    ours = await thread(kinds.snapshot, location, as_fixed(table, format))
    onto = PublishedVersion(former, entry, format)
    before = await thread(kinds.snapshot, location, onto) if table.version else None
    reversion = Reversion(
        table_id=table.table_id,
        restore_id=run_id,
        target=as_without(present, ours=ours, before=before),
        committed_at_ms=milliseconds(workspace.runtime.now()),
    )
    step = reverted(reversion, present)
    data = await thread(KINDS[format].entry, step, present)
    return await fixed_entry(workspace.store, asset, data=data, version=newest + 1, owner=run_id)


def as_without(
    present: TableSnapshot, *, ours: TableSnapshot, before: TableSnapshot | None
) -> TableSnapshot:
    """What `present` would be if the step from `before` to `ours` had not been made.

    The schema goes back, too, unless somebody changed it since.
    """
    came = {file.path for file in (without(ours, before) if before else ours.files)}
    stands = {file.path for file in present.files}
    back = [file for file in (without(before, ours) if before else ()) if file.path not in stands]
    kept = [file for file in present.files if file.path not in came]
    is_ours = before is not None and present.schema == ours.schema
    shape = before if before is not None and is_ours else present
    return msgspec.structs.replace(
        present,
        version=ours.version - 1 if before else ours.version,
        schema=shape.schema,
        partition_columns=shape.partition_columns,
        files=(*kept, *back),
    )


__all__ = ["Undo", "as_without", "undo_of"]
