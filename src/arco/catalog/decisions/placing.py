"""Objects move, go, and come back; what would surprise is refused.

Ids stay through all of it, so grants, tags, lineage and history follow an object. A move rewrites
the rows of what it contains: a bound keeps every commit short.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from arco.catalog.changes import DropObject, Move, Undrop
from arco.catalog.containing import contents, key_at
from arco.catalog.decisions.asking import Asker, indexed, matching
from arco.catalog.decisions.creating import new_place, place_for
from arco.catalog.events import ObjectDropped, ObjectMoved, ObjectUndropped
from arco.catalog.finding import DEFAULT_CATALOG
from arco.catalog.kinds import Found, Kind, is_free
from arco.catalog.names import parts_of
from arco.catalog.tables import DROPPED, DROPPED_NAMES, DroppedObject
from arco.errors import AlreadyExists, Conflict, Invalid, NotFound
from arco.ids import is_uuid
from arco.model import Payload, State

CONTENTS_MAX = 10_000
FEW = 3


def move(command: Move, asker: Asker, *, state: State, now: datetime) -> Iterator[Payload]:
    """ObjectMoved, unless it has the name already.

    Raises: NotFound; Precondition; AlreadyExists NAME_TAKEN; Conflict CATALOG_IS_DEFAULT,
        CONTENTS_TOO_MANY; Invalid MOVED_INTO_ITSELF.
    """
    found = matching(state, command.kind, name=command.name, etag=command.if_match)
    place = place_for(state, command.kind, name=command.to)
    if key_at(command.kind, place) == found.key:
        return
    refuse_default(found)
    _within_bound(state, found)
    own = f"{found.full_name}."
    if command.kind is Kind.NAMESPACE and f"{place.catalog}.{place.path}.".startswith(own):
        raise Invalid(
            "MOVED_INTO_ITSELF",
            f"{found.full_name} cannot stand in itself",
            hint="choose a place outside of it",
        )
    place = new_place(state, command.kind, name=command.to)
    yield from indexed(state, found)
    yield ObjectMoved(
        object_id=found.object_id,
        revision=found.revision + 1,
        moved_at=now,
        catalog=place.catalog,
        namespace=place.namespace,
        name=place.name,
    )


def drop(command: DropObject, asker: Asker, *, state: State, now: datetime) -> Iterator[Payload]:
    """ObjectDropped.

    Raises: NotFound; Precondition; Conflict CATALOG_IS_DEFAULT, NOT_EMPTY, CONTENTS_TOO_MANY.
    """
    found = matching(state, command.kind, name=command.name, etag=command.if_match)
    refuse_default(found)
    held = [each.full_name for each in islice(contents(state, found), FEW)]
    if held and command.contents == "refuse":
        raise Conflict(
            "NOT_EMPTY",
            f"{found.full_name} contains {', '.join(held)}{' ...' if len(held) == FEW else ''}",
            hint='drop what is in it first, or say contents="drop" (--contents drop)',
        )
    _within_bound(state, found)
    yield from indexed(state, found)
    yield ObjectDropped(
        object_id=found.object_id,
        revision=found.revision + 1,
        dropped_at=now,
        purge_after=now + asker.undrop_for,
    )


def undrop(command: Undrop, asker: Asker, *, state: State, now: datetime) -> Iterator[Payload]:
    """ObjectUndropped.

    Raises: NotFound DROPPED_NOT_FOUND or for the place; AlreadyExists NAME_TAKEN; Conflict
        DROPPED_WITH_ANOTHER.
    """
    dropped = find_dropped(state, command.kind, name=command.name)
    kind = Kind(dropped.kind)
    is_member = dropped.dropped_with != dropped.object_id
    if is_member and kind in (Kind.CATALOG, Kind.NAMESPACE):
        raise Conflict(
            "DROPPED_WITH_ANOTHER",
            f"{dropped.full_name} went with what contained it",
            hint=f"bring that back: its id is {dropped.dropped_with}",
        )
    place = place_for(state, kind, name=command.to or dropped.full_name)
    if not is_free(state, kind, key=key_at(kind, place)):
        raise AlreadyExists(
            "NAME_TAKEN",
            f"the name {command.to or dropped.full_name} is in use meanwhile",
            hint="bring it back under another one: `to` (--as)",
        )
    yield ObjectUndropped(
        object_id=dropped.object_id,
        revision=dropped.revision + 1,
        undropped_at=now,
        catalog=place.catalog,
        namespace=place.namespace,
        name=place.name,
    )


def find_dropped(state: State, kind: Kind, *, name: str) -> DroppedObject:
    """The dropped object with this id, or the newest that had this name.

    Raises: NotFound DROPPED_NOT_FOUND.
    """
    if is_uuid(name):
        found = [state.get(DROPPED, name)]
    else:
        full = ".".join(parts_of(name))
        spelled = (full, f"{DEFAULT_CATALOG}.{full}") if kind is not Kind.CATALOG else (full,)
        ids = [row.object_id for each in spelled for row in state.range(DROPPED_NAMES, each)]
        found = [state.get(DROPPED, object_id) for object_id in ids]
    rows = [row for row in found if row is not None and row.kind == kind]
    if not rows:
        raise no_dropped(kind, name)
    return max(rows, key=lambda row: (row.dropped_at, row.object_id))


def no_dropped(kind: Kind, name: str) -> NotFound:
    """The error for a dropped object that is not there or may not be known of."""
    return NotFound(
        "DROPPED_NOT_FOUND",
        f"no dropped {kind} was called {name[:200]}",
        hint="`arco undrop --list` lists what can be brought back",
    )


def refuse_default(found: Found) -> None:
    """Nothing, unless this is the catalog that names without a catalog are read in.

    Raises: Conflict CATALOG_IS_DEFAULT.
    """
    if found.kind is Kind.CATALOG and found.row.name == DEFAULT_CATALOG:
        raise Conflict(
            "CATALOG_IS_DEFAULT",
            f"{DEFAULT_CATALOG} is what names without a catalog mean; it stays",
            hint="rename or drop what is in it instead",
        )


def _within_bound(state: State, found: Found) -> None:
    if next(islice(contents(state, found), CONTENTS_MAX, None), None) is not None:
        raise Conflict(
            "CONTENTS_TOO_MANY",
            f"{found.full_name} contains more than {CONTENTS_MAX} objects: one commit stays short",
            hint="move or drop what is in it in parts first",
        )


__all__ = ["CONTENTS_MAX", "drop", "find_dropped", "move", "no_dropped", "refuse_default", "undrop"]
