"""Changes of the catalog over HTTP: many at once, or one object's creation, as one commit each.

Must not know how a change is decided, nor what a location holds.
"""

from __future__ import annotations

from functools import partial

from litestar import Response, post
from litestar.params import JSONBody

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.changing import Told, change
from arco.api.failures import refusals
from arco.api.session import Here, Session
from arco.catalog.changes import CatalogChange
from arco.catalog.kinds import Kind
from arco.formats.registering import prepared
from arco.model import State
from arco.service.changing import Changing
from arco.service.objects import Changed, find_detail
from arco.wire.objects import ChangesAnswer, ChangesRequest

REFUSALS = refusals(404, 409)


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


__all__ = ["REFUSALS", "change_catalog", "changed", "created"]
