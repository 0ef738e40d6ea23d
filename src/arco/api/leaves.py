"""Views, volumes and functions: read over HTTP.

Tables have a module of their own. Must not know how objects are changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from arco.api.altering import ObjectNamed
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import TELLS_ONE
from arco.api.listing import Among, InCatalog, InNamespace, leaf_page
from arco.api.paging import PAGE_SIZE, Cursor, PageSize
from arco.api.session import Here, read, read_one
from arco.catalog.kinds import Kind
from arco.catalog.tables import Function, View, Volume
from arco.model import State
from arco.service.objects import (
    FunctionDetail,
    ViewDetail,
    VolumeDetail,
    find_detail,
)


class ViewList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Views by catalog, namespace and name."""

    views: list[View]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class VolumeList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Volumes by catalog, namespace and name."""

    volumes: list[Volume]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class FunctionList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Functions by catalog, namespace and name."""

    functions: list[Function]
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


@get(
    "/views",
    summary="List views",
    tags=["catalog"],
    response_description="A page of views.",
    responses=refusals(),
)
async def show_views(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    catalog: InCatalog = "",
    namespace: InNamespace = "",
    fields: Fields = "",
) -> Response[ViewList]:
    """Views by catalog, namespace and name, page by page."""
    among = Among(Kind.VIEW, catalog, namespace)

    def listed(state: State) -> ViewList:
        return ViewList(*leaf_page(state, among, limit=limit, cursor=cursor))

    return await read(session, listed, caller=caller, fields=fields)


@get(
    "/volumes",
    summary="List volumes",
    tags=["catalog"],
    response_description="A page of volumes.",
    responses=refusals(),
)
async def show_volumes(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    catalog: InCatalog = "",
    namespace: InNamespace = "",
    fields: Fields = "",
) -> Response[VolumeList]:
    """Volumes by catalog, namespace and name, page by page."""
    among = Among(Kind.VOLUME, catalog, namespace)

    def listed(state: State) -> VolumeList:
        return VolumeList(*leaf_page(state, among, limit=limit, cursor=cursor))

    return await read(session, listed, caller=caller, fields=fields)


@get(
    "/functions",
    summary="List functions",
    tags=["catalog"],
    response_description="A page of functions.",
    responses=refusals(),
)
async def show_functions(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    catalog: InCatalog = "",
    namespace: InNamespace = "",
    fields: Fields = "",
) -> Response[FunctionList]:
    """Functions by catalog, namespace and name, page by page."""
    among = Among(Kind.FUNCTION, catalog, namespace)

    def listed(state: State) -> FunctionList:
        return FunctionList(*leaf_page(state, among, limit=limit, cursor=cursor))

    return await read(session, listed, caller=caller, fields=fields)


@get(
    "/views/{full_name:str}",
    summary="Get a view",
    tags=["catalog"],
    response_description="The view.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_view(
    session: Here, caller: CallerHere, full_name: ObjectNamed, fields: Fields = ""
) -> Response[ViewDetail]:
    """One view with its tags."""
    return await read_one(
        session, partial(find_detail, kind=Kind.VIEW, name=full_name), caller=caller, fields=fields
    )


@get(
    "/volumes/{full_name:str}",
    summary="Get a volume",
    tags=["catalog"],
    response_description="The volume.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_volume(
    session: Here, caller: CallerHere, full_name: ObjectNamed, fields: Fields = ""
) -> Response[VolumeDetail]:
    """One volume with its tags."""
    return await read_one(
        session,
        partial(find_detail, kind=Kind.VOLUME, name=full_name),
        caller=caller,
        fields=fields,
    )


@get(
    "/functions/{full_name:str}",
    summary="Get a function",
    tags=["catalog"],
    response_description="The function.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_function(
    session: Here, caller: CallerHere, full_name: ObjectNamed, fields: Fields = ""
) -> Response[FunctionDetail]:
    """One function with its tags."""
    return await read_one(
        session,
        partial(find_detail, kind=Kind.FUNCTION, name=full_name),
        caller=caller,
        fields=fields,
    )


READING: Sequence[HTTPRouteHandler] = (
    show_views,
    show_volumes,
    show_functions,
    show_view,
    show_volume,
    show_function,
)

__all__ = [
    "READING",
    "FunctionList",
    "ViewList",
    "VolumeList",
    "show_function",
    "show_functions",
    "show_view",
    "show_views",
    "show_volume",
    "show_volumes",
]
