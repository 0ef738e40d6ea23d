"""Decisions of the catalog: what has to happen so that published versions have a name to be
found under.

Pure: ids and times come with the request; ids of objects that may not exist yet are derived by
their creator. Publishing never fails for a name: a publication that started only goes forward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from arco.catalog.events import (
    CatalogCreatedV2,
    NamespaceCreatedV2,
    ObjectTagged,
    ObjectUndropped,
    PublishedColumn,
    TableRegisteredV2,
    TableVersionPublishedV2,
)
from arco.catalog.finding import DEFAULT_CATALOG
from arco.catalog.kinds import MANAGED, Kind, is_free
from arco.catalog.tables import CATALOGS, DROPPED, NAMESPACES, TABLE_NAMES, TABLES, TAGS
from arco.model import Event, Misses, Payload, State

MintId = Callable[[str], str]
SUFFIX_CHARACTERS = 8


class PublishedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One table version to make visible, and what to call the table if nobody has named it yet."""

    table_id: str
    namespace: str
    name: str
    version: int
    columns: tuple[PublishedColumn, ...]
    rows: int
    size_bytes: int
    files: int
    location: str
    format: str = "delta"
    description: str = ""
    owner: str = ""
    """Who owns the table from its first version on; later it is whom the catalog says."""
    tags: dict[str, str] = {}
    """What its code declares; tags that people gave besides stay."""
    partition_columns: tuple[str, ...] = ()


class PublishVersions(msgspec.Struct, frozen=True, kw_only=True):
    """The table versions that one run makes visible."""

    versions: tuple[PublishedVersion, ...]
    run_id: str
    actor: str
    mint: MintId
    """`catalog:{name}` or `namespace:{name}` -> the id to use if it has to be created."""


def publish_versions(command: PublishVersions, state: State, *, now: datetime) -> list[Event]:
    """The catalog, namespaces and tables that are missing, then every version.

    A table that was dropped comes back. A name that another object holds is not taken from it: the
    table gets one that ends like its id.
    """
    payloads: list[Payload] = []
    if state.get(CATALOGS, DEFAULT_CATALOG) is None:
        catalog_id = command.mint(f"catalog:{DEFAULT_CATALOG}")
        payloads.append(
            CatalogCreatedV2(name=DEFAULT_CATALOG, catalog_id=catalog_id, created_at=now)
        )
    namespaces: dict[str, str] = {}
    misses = Misses()
    for version in command.versions:
        with misses:
            payloads += _appearing(command, state, now=now, version=version, known=namespaces)
            payloads += _tags(state, now, version=version)
            payloads.append(_published(command, now, version=version))
    misses.settle()
    return [Event(payload, command.actor) for payload in payloads]


def _appearing(
    command: PublishVersions,
    state: State,
    *,
    now: datetime,
    version: PublishedVersion,
    known: dict[str, str],
) -> Iterator[Payload]:
    """What makes the table stand if it does not."""
    if state.get(TABLE_NAMES, version.table_id) is None:
        yield from _namespace(command, state, now=now, name=version.namespace, known=known)
        yield from _table(state, now, version=version, namespace_id=known[version.namespace])


def _namespace(
    command: PublishVersions, state: State, *, now: datetime, name: str, known: dict[str, str]
) -> Iterator[Payload]:
    if name in known:
        return
    row = state.get(NAMESPACES, DEFAULT_CATALOG, name)
    known[name] = row.namespace_id if row else command.mint(f"namespace:{name}")
    if row is None:
        yield NamespaceCreatedV2(
            catalog=DEFAULT_CATALOG, name=name, namespace_id=known[name], created_at=now
        )


def _table(
    state: State, now: datetime, *, version: PublishedVersion, namespace_id: str
) -> Iterator[Payload]:
    name = version.name
    if not is_free(state, Kind.TABLE, key=(namespace_id, name)):
        name = f"{name}_{version.table_id[-SUFFIX_CHARACTERS:]}"
    dropped = state.get(DROPPED, version.table_id)
    if dropped is not None:
        yield ObjectUndropped(
            object_id=version.table_id,
            revision=dropped.revision + 1,
            undropped_at=now,
            catalog=DEFAULT_CATALOG,
            namespace=version.namespace,
            name=name,
        )
        return
    yield TableRegisteredV2(
        table_id=version.table_id,
        catalog=DEFAULT_CATALOG,
        namespace=version.namespace,
        namespace_id=namespace_id,
        name=name,
        table_type=MANAGED,
        format=version.format,
        location=version.location,
        created_at=now,
        description=version.description,
        owner=version.owner,
        partition_columns=version.partition_columns,
    )


def _tags(state: State, now: datetime, *, version: PublishedVersion) -> Iterator[Payload]:
    standing = {tag.tag: tag.value for tag in state.range(TAGS, version.table_id, "")}
    fresh = {tag: value for tag, value in version.tags.items() if standing.get(tag) != value}
    if fresh:
        yield ObjectTagged(
            object_id=version.table_id,
            revision=_revision(state, version.table_id) + 1,
            tagged_at=now,
            tags=fresh,
        )


def _revision(state: State, table_id: str) -> int:
    """The revision the table has once it stands."""
    name = state.get(TABLE_NAMES, table_id)
    row = state.get(TABLES, name.namespace_id, name.name) if name else None
    if row is not None:
        return row.revision or 0
    dropped = state.get(DROPPED, table_id)
    return dropped.revision + 1 if dropped else 1


def _published(command: PublishVersions, now: datetime, *, version: PublishedVersion) -> Payload:
    return TableVersionPublishedV2(
        table_id=version.table_id,
        version=version.version,
        columns=version.columns,
        rows=version.rows,
        size_bytes=version.size_bytes,
        files=version.files,
        published_at=now,
        run_id=command.run_id,
        description=version.description,
        partition_columns=version.partition_columns,
    )


__all__ = ["MintId", "PublishVersions", "PublishedVersion", "publish_versions"]
