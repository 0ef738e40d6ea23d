"""Changes of one object over HTTP, the same for every kind: described, tagged, moved, dropped,
brought back.

One function makes the routes of a kind, so that no kind can lack one. Must not know how a change
is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, delete, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, Parameter

from arco.api.callers import CallerHere
from arco.api.changes import REFUSALS, changed
from arco.api.headers import CHANGES_ONE
from arco.api.listing import ObjectNamed
from arco.api.session import Here
from arco.catalog.changes import Alter, DropObject, Move, Refresh, SetTags, Undrop
from arco.catalog.kinds import Kind
from arco.service.objects import Changed
from arco.wire.objects import (
    PLURALS,
    AlterRequest,
    MoveRequest,
    TagsRequest,
    UndropRequest,
)

Contents = Annotated[
    Literal["refuse", "drop"],
    Parameter(description="What happens when something is in it: `refuse`, or `drop` that too."),
]


CHANGES: dict[str, Any] = {
    "tags": ["catalog"],
    "status_code": 200,
    "responses": REFUSALS,
    "opt": {CHANGES_ONE: True},
}


def altering_routes(kind: Kind) -> Sequence[HTTPRouteHandler]:
    """Every change of one object of this kind."""
    path = f"/{PLURALS[kind]}/{{full_name:str}}"
    made = (_alter, _tag, _move, _drop, _undrop)
    routes = tuple(make(kind, path) for make in made)
    return (*routes, refresh_table) if kind is Kind.TABLE else routes


def _alter(kind: Kind, path: str) -> HTTPRouteHandler:
    @patch(
        path,
        operation_id=f"alter_{kind}",
        summary=f"Describe a {kind}",
        response_description="It is so.",
        **CHANGES,
    )
    async def alter(
        session: Here, caller: CallerHere, full_name: ObjectNamed, data: JSONBody[AlterRequest]
    ) -> Response[Changed]:
        """Comment, owner, properties; texts of views and functions; comments on columns."""
        wanted = Alter(kind=kind, name=full_name, **msgspec.structs.asdict(data))
        return await changed(session, wanted, kind=kind, caller=caller)

    return alter


def _tag(kind: Kind, path: str) -> HTTPRouteHandler:
    @post(
        f"{path}/tags",
        operation_id=f"tag_{kind}",
        summary=f"Tag a {kind}",
        response_description="It bears them.",
        **CHANGES,
    )
    async def tag(
        session: Here, caller: CallerHere, full_name: ObjectNamed, data: JSONBody[TagsRequest]
    ) -> Response[Changed]:
        """Set and remove tags of the object, or of one column of a table."""
        wanted = SetTags(kind=kind, name=full_name, tags=data.tags, column=data.column)
        return await changed(session, wanted, kind=kind, caller=caller)

    return tag


def _move(kind: Kind, path: str) -> HTTPRouteHandler:
    @post(
        f"{path}/move",
        operation_id=f"move_{kind}",
        summary=f"Rename or move a {kind}",
        response_description="It has the name.",
        **CHANGES,
    )
    async def move(
        session: Here, caller: CallerHere, full_name: ObjectNamed, data: JSONBody[MoveRequest]
    ) -> Response[Changed]:
        """Its id stays, and with it grants, tags, lineage and history."""
        wanted = Move(kind=kind, name=full_name, to=data.to)
        return await changed(session, wanted, kind=kind, caller=caller)

    return move


def _drop(kind: Kind, path: str) -> HTTPRouteHandler:
    @delete(
        path,
        operation_id=f"drop_{kind}",
        summary=f"Drop a {kind}",
        response_description="It is gone, and can be brought back until it is purged.",
        **CHANGES,
    )
    async def drop(
        session: Here, caller: CallerHere, full_name: ObjectNamed, contents: Contents = "refuse"
    ) -> Response[Changed]:
        """Its name is free at once; its files stay until it is purged."""
        wanted = DropObject(kind=kind, name=full_name, contents=contents)
        return await changed(session, wanted, kind=kind, caller=caller)

    return drop


def _undrop(kind: Kind, path: str) -> HTTPRouteHandler:
    @post(
        f"{path}/undrop",
        operation_id=f"undrop_{kind}",
        summary=f"Bring back a {kind}",
        response_description="It stands again.",
        **CHANGES,
    )
    async def undrop(
        session: Here, caller: CallerHere, full_name: ObjectNamed, data: JSONBody[UndropRequest]
    ) -> Response[Changed]:
        """The newest dropped one that had the name, or the one with the id, and what went with
        it.
        """
        wanted = Undrop(kind=kind, name=full_name, to=data.to)
        return await changed(session, wanted, kind=kind, caller=caller)

    return undrop


@post(
    "/tables/{full_name:str}/refresh",
    operation_id="refresh_table",
    summary="Refresh an external table",
    response_description="The catalog knows what stands there now.",
    **CHANGES,
)
async def refresh_table(
    session: Here, caller: CallerHere, full_name: ObjectNamed
) -> Response[Changed]:
    """Read the schema and the size at the table's location again; a changed schema is kept as
    history.
    """
    return await changed(session, Refresh(name=full_name), kind=Kind.TABLE, caller=caller)


__all__ = ["altering_routes", "refresh_table"]
