"""Decisions of the catalog: what has to happen so that published versions have a name to be
found under.

Pure: ids and times come with the request; ids of objects that may not exist yet are derived by
their creator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from difflib import get_close_matches

import msgspec

from arco.catalog.events import (
    CatalogCreated,
    NamespaceCreated,
    PublishedColumn,
    TableRegistered,
    TableVersionPublished,
)
from arco.catalog.tables import CATALOGS, NAMESPACES, TABLE_NAMES, TABLES, CatalogTable
from arco.errors import AlreadyExists, NotFound
from arco.model import Event, Payload, State

DEFAULT_CATALOG = "main"
MintId = Callable[[str], str]


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

    Raises: AlreadyExists when a name belongs to another table.
    """
    payloads: list[Payload] = []
    if state.get(CATALOGS, DEFAULT_CATALOG) is None:
        catalog_id = command.mint(f"catalog:{DEFAULT_CATALOG}")
        payloads.append(CatalogCreated(name=DEFAULT_CATALOG, catalog_id=catalog_id, created_at=now))
    namespaces: dict[str, str] = {}
    for version in command.versions:
        payloads += _namespace(command, state, now=now, name=version.namespace, known=namespaces)
        payloads += _table(state, now, version=version, namespace_id=namespaces[version.namespace])
        payloads.append(_published(command, now, version=version))
    return [Event(payload, command.actor) for payload in payloads]


def find_table(state: State, full_name: str) -> CatalogTable:
    """The table called `namespace.name`.

    Raises: NotFound with close names.
    """
    namespace, _, name = full_name.partition(".")
    row = state.get(NAMESPACES, DEFAULT_CATALOG, namespace)
    table = state.get(TABLES, row.namespace_id, name) if row else None
    if table is None:
        raise _no_table(state, full_name)
    return table


def _no_table(state: State, full_name: str) -> NotFound:
    spaces = state.range(NAMESPACES, DEFAULT_CATALOG)
    known = [table.full_name for row in spaces for table in state.range(TABLES, row.namespace_id)]
    close = get_close_matches(full_name, known, n=3)
    close += [each for each in known if each.endswith(f".{full_name}") and each not in close]
    meant = f"did you mean {' or '.join(close)}?" if close else "`arco tables` lists what there is"
    return NotFound(
        "TABLE_NOT_FOUND", f"there is no table {full_name}", hint=meant, close=tuple(close)
    )


def _namespace(
    command: PublishVersions, state: State, *, now: datetime, name: str, known: dict[str, str]
) -> Sequence[Payload]:
    if name in known:
        return []
    row = state.get(NAMESPACES, DEFAULT_CATALOG, name)
    known[name] = row.namespace_id if row else command.mint(f"namespace:{name}")
    if row is not None:
        return []
    created = NamespaceCreated(
        catalog=DEFAULT_CATALOG, name=name, namespace_id=known[name], created_at=now
    )
    return [created]


def _table(
    state: State, now: datetime, *, version: PublishedVersion, namespace_id: str
) -> Sequence[Payload]:
    named = state.get(TABLES, namespace_id, version.name)
    if named is not None and named.table_id != version.table_id:
        raise AlreadyExists(
            "TABLE_NAME_TAKEN",
            f"{version.namespace}.{version.name} is another table",
            hint="rename the asset or drop the table that holds the name",
        )
    if state.get(TABLE_NAMES, version.table_id) is not None:
        return []
    registered = TableRegistered(
        table_id=version.table_id,
        catalog=DEFAULT_CATALOG,
        namespace=version.namespace,
        namespace_id=namespace_id,
        name=version.name,
        format=version.format,
        location=version.location,
        created_at=now,
        description=version.description,
        partition_columns=version.partition_columns,
    )
    return [registered]


def _published(command: PublishVersions, now: datetime, *, version: PublishedVersion) -> Payload:
    return TableVersionPublished(
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


__all__ = [
    "DEFAULT_CATALOG",
    "MintId",
    "PublishVersions",
    "PublishedVersion",
    "find_table",
    "publish_versions",
]
