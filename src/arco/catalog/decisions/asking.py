"""Who asks for changes, and what a decision may take from them: ids, places for files, time.

Pure: the same asker and state decide the same events, however often they are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TypeAlias

import msgspec

from arco.catalog.events import CatalogCreatedV2, NamespaceCreatedV2, PublishedColumn
from arco.catalog.finding import find
from arco.catalog.kinds import Found, Kind, by_id
from arco.errors import ArcoError, Conflict, Precondition
from arco.model import Payload, State

UNDROP_FOR = timedelta(days=7)


class Surveyed(msgspec.Struct, frozen=True, kw_only=True):
    """What was found at the location of an external table, before anything was decided."""

    columns: tuple[PublishedColumn, ...]
    partition_columns: tuple[str, ...] = ()
    version: int | None = None
    rows: int | None = None
    size_bytes: int | None = None
    files: int | None = None


Seen: TypeAlias = Surveyed | ArcoError
"""What was found at a location, or why that could not be told."""


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what the request brings along."""

    actor: str = ""
    owner: str = ""
    """Who owns what is created, when the change does not say."""
    mint: Callable[[str], str]
    """A name of something to create -> its id, always the same one."""
    folder: Callable[[str], str]
    """An object's id -> where its files stand, when they are ours."""
    surveyed: Mapping[str, Seen] = {}
    """Location -> what was found there."""
    undrop_for: timedelta = UNDROP_FOR
    """How long what is dropped can be brought back."""


def seen_at(asker: Asker, location: str) -> Surveyed:
    """What was found at the location.

    Raises: why it could not be told; Conflict LOCATION_UNSEEN when nobody looked there.
    """
    found = asker.surveyed.get(location)
    if found is None:
        raise Conflict(
            "LOCATION_UNSEEN",
            "the table came to stand at another location while the request was prepared",
            hint="ask again",
        )
    if isinstance(found, ArcoError):
        raise found
    return found


def matching(state: State, kind: Kind, *, name: str, etag: str) -> Found:
    """The object, if it is the version that was meant; any, where no `etag` is given.

    Raises: NotFound; Precondition OBJECT_CHANGED.
    """
    found = find(state, kind, name=name)
    if etag and etag.strip('"') not in (found.etag, "*"):
        raise Precondition(
            "OBJECT_CHANGED",
            f"{kind} {name} was changed since it was read",
            hint="read it again, then decide again",
            etag=found.etag,
        )
    return found


def indexed(state: State, found: Found) -> Iterator[Payload]:
    """The event that makes an object of the first release findable by its id, if it is none."""
    if by_id(state, found.object_id) is not None:
        return
    row = found.row
    if found.kind is Kind.CATALOG:
        yield CatalogCreatedV2(name=row.name, catalog_id=row.catalog_id, created_at=row.created_at)
    else:
        yield NamespaceCreatedV2(
            catalog=row.catalog,
            name=row.name,
            namespace_id=row.namespace_id,
            created_at=row.created_at,
        )


__all__ = ["UNDROP_FOR", "Asker", "Seen", "Surveyed", "indexed", "matching", "seen_at"]
