"""New objects: each with a checked name in a place that exists, or a refusal that says what to do.

Law: names are unique per namespace; a table and a view are one kind of name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from arco.catalog.changes import (
    CreateCatalog,
    CreateFunction,
    CreateNamespace,
    CreateTable,
    CreateView,
    CreateVolume,
    Creation,
)
from arco.catalog.containing import Place, key_at, place_of
from arco.catalog.decisions.asking import Asker, seen_at
from arco.catalog.events import (
    CatalogCreatedV2,
    FunctionCreated,
    NamespaceCreatedV2,
    ObjectTagged,
    Parameter,
    PublishedColumn,
    TableRefreshed,
    TableRegisteredV2,
    ViewCreated,
    VolumeCreated,
)
from arco.catalog.finding import DEFAULT_CATALOG, missing
from arco.catalog.kinds import EXTERNAL, MANAGED, Kind, is_free
from arco.catalog.names import (
    PARTS_MAX,
    checked,
    checked_label,
    checked_properties,
    checked_text,
    parts_of,
)
from arco.catalog.tables import CATALOGS
from arco.catalog.types import normal_type
from arco.errors import AlreadyExists, Invalid
from arco.model import Payload, State

COLUMN_BYTES_MAX = 255


def create_catalog(
    command: CreateCatalog, asker: Asker, *, state: State, now: datetime
) -> Iterator[Payload]:
    """CatalogCreated."""
    place = new_place(state, Kind.CATALOG, name=command.name)
    object_id = asker.mint(place.name)
    yield CatalogCreatedV2(
        name=place.name, catalog_id=object_id, created_at=now, **said(command, asker)
    )
    yield from tagged(command, object_id, now=now)


def create_namespace(
    command: CreateNamespace, asker: Asker, *, state: State, now: datetime
) -> Iterator[Payload]:
    """NamespaceCreated; the default catalog comes to exist with its first namespace."""
    yield from default_catalog(state, asker, now=now)
    place = new_place(state, Kind.NAMESPACE, name=command.name)
    object_id = asker.mint(f"{place.catalog}.{place.path}")
    yield NamespaceCreatedV2(
        catalog=place.catalog,
        name=place.path,
        namespace_id=object_id,
        parent_id=place.namespace_id,
        created_at=now,
        **said(command, asker),
    )
    yield from tagged(command, object_id, now=now)


def create_table(
    command: CreateTable, asker: Asker, *, state: State, now: datetime
) -> Iterator[Payload]:
    """TableRegistered, and for an external table what was found at its location."""
    place = new_place(state, Kind.TABLE, name=command.name)
    object_id = asker.mint(f"{place.catalog}.{place.namespace}.{place.name}")
    if command.location and (command.columns or command.partition_columns):
        raise Invalid(
            "COLUMNS_OF_EXTERNAL_TABLE",
            f"the columns of {command.name} are those of its files",
            hint="leave columns and partition_columns out; they are read from the location",
        )
    yield TableRegisteredV2(
        table_id=object_id,
        table_type=EXTERNAL if command.location else MANAGED,
        format=command.format,
        location=command.location or asker.folder(object_id),
        columns=declared(command.columns),
        partition_columns=_partitioning(command),
        **within(place, now=now),
        **said(command, asker),
    )
    if command.location:
        found = seen_at(asker, command.location)
        yield TableRefreshed(
            table_id=object_id,
            revision=2,
            refreshed_at=now,
            columns=found.columns,
            partition_columns=found.partition_columns,
            version=found.version,
            rows=found.rows,
            size_bytes=found.size_bytes,
            files=found.files,
        )
    yield from tagged(command, object_id, now=now, revision=3 if command.location else 2)


def create_view(
    command: CreateView, asker: Asker, *, state: State, now: datetime
) -> Iterator[Payload]:
    """ViewCreated."""
    place = new_place(state, Kind.VIEW, name=command.name)
    object_id = asker.mint(f"{place.catalog}.{place.namespace}.{place.name}")
    yield ViewCreated(
        view_id=object_id,
        texts=spelled(command.texts),
        **within(place, now=now),
        **said(command, asker),
    )
    yield from tagged(command, object_id, now=now)


def create_volume(
    command: CreateVolume, asker: Asker, *, state: State, now: datetime
) -> Iterator[Payload]:
    """VolumeCreated."""
    place = new_place(state, Kind.VOLUME, name=command.name)
    object_id = asker.mint(f"volume:{place.catalog}.{place.namespace}.{place.name}")
    yield VolumeCreated(
        volume_id=object_id,
        volume_type=EXTERNAL if command.location else MANAGED,
        location=command.location or asker.folder(object_id),
        **within(place, now=now),
        **said(command, asker),
    )
    yield from tagged(command, object_id, now=now)


def create_function(
    command: CreateFunction, asker: Asker, *, state: State, now: datetime
) -> Iterator[Payload]:
    """FunctionCreated."""
    place = new_place(state, Kind.FUNCTION, name=command.name)
    object_id = asker.mint(f"function:{place.catalog}.{place.namespace}.{place.name}")
    parameters = tuple(
        Parameter(checked(each.name.lower(), Kind.FUNCTION), normal_type(each.type), each.comment)
        for each in command.parameters
    )
    if len({each.name for each in parameters}) < len(parameters):
        raise Invalid("COLUMNS_DUPLICATE", "two parameters have one name", hint="rename one")
    yield FunctionCreated(
        function_id=object_id,
        parameters=parameters,
        returns=normal_type(command.returns),
        texts=spelled(command.texts),
        **within(place, now=now),
        **said(command, asker),
    )
    yield from tagged(command, object_id, now=now)


def new_place(state: State, kind: Kind, *, name: str) -> Place:
    """Where a new object of that name would stand; the name is free.

    Raises: Invalid for a name that may not be; NotFound for a place that does not stand;
        AlreadyExists NAME_TAKEN.
    """
    place = place_for(state, kind, name=name)
    if not is_free(state, kind, key=key_at(kind, place)):
        raise AlreadyExists(
            "NAME_TAKEN",
            f"there is a {kind} {name[:200]} already, or something that is read like one",
            hint="choose another name, or use what is there",
        )
    return place


def place_for(state: State, kind: Kind, *, name: str) -> Place:
    """Where an object of that name would stand: a first part that is a catalog's name is one.

    Raises: Invalid for a name that may not be; NotFound for a place that does not stand.
    """
    parts = parts_of(name)
    last = checked(parts[-1], kind)
    for part in parts[:-1]:
        checked(part, Kind.NAMESPACE)
    if kind is Kind.CATALOG or len(parts) == 1:
        return _outermost(kind, parts, name=name)
    catalog, path = DEFAULT_CATALOG, parts[:-1]
    standing = place_of(state, catalog, namespace=".".join(path), name=last)
    if standing is None and state.get(CATALOGS, parts[0]) is not None:
        catalog, path = parts[0], path[1:]
        standing = place_of(state, catalog, namespace=".".join(path), name=last)
    if standing is None or (not path and kind is not Kind.NAMESPACE):
        raise missing(state, Kind.NAMESPACE, name=".".join(parts[:-1]))
    if len(path) >= PARTS_MAX:
        raise Invalid(
            "NAME_INVALID",
            f"{name[:80]!r} has more than {PARTS_MAX} parts",
            hint="nest less deeply",
        )
    return standing


def default_catalog(state: State, asker: Asker, *, now: datetime) -> Iterator[Payload]:
    """CatalogCreated for the default catalog, if it does not stand yet."""
    if state.get(CATALOGS, DEFAULT_CATALOG) is None:
        catalog_id = asker.mint(f"catalog:{DEFAULT_CATALOG}")
        yield CatalogCreatedV2(name=DEFAULT_CATALOG, catalog_id=catalog_id, created_at=now)


def declared(columns: tuple[PublishedColumn, ...]) -> tuple[PublishedColumn, ...]:
    """The columns with their types in the one spelling.

    Raises: Invalid COLUMN_NAME_INVALID, COLUMNS_DUPLICATE, TYPE_INVALID.
    """
    folded: set[str] = set()
    for column in columns:
        is_bad = not column.name.isprintable() or len(column.name.encode()) > COLUMN_BYTES_MAX
        if not column.name.strip() or is_bad:
            raise Invalid(
                "COLUMN_NAME_INVALID",
                f"{column.name[:80]!r} cannot name a column",
                hint=f"use printable characters, at most {COLUMN_BYTES_MAX} bytes",
            )
        folded.add(column.name.lower())
    if len(folded) < len(columns):
        raise Invalid(
            "COLUMNS_DUPLICATE",
            "two columns have one name (upper and lower case are one)",
            hint="rename one",
        )
    return tuple(
        PublishedColumn(
            each.name, normal_type(each.type), each.nullable, checked_text(each.comment)
        )
        for each in columns
    )


def spelled(texts: dict[str, str]) -> dict[str, str]:
    """The texts by dialect, dialects in lower case.

    Raises: Invalid NAME_INVALID, TEXT_INVALID.
    """
    return {checked_label(dialect).lower(): checked_text(text) for dialect, text in texts.items()}


def said(command: Creation, asker: Asker) -> dict[str, Any]:
    """What the new object says about itself, checked."""
    return {
        "comment": checked_text(command.comment),
        "owner": checked_text(command.owner or asker.owner),
        "properties": checked_properties(command.properties),
    }


def within(place: Place, *, now: datetime) -> dict[str, Any]:
    """Where the new object stands."""
    return {
        "catalog": place.catalog,
        "namespace": place.namespace,
        "namespace_id": place.namespace_id,
        "name": place.name,
        "created_at": now,
    }


def tagged(
    command: Creation, object_id: str, *, now: datetime, revision: int = 2
) -> Iterator[Payload]:
    """ObjectTagged when the new object bears tags."""
    if command.tags:
        tags = checked_properties(command.tags)
        yield ObjectTagged(object_id=object_id, revision=revision, tagged_at=now, tags=tags)


def _outermost(kind: Kind, parts: tuple[str, ...], *, name: str) -> Place:
    if kind is Kind.CATALOG and len(parts) == 1:
        return Place("", "", "", parts[0])
    if kind is Kind.NAMESPACE:
        return Place(DEFAULT_CATALOG, "", "", parts[0])
    wanted = "one part" if kind is Kind.CATALOG else f"`namespace.{kind}`"
    raise Invalid("NAME_INVALID", f"{name[:80]!r} cannot name a {kind}", hint=f"write {wanted}")


def _partitioning(command: CreateTable) -> tuple[str, ...]:
    known = {column.name for column in command.columns}
    unknown = [name for name in command.partition_columns if name not in known]
    if unknown:
        raise Invalid(
            "COLUMN_UNKNOWN", f"the table declares no column {unknown[0]!r}", hint="declare it"
        )
    return command.partition_columns


__all__ = [
    "create_catalog",
    "create_function",
    "create_namespace",
    "create_table",
    "create_view",
    "create_volume",
    "declared",
    "default_catalog",
    "new_place",
    "place_for",
    "said",
    "spelled",
    "tagged",
    "within",
]
