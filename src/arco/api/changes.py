"""Changes of the catalog over HTTP: many at once, or one object's creation, as one commit each.

Must not know how a change is decided, nor what a location holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.changing import Told, change
from arco.api.failures import refusals
from arco.api.session import Here, Session
from arco.catalog.changes import (
    CatalogChange,
    CreateCatalog,
    CreateFunction,
    CreateNamespace,
    CreateTable,
    CreateView,
    CreateVolume,
)
from arco.catalog.kinds import Kind
from arco.formats.registering import prepared
from arco.model import State
from arco.service.changing import CHANGES_MAX, Changed, Changing
from arco.service.objects import find_detail

REFUSALS = refusals(404, 409)


class ChangesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes that happen together or not at all."""

    changes: Annotated[list[CatalogChange], msgspec.Meta(min_length=1, max_length=CHANGES_MAX)]
    """Each is decided on what those before it made."""


class ChangesAnswer(msgspec.Struct, frozen=True):
    """What each change was about, in their order."""

    changed: tuple[Changed, ...]


@post(
    "/catalog/changes",
    operation_id="change_catalog",
    summary="Change the catalog",
    tags=["catalog"],
    status_code=200,
    response_description="All of it happened, in one commit.",
    responses=REFUSALS,
)
async def change_catalog(
    session: Here, caller: CallerHere, data: JSONBody[ChangesRequest]
) -> Response[ChangesAnswer]:
    """Create, alter, tag, move, drop and bring back objects, all in one commit or not at all.

    `change` names each one's kind. Where it names an object, `name` is its name or id; `if_match`
    takes its `etag`.
    """
    changing = await prepared(session.workspace, data.changes, caller=caller)

    def tell(state: State) -> Told[ChangesAnswer]:
        return Told(ChangesAnswer(changing.changed(state)))

    return await change(session, changing.decide, tell=tell, caller=caller)


@post(
    "/catalogs",
    operation_id="create_catalog",
    summary="Create a catalog",
    tags=["catalog"],
    status_code=201,
    response_description="It exists.",
    responses=REFUSALS,
)
async def create_catalog(
    session: Here, caller: CallerHere, data: JSONBody[CreateCatalog]
) -> Response[Changed]:
    """A collection of namespaces."""
    return await created(session, data, caller=caller)


@post(
    "/namespaces",
    operation_id="create_namespace",
    summary="Create a namespace",
    tags=["catalog"],
    status_code=201,
    response_description="It exists.",
    responses=REFUSALS,
)
async def create_namespace(
    session: Here, caller: CallerHere, data: JSONBody[CreateNamespace]
) -> Response[Changed]:
    """A namespace in a catalog or in another namespace: `sales`, `sales.eu`, `lab.sales`."""
    return await created(session, data, caller=caller)


@post(
    "/tables",
    operation_id="create_table",
    summary="Create or register a table",
    tags=["catalog"],
    status_code=201,
    response_description="It exists.",
    responses=REFUSALS,
)
async def create_table(
    session: Here, caller: CallerHere, data: JSONBody[CreateTable]
) -> Response[Changed]:
    """A managed table with the columns given; or, with a `location`, a Delta, Iceberg or Parquet
    table that stands there already: its schema is read.
    """
    return await created(session, data, caller=caller)


@post(
    "/views",
    operation_id="create_view",
    summary="Create a view",
    tags=["catalog"],
    status_code=201,
    response_description="It exists.",
    responses=REFUSALS,
)
async def create_view(
    session: Here, caller: CallerHere, data: JSONBody[CreateView]
) -> Response[Changed]:
    """A query under a name. `POST /api/v1/query` reads it by its `duckdb` text."""
    return await created(session, data, caller=caller)


@post(
    "/volumes",
    operation_id="create_volume",
    summary="Create or register a volume",
    tags=["catalog"],
    status_code=201,
    response_description="It exists.",
    responses=REFUSALS,
)
async def create_volume(
    session: Here, caller: CallerHere, data: JSONBody[CreateVolume]
) -> Response[Changed]:
    """A folder for files that are no table: one of ours, or the one at `location`."""
    return await created(session, data, caller=caller)


@post(
    "/functions",
    operation_id="create_function",
    summary="Create a function",
    tags=["catalog"],
    status_code=201,
    response_description="It exists.",
    responses=REFUSALS,
)
async def create_function(
    session: Here, caller: CallerHere, data: JSONBody[CreateFunction]
) -> Response[Changed]:
    """A function under a name, with a body per dialect."""
    return await created(session, data, caller=caller)


async def created(session: Session, wanted: CatalogChange, *, caller: Caller) -> Response[Changed]:
    """The answer to the creation of one object."""
    changing = await prepared(session.workspace, (wanted,), caller=caller)
    return await change(
        session, changing.decide, tell=partial(_told, changing, status=201), caller=caller
    )


async def changed(
    session: Session, wanted: CatalogChange, *, kind: Kind, caller: Caller
) -> Response[Changed]:
    """The answer to a change of one object; `If-Match` speaks of what `GET` shows of it."""
    changing = await prepared(session.workspace, (wanted,), caller=caller)
    visible = session.workspace.authority.visible
    return await change(
        session,
        changing.decide,
        tell=partial(_told, changing, status=200),
        caller=caller,
        current=lambda state: find_detail(visible(state, caller), kind, name=wanted.name),
    )


def _told(changing: Changing, state: State, *, status: int) -> Told[Changed]:
    return Told(changing.changed(state)[0], status)


CREATING: Sequence[HTTPRouteHandler] = (
    change_catalog,
    create_catalog,
    create_namespace,
    create_table,
    create_view,
    create_volume,
    create_function,
)

__all__ = [
    "CREATING",
    "REFUSALS",
    "ChangesAnswer",
    "ChangesRequest",
    "change_catalog",
    "changed",
    "create_catalog",
    "create_function",
    "create_namespace",
    "create_table",
    "create_view",
    "create_volume",
    "created",
]
