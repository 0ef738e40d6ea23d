"""Objects move, are dropped, come back and are purged; what they contain goes with them.

A dropped object is one row that holds the rows it was, so its names are free at once and it comes
back as it was. Cost: linear in what the object contains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from arco.catalog.containing import contents, key_at, place_of, placed
from arco.catalog.events import (
    FilesPurged,
    ObjectDropped,
    ObjectMoved,
    ObjectsPurged,
    ObjectUndropped,
)
from arco.catalog.kinds import SHELVES, Found, Kind, index_drop, index_put, is_free
from arco.catalog.reducers.changing import next_revision
from arco.catalog.tables import (
    ALL,
    COLUMNS,
    DROPPED,
    DROPPED_NAMES,
    DROPPED_UNTIL,
    DROPPED_WITH,
    PURGED,
    SCHEMA_VERSIONS,
    TAGGED,
    TAGS,
    DroppedName,
    DroppedObject,
    DroppedUntil,
    DroppedWith,
    Purged,
)
from arco.model import Change, Drop, Misses, Put, State, Table

TABLES_BY_NAME: dict[str, Table[Any]] = {table.name: table for table in ALL}


def object_moved(state: State, event: ObjectMoved) -> Iterator[Change]:
    """The object and what it contains stand in the new place, unless that is taken or gone."""
    found = next_revision(state, event.object_id, revision=event.revision)
    place = place_of(state, event.catalog, namespace=event.namespace, name=event.name)
    if found is None or place is None:
        return
    key = key_at(found.kind, place)
    if key != found.key and not is_free(state, found.kind, key=key):
        return
    within = list(contents(state, found))
    for each in (found, *within):
        yield Drop(SHELVES[each.kind].table, each.key)
    root = msgspec.structs.replace(found.row, revision=event.revision, altered_at=event.moved_at)
    for each in (Found(found.kind, root), *within):
        moved = placed(each, root=found, to=place)
        yield Put(SHELVES[each.kind].table, moved.row)
        yield index_put(moved)


def object_dropped(state: State, event: ObjectDropped) -> Iterator[Change]:
    """The object and what it contains are kept as dropped, and their names are free."""
    found = next_revision(state, event.object_id, revision=event.revision)
    if found is None:
        return
    root = Found(found.kind, msgspec.structs.replace(found.row, revision=event.revision))
    misses = Misses()
    for position, each in enumerate((root, *contents(state, found))):
        with misses:
            rows = list(_rows(state, each))
            yield from (Drop(table, table.key_of(row)) for table, row in rows)
            yield index_drop(each)
            yield from _kept(each, rows, event=event, position=position)
    misses.settle()


def object_undropped(state: State, event: ObjectUndropped) -> Iterator[Change]:
    """The object and what was dropped with it stand again, unless the place is taken or gone."""
    dropped = state.get(DROPPED, event.object_id)
    place = place_of(state, event.catalog, namespace=event.namespace, name=event.name)
    if dropped is None or place is None or event.revision != dropped.revision + 1:
        return
    root = main_row(dropped)
    if not is_free(state, root.kind, key=key_at(root.kind, place)):
        return
    for each in together(state, dropped):
        for table, row in saved_rows(each):
            is_main = table is SHELVES[Kind(each.kind)].table
            if not is_main:
                yield Put(table, row)
                continue
            if each.object_id == event.object_id:
                row = msgspec.structs.replace(
                    row, revision=event.revision, altered_at=event.undropped_at
                )
            standing = placed(Found(Kind(each.kind), row), root=root, to=place)
            yield Put(table, standing.row)
            yield index_put(standing)
        yield from _forgotten(state, each)


def objects_purged(state: State, event: ObjectsPurged) -> Iterator[Change]:
    """The dropped objects cannot come back; the files of managed tables are nobody's."""
    misses = Misses()
    for object_id in event.object_ids:
        with misses:
            yield from _purged(state, event, object_id=object_id)
    misses.settle()


def files_purged(state: State, event: FilesPurged) -> Iterator[Change]:
    """Nothing is known of the objects any more."""
    for object_id in event.object_ids:
        if state.get(PURGED, object_id) is not None:
            yield Drop(PURGED, (object_id,))


def together(state: State, dropped: DroppedObject) -> Iterator[DroppedObject]:
    """The dropped object, then what its drop took along and is still there, containers first."""
    if dropped.dropped_with != dropped.object_id:
        yield dropped
        return
    for row in list(state.range(DROPPED_WITH, dropped.object_id)):
        member = state.get(DROPPED, row.object_id)
        if member is not None:
            yield member


def main_row(dropped: DroppedObject) -> Found:
    """The object as it stood when it was dropped."""
    return Found(Kind(dropped.kind), next(saved_rows(dropped))[1])


def saved_rows(dropped: DroppedObject) -> Iterator[tuple[Table[Any], Any]]:
    """The rows that were the object, its own first."""
    for name, data in msgspec.json.decode(dropped.rows, type=list[tuple[str, msgspec.Raw]]):
        table = TABLES_BY_NAME[name]
        yield table, msgspec.json.decode(data, type=table.row)


def _purged(state: State, event: ObjectsPurged, *, object_id: str) -> Iterator[Change]:
    dropped = state.get(DROPPED, object_id)
    if dropped is None:
        return
    yield from _forgotten(state, dropped)
    for row in list(state.range(SCHEMA_VERSIONS, object_id)):
        yield Drop(SCHEMA_VERSIONS, (object_id, row.schema_version))
    if main_row(dropped).keeps_files:
        yield Put(PURGED, Purged(object_id=object_id, purged_at=event.purged_at))


def _rows(state: State, found: Found) -> Iterator[tuple[Table[Any], Any]]:
    yield SHELVES[found.kind].table, found.row
    yield from ((COLUMNS, row) for row in state.range(COLUMNS, found.object_id))
    yield from ((TAGS, row) for row in state.range(TAGS, found.object_id))
    for tag in state.range(TAGS, found.object_id):
        row = state.get(TAGGED, tag.tag, tag.value, tag.object_id, tag.column)
        if row is not None:
            yield TAGGED, row


def _kept(
    found: Found,
    rows: Iterable[tuple[Table[Any], Any]],
    *,
    event: ObjectDropped,
    position: int,
) -> Iterator[Change]:
    object_id, name = found.object_id, found.full_name
    text = msgspec.json.encode([(table.name, row) for table, row in rows], order="sorted").decode()
    row = DroppedObject(
        object_id=object_id,
        kind=found.kind.value,
        full_name=name,
        dropped_with=event.object_id,
        position=position,
        rows=text,
        revision=found.revision,
        dropped_at=event.dropped_at,
        purge_after=event.purge_after,
    )
    yield Put(DROPPED, row)
    yield Put(DROPPED_NAMES, DroppedName(full_name=name, object_id=object_id))
    yield Put(DROPPED_UNTIL, DroppedUntil(purge_after=event.purge_after, object_id=object_id))
    member = DroppedWith(dropped_with=event.object_id, position=position, object_id=object_id)
    yield Put(DROPPED_WITH, member)


def _forgotten(state: State, dropped: DroppedObject) -> Iterator[Change]:
    object_id = dropped.object_id
    yield Drop(DROPPED, (object_id,))
    yield Drop(DROPPED_NAMES, (dropped.full_name, object_id))
    yield Drop(DROPPED_UNTIL, (dropped.purge_after, object_id))
    yield Drop(DROPPED_WITH, (dropped.dropped_with, dropped.position))


__all__ = [
    "files_purged",
    "main_row",
    "object_dropped",
    "object_moved",
    "object_undropped",
    "objects_purged",
    "saved_rows",
    "together",
]
