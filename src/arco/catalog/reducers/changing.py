"""What is said about objects changes: comments, owners, properties, texts, tags.

Law F3: an event names the revision it makes; any other revision than the next one is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from arco.catalog.events import ObjectAltered, ObjectTagged
from arco.catalog.kinds import SHELVES, Found, Kind, by_id
from arco.catalog.tables import COLUMNS, TAGGED, TAGS, Tag, Tagged
from arco.model import Change, Drop, Put, State


def object_altered(state: State, event: ObjectAltered) -> Iterator[Change]:
    """The object says what the event says, and what it said before where that is silent."""
    found = next_revision(state, event.object_id, revision=event.revision)
    if found is None:
        return
    said: dict[str, object] = {"revision": event.revision, "altered_at": event.altered_at}
    if event.comment is not None:
        said["comment"] = event.comment or None
    if event.owner is not None:
        said["owner"] = event.owner or None
    if event.properties is not None:
        said["properties"] = event.properties or None
    if event.texts is not None and found.kind in (Kind.VIEW, Kind.FUNCTION):
        said["texts"] = event.texts
    yield Put(SHELVES[found.kind].table, msgspec.structs.replace(found.row, **said))
    yield from _commented(state, event)


def object_tagged(state: State, event: ObjectTagged) -> Iterator[Change]:
    """The tags stand as the event says."""
    found = next_revision(state, event.object_id, revision=event.revision)
    if found is None:
        return
    row = msgspec.structs.replace(found.row, revision=event.revision, altered_at=event.tagged_at)
    yield Put(SHELVES[found.kind].table, row)
    for tag in (*event.removed, *event.tags):
        standing = state.get(TAGS, event.object_id, event.column, tag)
        if standing is not None:
            yield Drop(TAGGED, (tag, standing.value, event.object_id, event.column))
            yield Drop(TAGS, (event.object_id, event.column, tag))
    for tag, value in event.tags.items():
        yield from _tagged(
            found,
            event,
            tag=Tagged(tag=tag, value=value, object_id=event.object_id, column=event.column),
        )


def next_revision(state: State, object_id: str, *, revision: int) -> Found | None:
    """The object, if this revision is its next one."""
    found = by_id(state, object_id)
    return found if found is not None and revision == found.revision + 1 else None


def _commented(state: State, event: ObjectAltered) -> Iterator[Change]:
    if not event.column_comments:
        return
    for column in list(state.range(COLUMNS, event.object_id)):
        if column.name in event.column_comments:
            comment = event.column_comments[column.name] or None
            yield Put(COLUMNS, msgspec.structs.replace(column, comment=comment))


def _tagged(found: Found, event: ObjectTagged, *, tag: Tagged) -> Iterator[Change]:
    yield Put(TAGGED, tag)
    row = Tag(
        object_id=tag.object_id,
        column=tag.column,
        tag=tag.tag,
        value=tag.value,
        kind=found.kind.value,
        tagged_at=event.tagged_at,
    )
    yield Put(TAGS, row)


__all__ = ["next_revision", "object_altered", "object_tagged"]
