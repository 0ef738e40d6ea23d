"""Catalog objects as people are told of them: one with its tags, and the slices that lists are made
of.

These structs are what the API sends and the CLI prints. Must not know who asks: whoever may not
know of something asks of a state in which it is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from arco.catalog.finding import DEFAULT_CATALOG, find
from arco.catalog.kinds import LEAVES, SHELVES, Found, Kind, by_id
from arco.catalog.tables import (
    CATALOGS,
    DROPPED,
    DROPPED_NAMES,
    NAMESPACES,
    SCHEMA_VERSIONS,
    TAGGED,
    TAGS,
    Catalog,
    Function,
    Namespace,
    SchemaVersion,
    Tag,
    View,
    Volume,
)
from arco.model import Key, State
from arco.service.summaries import TableDetail, table_detail


class CatalogDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One catalog with its tags."""

    catalog: Catalog
    tags: tuple[Tag, ...]
    etag: str


class NamespaceDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One namespace with its tags."""

    namespace: Namespace
    tags: tuple[Tag, ...]
    etag: str


class ViewDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One view with its tags."""

    view: View
    tags: tuple[Tag, ...]
    etag: str


class VolumeDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One volume with its tags."""

    volume: Volume
    tags: tuple[Tag, ...]
    etag: str


class FunctionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One function with its tags."""

    function: Function
    tags: tuple[Tag, ...]
    etag: str


class Changed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The object that one change was about, as it stands once all of them happened."""

    kind: Kind
    object_id: str
    full_name: str = ""
    """Its name with every part; absent when it does not stand any more."""
    etag: str = ""
    """What `if_match` takes; absent when it does not stand any more."""


class Bearer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What bears a tag: an object, or a column of it."""

    tag: str
    value: str
    kind: Kind
    full_name: str
    column: str = ""
    object_id: str


class DroppedLine(msgspec.Struct, frozen=True, kw_only=True):
    """An object that was dropped and can be brought back."""

    object_id: str
    kind: str
    full_name: str
    dropped_with: str
    """The object whose drop took it along; its own id when it was dropped itself."""
    dropped_at: datetime
    purge_after: datetime
    """From then on it may be gone for good."""


ObjectDetail: TypeAlias = (
    CatalogDetail | NamespaceDetail | TableDetail | ViewDetail | VolumeDetail | FunctionDetail
)
PLACES: Mapping[Kind, tuple[str, ...]] = {
    Kind.CATALOG: ("name",),
    Kind.NAMESPACE: ("catalog", "name"),
    **dict.fromkeys(LEAVES, ("catalog", "namespace", "name")),
}
"""The fields that say where an object stands: the order of every list."""
DETAILS: Mapping[Kind, type[Any]] = {
    Kind.CATALOG: CatalogDetail,
    Kind.NAMESPACE: NamespaceDetail,
    Kind.VIEW: ViewDetail,
    Kind.VOLUME: VolumeDetail,
    Kind.FUNCTION: FunctionDetail,
}


def detail_of(state: State, found: Found) -> ObjectDetail:
    """The object with what is said about it."""
    if found.kind is Kind.TABLE:
        return table_detail(state, found.row)
    tags = tuple(state.range(TAGS, found.object_id))
    fields = {found.kind.value: found.row, "tags": tags, "etag": found.etag}
    detail: ObjectDetail = DETAILS[found.kind](**fields)
    return detail


def find_detail(state: State, kind: Kind, *, name: str) -> Any:
    """The object of this kind with that name or id.

    Raises: NotFound with close names.
    """
    return detail_of(state, find(state, kind, name=name))


def objects_behind(
    state: State, kind: Kind, *, after: Key | None, catalog: str = "", namespace: str = ""
) -> Iterator[Any]:
    """Rows of this kind in the order of `PLACES`, from behind `after`.

    Where the kind has them: only those of a `catalog`, or that stand in a `namespace` itself.
    """
    if kind is Kind.CATALOG:
        return catalogs_behind(state, after)
    if kind is Kind.NAMESPACE:
        return namespaces_behind(state, after, catalog=catalog)
    return leaves_behind(state, kind, after=after, catalog=catalog, namespace=namespace)


def leaves_behind(
    state: State, kind: Kind, *, after: Key | None, catalog: str = "", namespace: str = ""
) -> Iterator[Any]:
    """Rows of this kind by catalog, namespace and name, from behind `after`.

    With a `namespace` only those of it, in `main` where no catalog is named. Cost: what is taken.
    """
    assert kind in LEAVES, kind
    first = tuple(str(part) for part in after or ("", "", ""))
    for row in _namespaces_from(state, first[:2], catalog=catalog, namespace=namespace):
        is_first = (row.catalog, row.name) == first[:2]
        start = (row.namespace_id, first[2]) if is_first else None
        yield from state.range(SHELVES[kind].table, row.namespace_id, after=start)


def namespaces_behind(state: State, after: Key | None, *, catalog: str = "") -> Iterator[Namespace]:
    """Namespaces by catalog and name, from behind `after`."""
    prefix = (catalog,) if catalog else ()
    yield from state.range(NAMESPACES, *prefix, after=after)


def catalogs_behind(state: State, after: Key | None) -> Iterator[Catalog]:
    """Catalogs by name, from behind `after`."""
    yield from state.range(CATALOGS, after=after)


def bearers_behind(
    state: State, after: Key | None, *, tag: str = "", value: str | None = None
) -> Iterator[Bearer]:
    """What bears the tag, with that value where one is named; any tag where none is."""
    prefix: tuple[str, ...] = (tag,) if tag else ()
    if tag and value is not None:
        prefix = (tag, value)
    for row in state.range(TAGGED, *prefix, after=after):
        found = by_id(state, row.object_id)
        if found is not None:
            yield Bearer(
                tag=row.tag,
                value=row.value,
                kind=found.kind,
                full_name=found.full_name,
                column=row.column,
                object_id=row.object_id,
            )


def schemas_of(state: State, name: str, *, after: Key | None = None) -> list[SchemaVersion]:
    """The schemas a table has had, the newest first, from behind the version of one.

    Raises: NotFound with close names.
    """
    table = find(state, Kind.TABLE, name=name)
    rows = state.range(SCHEMA_VERSIONS, table.object_id)
    return [row for row in rows if after is None or (row.schema_version,) < after][::-1]


def dropped_behind(state: State, after: Key | None) -> Iterator[DroppedLine]:
    """What can be brought back, by the name it had."""
    for named in state.range(DROPPED_NAMES, after=after):
        row = state.get(DROPPED, named.object_id)
        if row is not None:
            yield DroppedLine(
                object_id=row.object_id,
                kind=row.kind,
                full_name=row.full_name,
                dropped_with=row.dropped_with,
                dropped_at=row.dropped_at,
                purge_after=row.purge_after,
            )


def _namespaces_from(
    state: State, first: tuple[str, ...], *, catalog: str, namespace: str
) -> Iterator[Namespace]:
    if namespace:
        row = state.get(NAMESPACES, catalog or DEFAULT_CATALOG, namespace)
        if row is not None:
            yield row
        return
    row = state.get(NAMESPACES, *first) if first[0] else None
    if row is not None and catalog in ("", row.catalog):
        yield row
    prefix = (catalog,) if catalog else ()
    yield from state.range(NAMESPACES, *prefix, after=first if first[0] else None)


__all__ = [
    "PLACES",
    "Bearer",
    "CatalogDetail",
    "Changed",
    "DroppedLine",
    "FunctionDetail",
    "NamespaceDetail",
    "ObjectDetail",
    "ViewDetail",
    "VolumeDetail",
    "bearers_behind",
    "catalogs_behind",
    "detail_of",
    "dropped_behind",
    "find_detail",
    "leaves_behind",
    "namespaces_behind",
    "objects_behind",
    "schemas_of",
]
