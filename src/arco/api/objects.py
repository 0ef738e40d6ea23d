"""Catalogs, namespaces, tags, schemas and what was dropped: read over HTTP.

What stands in namespaces has modules of its own. Must not know how objects are changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from arco.api.altering import ObjectNamed
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import TELLS_ONE
from arco.api.listing import InCatalog
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, read, read_one
from arco.catalog.kinds import Kind
from arco.catalog.tables import Catalog, Namespace, SchemaVersion
from arco.model import State
from arco.service.objects import (
    Bearer,
    CatalogDetail,
    DroppedLine,
    NamespaceDetail,
    bearers_behind,
    catalogs_behind,
    dropped_behind,
    find_detail,
    namespaces_behind,
    schemas_of,
)

OfKind = Annotated[Kind | None, Parameter(description="Only objects of this kind.")]
TagName = Annotated[str, Parameter(description="Only this tag.", max_length=255)]
TagValue = Annotated[
    str | None, Parameter(description="Only this value of the tag; needs `tag`.", max_length=65_536)
]


class CatalogList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Catalogs by name."""

    catalogs: list[Catalog]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class NamespaceList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Namespaces by catalog and name."""

    namespaces: list[Namespace]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class TagList(msgspec.Struct, frozen=True, omit_defaults=True):
    """What bears tags, by tag, value and object."""

    tags: list[Bearer]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class DroppedList(msgspec.Struct, frozen=True, omit_defaults=True):
    """What can be brought back, by the name it had."""

    dropped: list[DroppedLine]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class SchemaList(msgspec.Struct, frozen=True):
    """The schemas of a table, the newest first."""

    schemas: list[SchemaVersion]


@get(
    "/catalogs",
    summary="List catalogs",
    tags=["catalog"],
    response_description="A page of catalogs.",
    responses=refusals(),
)
async def show_catalogs(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[CatalogList]:
    """Catalogs by name, page by page."""

    def listed(state: State) -> CatalogList:
        after = read_cursor(cursor, "catalogs", types=(str,))
        page = page_of(catalogs_behind(state, after), limit=limit, key=lambda row: (row.name,))
        return CatalogList(page.rows, write_cursor(page.behind, "catalogs"))

    return await read(session, listed, caller=caller, fields=fields)


@get(
    "/namespaces",
    summary="List namespaces",
    tags=["catalog"],
    response_description="A page of namespaces.",
    responses=refusals(),
)
async def show_namespaces(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    catalog: InCatalog = "",
    fields: Fields = "",
) -> Response[NamespaceList]:
    """Namespaces of every depth by catalog and name, page by page."""

    def listed(state: State) -> NamespaceList:
        asked = ("namespaces", catalog)
        after = read_cursor(cursor, *asked, types=(str, str))
        rows = namespaces_behind(state, after, catalog=catalog)
        page = page_of(rows, limit=limit, key=lambda row: (row.catalog, row.name))
        return NamespaceList(page.rows, write_cursor(page.behind, *asked))

    return await read(session, listed, caller=caller, fields=fields)


@get(
    "/catalogs/{full_name:str}",
    summary="Get a catalog",
    tags=["catalog"],
    response_description="The catalog.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_catalog(
    session: Here, caller: CallerHere, full_name: ObjectNamed, fields: Fields = ""
) -> Response[CatalogDetail]:
    """One catalog with its tags."""
    return await read_one(
        session,
        partial(find_detail, kind=Kind.CATALOG, name=full_name),
        caller=caller,
        fields=fields,
    )


@get(
    "/namespaces/{full_name:str}",
    summary="Get a namespace",
    tags=["catalog"],
    response_description="The namespace.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_namespace(
    session: Here, caller: CallerHere, full_name: ObjectNamed, fields: Fields = ""
) -> Response[NamespaceDetail]:
    """One namespace with its tags."""
    return await read_one(
        session,
        partial(find_detail, kind=Kind.NAMESPACE, name=full_name),
        caller=caller,
        fields=fields,
    )


@get(
    "/tables/{full_name:str}/schemas",
    summary="List the schemas of a table",
    tags=["catalog"],
    response_description="Its schemas.",
    responses=refusals(404),
)
async def show_schemas(
    session: Here, caller: CallerHere, full_name: ObjectNamed
) -> Response[SchemaList]:
    """Every schema the table has had since its history is kept, the newest first."""
    return await read(
        session, lambda state: SchemaList(schemas_of(state, full_name)), caller=caller
    )


@get(
    "/tags",
    summary="List what bears tags",
    tags=["catalog"],
    response_description="A page of bearers.",
    responses=refusals(),
)
async def show_tags(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    tag: TagName = "",
    value: TagValue = None,
    kind: OfKind = None,
    fields: Fields = "",
) -> Response[TagList]:
    """Objects and columns by the tags they bear, page by page."""
    asked = ("tags", tag, "" if value is None else f"={value}", kind or "")

    def listed(state: State) -> TagList:
        after = read_cursor(cursor, *asked, types=(str, str, str, str))
        page = page_of(
            bearers_behind(state, after, tag=tag, value=value),
            limit=limit,
            key=lambda row: (row.tag, row.value, row.object_id, row.column),
            keep=lambda row: kind in (None, row.kind),
        )
        return TagList(page.rows, write_cursor(page.behind, *asked))

    return await read(session, listed, caller=caller, fields=fields)


@get(
    "/dropped",
    summary="List what was dropped",
    tags=["catalog"],
    response_description="A page of dropped objects.",
    responses=refusals(),
)
async def show_dropped(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    kind: OfKind = None,
    fields: Fields = "",
) -> Response[DroppedList]:
    """What can be brought back until it is purged, by the name it had, page by page."""
    asked = ("dropped", kind or "")

    def listed(state: State) -> DroppedList:
        after = read_cursor(cursor, *asked, types=(str, str))
        page = page_of(
            dropped_behind(state, after),
            limit=limit,
            key=lambda row: (row.full_name, row.object_id),
            keep=lambda row: kind in (None, row.kind),
        )
        return DroppedList(page.rows, write_cursor(page.behind, *asked))

    return await read(session, listed, caller=caller, fields=fields)


READING: Sequence[HTTPRouteHandler] = (
    show_catalogs,
    show_namespaces,
    show_catalog,
    show_namespace,
    show_schemas,
    show_tags,
    show_dropped,
)

__all__ = [
    "READING",
    "CatalogList",
    "DroppedList",
    "NamespaceList",
    "SchemaList",
    "TagList",
    "show_catalog",
    "show_catalogs",
    "show_dropped",
    "show_namespace",
    "show_namespaces",
    "show_schemas",
    "show_tags",
]
