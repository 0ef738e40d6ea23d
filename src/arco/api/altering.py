"""Changes of one object over HTTP, the same for every kind: described, tagged, moved, dropped,
brought back.

One function makes the routes of a kind, so that no kind can lack one. Must not know how a change
is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import Response, delete, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, Parameter

from arco.api.callers import CallerHere
from arco.api.changes import REFUSALS, changed
from arco.api.headers import CHANGES_ONE
from arco.api.session import Here
from arco.catalog.changes import (
    Alter,
    Comment,
    DropObject,
    Move,
    Name,
    Refresh,
    SetTags,
    Texts,
    Undrop,
)
from arco.catalog.kinds import Kind
from arco.service.changing import Changed

PLURALS = {
    Kind.CATALOG: "catalogs",
    Kind.NAMESPACE: "namespaces",
    Kind.TABLE: "tables",
    Kind.VIEW: "views",
    Kind.VOLUME: "volumes",
    Kind.FUNCTION: "functions",
}
ObjectNamed = Annotated[
    str,
    Parameter(
        title="Name",
        description="Its name, such as `sales.orders` or `main.sales.orders`, or its id.",
        max_length=4096,
    ),
]
Contents = Annotated[
    Literal["refuse", "drop"],
    Parameter(description="What happens when something is in it: `refuse`, or `drop` that too."),
]


class AlterRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shall be said about an object; what is left out stays."""

    comment: Comment | None = None
    owner: Comment | None = None
    properties: dict[str, str | None] = {}
    """Properties to set; null removes one."""
    texts: Texts | None = None
    """The texts of a view or function, all of them."""
    column_comments: dict[str, str] = {}
    """Comments on columns of a table."""


class TagsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tags that an object, or one column of a table, shall bear."""

    tags: dict[str, str | None]
    """Tags to set; null removes one, the others stay."""
    column: str = ""
    """A column of the table; empty: the object itself."""


class MoveRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an object shall stand."""

    to: Name
    """Its whole new name, such as `main.archive.orders`."""


class UndropRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a dropped object shall be called."""

    to: str = ""
    """The name it gets; empty: the one it had."""


def routes_of(kind: Kind) -> Sequence[HTTPRouteHandler]:
    """Every change of one object of this kind."""
    path = f"/{PLURALS[kind]}/{{full_name:str}}"

    @patch(
        path,
        operation_id=f"alter_{kind}",
        summary=f"Describe a {kind}",
        tags=["catalog"],
        response_description="It is so.",
        responses=REFUSALS,
        opt={CHANGES_ONE: True},
    )
    async def alter(
        session: Here, caller: CallerHere, full_name: ObjectNamed, data: JSONBody[AlterRequest]
    ) -> Response[Changed]:
        """Comment, owner, properties; texts of views and functions; comments on columns."""
        wanted = Alter(kind=kind, name=full_name, **msgspec.structs.asdict(data))
        return await changed(session, wanted, kind=kind, caller=caller)

    @post(
        f"{path}/tags",
        operation_id=f"tag_{kind}",
        summary=f"Tag a {kind}",
        tags=["catalog"],
        status_code=200,
        response_description="It bears them.",
        responses=REFUSALS,
        opt={CHANGES_ONE: True},
    )
    async def tag(
        session: Here, caller: CallerHere, full_name: ObjectNamed, data: JSONBody[TagsRequest]
    ) -> Response[Changed]:
        """Set and remove tags of the object, or of one column of a table."""
        wanted = SetTags(kind=kind, name=full_name, tags=data.tags, column=data.column)
        return await changed(session, wanted, kind=kind, caller=caller)

    return (alter, tag, *_moving(kind, path), *_going(kind, path))


def _moving(kind: Kind, path: str) -> Sequence[HTTPRouteHandler]:
    @post(
        f"{path}/move",
        operation_id=f"move_{kind}",
        summary=f"Rename or move a {kind}",
        tags=["catalog"],
        status_code=200,
        response_description="It has the name.",
        responses=REFUSALS,
        opt={CHANGES_ONE: True},
    )
    async def move(
        session: Here, caller: CallerHere, full_name: ObjectNamed, data: JSONBody[MoveRequest]
    ) -> Response[Changed]:
        """Its id stays, and with it grants, tags, lineage and history."""
        return await changed(
            session, Move(kind=kind, name=full_name, to=data.to), kind=kind, caller=caller
        )

    return (move,)


def _going(kind: Kind, path: str) -> Sequence[HTTPRouteHandler]:
    @delete(
        path,
        operation_id=f"drop_{kind}",
        summary=f"Drop a {kind}",
        tags=["catalog"],
        status_code=200,
        response_description="It is gone, and can be brought back until it is purged.",
        responses=REFUSALS,
        opt={CHANGES_ONE: True},
    )
    async def drop(
        session: Here, caller: CallerHere, full_name: ObjectNamed, contents: Contents = "refuse"
    ) -> Response[Changed]:
        """Its name is free at once; its files stay until it is purged."""
        wanted = DropObject(kind=kind, name=full_name, contents=contents)
        return await changed(session, wanted, kind=kind, caller=caller)

    @post(
        f"{path}/undrop",
        operation_id=f"undrop_{kind}",
        summary=f"Bring back a {kind}",
        tags=["catalog"],
        status_code=200,
        response_description="It stands again.",
        responses=REFUSALS,
        opt={CHANGES_ONE: True},
    )
    async def undrop(
        session: Here, caller: CallerHere, full_name: ObjectNamed, data: JSONBody[UndropRequest]
    ) -> Response[Changed]:
        """The newest dropped one that had the name, or the one with the id, and what went with
        it.
        """
        return await changed(
            session, Undrop(kind=kind, name=full_name, to=data.to), kind=kind, caller=caller
        )

    return drop, undrop


@post(
    "/tables/{full_name:str}/refresh",
    operation_id="refresh_table",
    summary="Refresh an external table",
    tags=["catalog"],
    status_code=200,
    response_description="The catalog knows what stands there now.",
    responses=REFUSALS,
    opt={CHANGES_ONE: True},
)
async def refresh_table(
    session: Here, caller: CallerHere, full_name: ObjectNamed
) -> Response[Changed]:
    """Read the schema and the size at the table's location again; a changed schema is kept as
    history.
    """
    return await changed(session, Refresh(name=full_name), kind=Kind.TABLE, caller=caller)


__all__ = [
    "PLURALS",
    "AlterRequest",
    "MoveRequest",
    "ObjectNamed",
    "TagsRequest",
    "UndropRequest",
    "refresh_table",
    "routes_of",
]
