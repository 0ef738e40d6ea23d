"""What is said about objects: comments, owners, properties, texts, tags; what external tables hold.

Asking for what is already so decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from arco.catalog.changes import Alter, Refresh, SetTags
from arco.catalog.decisions.asking import Asker, indexed, matching, seen_at
from arco.catalog.decisions.creating import spelled
from arco.catalog.events import ObjectAltered, ObjectTagged, TableRefreshed
from arco.catalog.kinds import Found, Kind
from arco.catalog.names import checked_properties, checked_text
from arco.catalog.tables import COLUMNS, TAGS
from arco.errors import Conflict, Invalid
from arco.model import Payload, State


def alter(command: Alter, asker: Asker, *, state: State, now: datetime) -> Iterator[Payload]:
    """ObjectAltered, unless nothing differs.

    Raises: NotFound; Precondition; Invalid TEXTS_UNEXPECTED, COLUMN_UNKNOWN.
    """
    found = matching(state, command.kind, name=command.name, etag=command.if_match)
    if command.texts is not None and command.kind not in (Kind.VIEW, Kind.FUNCTION):
        raise Invalid(
            "TEXTS_UNEXPECTED", f"a {command.kind} has no texts", hint="leave `texts` out"
        )
    refuse_unknown_columns(state, found, names=command.column_comments)
    standing = found.row.properties or {}
    properties = checked_properties(merged(standing, command.properties))
    texts = None if command.texts is None else spelled(command.texts)
    altered = ObjectAltered(
        object_id=found.object_id,
        revision=found.revision + 1,
        altered_at=now,
        comment=_differing(command.comment, found.row.comment),
        owner=_differing(command.owner, found.row.owner),
        properties=properties if properties != standing else None,
        texts=texts if texts != getattr(found.row, "texts", None) else None,
        column_comments={
            name: checked_text(text) for name, text in command.column_comments.items()
        },
    )
    silent = ObjectAltered(object_id=altered.object_id, revision=altered.revision, altered_at=now)
    if altered != silent:
        yield from indexed(state, found)
        yield altered


def set_tags(command: SetTags, asker: Asker, *, state: State, now: datetime) -> Iterator[Payload]:
    """ObjectTagged, unless the tags stand so already.

    Raises: NotFound; Precondition; Invalid COLUMN_UNKNOWN, NAME_INVALID.
    """
    found = matching(state, command.kind, name=command.name, etag=command.if_match)
    if command.column:
        refuse_unknown_columns(state, found, names=(command.column,))
    rows = state.range(TAGS, found.object_id, command.column)
    standing = {row.tag: row.value for row in rows}
    wanted = checked_properties(merged(standing, command.tags))
    fresh = {tag: value for tag, value in wanted.items() if standing.get(tag) != value}
    removed = tuple(sorted(standing.keys() - wanted.keys()))
    if fresh or removed:
        yield from indexed(state, found)
        yield ObjectTagged(
            object_id=found.object_id,
            revision=found.revision + 1,
            tagged_at=now,
            column=command.column,
            tags=fresh,
            removed=removed,
        )


def refresh(command: Refresh, asker: Asker, *, state: State, now: datetime) -> Iterator[Payload]:
    """TableRefreshed with what was found at the table's location.

    Raises: NotFound; Precondition; Conflict TABLE_NOT_EXTERNAL.
    """
    found = matching(state, Kind.TABLE, name=command.name, etag=command.if_match)
    if not found.row.is_external:
        raise Conflict(
            "TABLE_NOT_EXTERNAL",
            f"{command.name} is no external table",
            hint="a managed table changes when a run publishes it",
        )
    seen = seen_at(asker, found.row.location)
    yield TableRefreshed(
        table_id=found.object_id,
        revision=found.revision + 1,
        refreshed_at=now,
        columns=seen.columns,
        partition_columns=seen.partition_columns,
        version=seen.version,
        rows=seen.rows,
        size_bytes=seen.size_bytes,
        files=seen.files,
    )


def refuse_unknown_columns(state: State, found: Found, *, names: object) -> None:
    """Nothing, when the table has every one of the columns.

    Raises: Invalid COLUMN_UNKNOWN.
    """
    wanted = list(names) if isinstance(names, (Mapping, tuple)) else []
    if not wanted:
        return
    known = {row.name for row in state.range(COLUMNS, found.object_id)}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise Invalid(
            "COLUMN_UNKNOWN",
            f"{found.full_name} has no column {unknown[0][:80]!r}",
            hint="column names keep their case; the table's page lists them",
        )


def merged(standing: Mapping[str, str], wanted: Mapping[str, str | None]) -> dict[str, str]:
    """What stands, with what is wanted laid over it; null takes away."""
    together = {**standing, **wanted}
    return {name: value for name, value in together.items() if value is not None}


def _differing(wanted: str | None, standing: str | None) -> str | None:
    if wanted is None or wanted == (standing or ""):
        return None
    return checked_text(wanted)


__all__ = ["alter", "merged", "refresh", "refuse_unknown_columns", "set_tags"]
