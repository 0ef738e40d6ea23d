"""The files of managed tables and volumes that were dropped long enough ago: garbage, once no kept
moment shows what they were.

A table that an asset makes keeps its files: the asset goes on with them, and they age as its old
versions do. Source: storage format, "Collecting garbage".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from arco.catalog.events import FilesPurged
from arco.catalog.kinds import by_id
from arco.catalog.tables import PURGED
from arco.engine.collect import Area, Ask, Judge
from arco.engine.garbage import PINS, collection_of
from arco.engine.past import state_at
from arco.model import Event, State
from arco.service.leftovers import table_ids
from arco.service.retention import Retention
from arco.service.workspace import Workspace
from arco.store import keys
from arco.store.port import Entry

PURGED_FILES = "purged files"


def purged_files(workspace: Workspace, retention: Retention) -> Area:
    """Everything in the folders of purged objects that no kept moment shows."""

    async def listed(ask: Ask) -> list[Entry]:
        entries: list[Entry] = []
        for object_id in await ask(purged_ids):
            entries += await workspace.store.list(keys.warehouse(object_id))
        return entries

    async def mark(ask: Ask, names: Sequence[str]) -> Judge:
        owners = sorted({keys.warehouse_owner(name) for name in names})
        shown = await _shown(workspace, ask, owners=owners)
        return partial(_unneeded, shown=shown)

    return Area(name=PURGED_FILES, grace=retention.policy.grace, listed=listed, mark=mark)


async def forget_purged(workspace: Workspace) -> None:
    """What has no file any more, and what an asset makes, is not remembered as purged."""
    known = await workspace.database.asked(lambda state: [*_purged(state)])
    made = set(await workspace.database.asked(table_ids))
    empty = [
        object_id
        for object_id in known
        if object_id in made or not await workspace.store.list(keys.warehouse(object_id))
    ]
    if empty:
        await workspace.database.transact(partial(_forgotten, object_ids=tuple(empty)))


def purged_ids(state: State) -> list[str]:
    """Purged objects whose folders are nobody's."""
    made = set(table_ids(state))
    return [object_id for object_id in _purged(state) if object_id not in made]


def _purged(state: State) -> list[str]:
    return [row.object_id for row in state.range(PURGED)]


async def _shown(workspace: Workspace, ask: Ask, *, owners: Sequence[str]) -> set[str]:
    """Those objects that stand at the floor or at a pin."""
    shown: set[str] = set()
    for slot in await ask(_kept_slots):
        past = await state_at(workspace.database, slot)
        shown |= await past.asked(partial(_standing, owners=owners))
    return shown


def _kept_slots(state: State) -> list[int]:
    return [collection_of(state).floor, *(pin.slot for pin in state.range(PINS))]


def _standing(state: State, *, owners: Sequence[str]) -> set[str]:
    return {owner for owner in owners if by_id(state, owner) is not None}


def _unneeded(state: State, names: Sequence[str], *, shown: set[str]) -> list[str]:
    purged = set(purged_ids(state))
    return [
        name
        for name in names
        if (owner := keys.warehouse_owner(name)) in purged and owner not in shown
    ]


def _forgotten(state: State, now: datetime, *, object_ids: tuple[str, ...]) -> Sequence[Event]:
    still = tuple(each for each in object_ids if state.get(PURGED, each) is not None)
    return (Event(FilesPurged(object_ids=still, purged_at=now)),) if still else ()


__all__ = ["PURGED_FILES", "forget_purged", "purged_files", "purged_ids"]
