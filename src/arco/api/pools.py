"""Pools over HTTP: list, size, take the size back. Must not know who waits."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import JSONBody, Parameter

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.changing import Told, change, decided
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.session import Here, read, require_whole
from arco.model import State
from arco.orchestration.commands.pools import size_pool, unsize_pool
from arco.service.authority import guarded, require_on_workspace
from arco.service.pools import PoolSummary, pool_list, pool_summary
from arco.wire.access import AccessOutcome
from arco.wire.pools import PoolList, PoolRequest

PoolName = Annotated[str, Parameter(title="Pool", description="Its name.", max_length=64)]


@get(
    "/pools",
    summary="List pools",
    tags=["orchestration"],
    response_description="The pools.",
    responses=refusals(),
)
async def show_pools(session: Here, caller: CallerHere, fields: Fields = "") -> Response[PoolList]:
    """Every pool with its slots, how many are taken and how much waits for it."""
    await require_whole(session, caller)
    return await read(
        session, lambda state: PoolList(pool_list(state)), caller=caller, fields=fields
    )


@post(
    "/pools",
    operation_id="size_pool",
    summary="Size a pool",
    tags=["orchestration"],
    status_code=200,
    response_description="The pool has this size.",
    responses=refusals(),
)
async def size(
    session: Here, caller: CallerHere, data: JSONBody[PoolRequest]
) -> Response[PoolSummary]:
    """Give a pool a size. What is out already stays out; nothing more starts than fits."""

    def tell(state: State) -> Told[PoolSummary]:
        found = pool_summary(state, data.name)
        assert found is not None, data.name
        return Told(found)

    decision = size_pool(data.name, data.slots, actor=caller.principal)
    managed = guarded(decision, partial(_check, caller=caller))
    return await change(session, managed, tell=tell, caller=caller)


@delete(
    "/pools/{name:str}",
    operation_id="unsize_pool",
    summary="Take a pool's size back",
    tags=["orchestration"],
    status_code=200,
    response_description="The pool has one slot, as one that nobody sized.",
    responses=refusals(404),
)
async def unsize(session: Here, caller: CallerHere, name: PoolName) -> Response[AccessOutcome]:
    """Let a pool be as if nobody had sized it."""
    decision = unsize_pool(name, actor=caller.principal)
    managed = guarded(decision, partial(_check, caller=caller))
    return await decided(session, managed, caller=caller)


def _check(state: State, *, caller: Caller) -> None:
    """Raises: Forbidden ACCESS_DENIED."""
    require_on_workspace(state, caller, privilege=Privilege.MANAGE)


ROUTES = (show_pools, size, unsize)

__all__ = ["ROUTES", "show_pools", "size", "unsize"]
