"""Objects of every kind over HTTP: created, listed and shown.

One function makes the routes of a kind, so that no kind can lack one. Must not know how a change
is decided.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence, Set
from functools import partial
from typing import Any, TypeVar

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from arco.api.altering import altering_routes
from arco.api.callers import CallerHere
from arco.api.changes import REFUSALS, created
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import TELLS_ONE
from arco.api.kinds import DECLARED, FILTERS, Declared
from arco.api.listing import (
    Among,
    FormatName,
    InCatalog,
    InNamespace,
    ObjectNamed,
    OfOwner,
    object_page,
)
from arco.api.paging import PAGE_SIZE, Cursor, PageSize
from arco.api.session import Here, read, read_one
from arco.model import State
from arco.service.objects import Changed, find_detail

Wanted = TypeVar("Wanted")
Listed = TypeVar("Listed")
Detail = TypeVar("Detail")


def routes_of(declared: Declared[Any, Any, Any]) -> Sequence[HTTPRouteHandler]:
    """Everything that one object of this kind, or the list of them, can be asked."""
    own = (_list(declared), _show(declared), _create(declared))
    return (*own, *altering_routes(declared.kind))


def _create(declared: Declared[Wanted, Any, Any]) -> HTTPRouteHandler:
    @post(
        f"/{declared.plural}",
        operation_id=f"create_{declared.kind}",
        summary=declared.creating,
        description=declared.creates,
        tags=["catalog"],
        status_code=201,
        response_description="It exists.",
        responses=REFUSALS,
        signature_namespace={"Wanted": declared.wanted},
    )
    async def create(
        session: Here, caller: CallerHere, data: JSONBody[Wanted]
    ) -> Response[Changed]:
        wanted: Any = data
        return await created(session, wanted, caller=caller)

    return create


def _show(declared: Declared[Any, Any, Detail]) -> HTTPRouteHandler:
    kind = declared.kind

    @get(
        f"/{declared.plural}/{{full_name:str}}",
        operation_id=f"show_{kind}",
        summary=f"Get a {kind}",
        description=declared.shows,
        tags=["catalog"],
        response_description=f"The {kind}.",
        responses=refusals(404),
        opt={TELLS_ONE: True},
        signature_namespace={"Detail": declared.detail},
    )
    async def show(
        session: Here, caller: CallerHere, full_name: ObjectNamed, fields: Fields = ""
    ) -> Response[Detail]:
        find = partial(find_detail, kind=kind, name=full_name)
        return await read_one(session, find, caller=caller, fields=fields)

    return show


def _list(declared: Declared[Any, Listed, Any]) -> HTTPRouteHandler:
    @get(
        f"/{declared.plural}",
        operation_id=f"show_{declared.plural}",
        summary=f"List {declared.plural}",
        description=declared.lists,
        tags=["catalog"],
        response_description=f"A page of {declared.plural}.",
        responses=refusals(),
        signature_namespace={"Listed": declared.listed},
    )
    @_without(FILTERS - declared.filters)
    async def listed(
        session: Here,
        caller: CallerHere,
        cursor: Cursor = "",
        limit: PageSize = PAGE_SIZE,
        catalog: InCatalog = "",
        namespace: InNamespace = "",
        owner: OfOwner = "",
        format: FormatName = "",
        fields: Fields = "",
    ) -> Response[Listed]:
        among = Among(
            kind=declared.kind, catalog=catalog, namespace=namespace, owner=owner, format=format
        )

        def page(state: State) -> Listed:
            make: Callable[..., Listed] = declared.listed
            return make(*object_page(state, among, limit=limit, cursor=cursor))

        return await read(session, page, caller=caller, fields=fields)

    return listed


def _without(names: Set[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: whoever asks the function what it takes is not told of these parameters."""

    def narrowed(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)
        taken = [each for each in signature.parameters.values() if each.name not in names]
        vars(function)["__signature__"] = signature.replace(parameters=taken)
        return function

    return narrowed


ROUTES: Sequence[HTTPRouteHandler] = tuple(
    route for declared in DECLARED for route in routes_of(declared)
)

__all__ = ["ROUTES", "routes_of"]
