"""Conditions over HTTP: list, show why something was run or was not, on and off.

A route parses, a command decides, the answer names the slot. Must not know how a condition is
judged.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from litestar import Response, get, post

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.changing import change_one
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import CHANGES_ONE, TELLS_ONE
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.reasons import AssetKey, OfPartition
from arco.api.session import Here, Session, read, read_one
from arco.model import Decision, State
from arco.orchestration.commands.conditions import disable_condition, enable_condition
from arco.service.conditions import (
    ConditionDetail,
    condition_detail,
    conditions,
)
from arco.service.permits import permitted_on_condition
from arco.wire.conditions import ConditionList


@get(
    "/conditions",
    summary="List conditions",
    tags=["orchestration"],
    response_description="The conditions.",
    responses=refusals(),
)
async def show_conditions(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[ConditionList]:
    """Every condition of the deployed assets, by asset, with how it stands."""
    after = read_cursor(cursor, "conditions", types=(str,))

    def page(state: State) -> ConditionList:
        rows = conditions(state, after=str(after[0]) if after else "")
        found = page_of(rows, limit=limit, key=lambda row: (row.asset,))
        return ConditionList(found.rows, write_cursor(found.behind, "conditions"))

    return await read(session, page, caller=caller, fields=fields)


@get(
    "/conditions/{asset:str}",
    summary="Explain a condition",
    tags=["orchestration"],
    response_description="The condition and its newest evaluation.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_condition(
    session: Here,
    caller: CallerHere,
    asset: AssetKey,
    partition: OfPartition = "",
    fields: Fields = "",
) -> Response[ConditionDetail]:
    """Why an asset was run or was not: the newest evaluation of its condition, term by term."""
    now = session.workspace.runtime.now()
    question = partial(condition_detail, now=now, asset=asset, partition=partition)
    return await read_one(session, question, caller=caller, fields=fields)


@post(
    "/conditions/{asset:str}/enable",
    operation_id="enable_condition",
    summary="Switch a condition on",
    tags=["orchestration"],
    status_code=200,
    response_description="The condition.",
    responses=refusals(403, 404),
    opt={CHANGES_ONE: True},
)
async def enable(session: Here, caller: CallerHere, asset: AssetKey) -> Response[ConditionDetail]:
    """It is judged at once; times at which a clock struck before start nothing."""
    return await _switched(session, caller, asset=asset, decision=enable_condition)


@post(
    "/conditions/{asset:str}/disable",
    operation_id="disable_condition",
    summary="Switch a condition off",
    tags=["orchestration"],
    status_code=200,
    response_description="The condition.",
    responses=refusals(403, 404),
    opt={CHANGES_ONE: True},
)
async def disable(session: Here, caller: CallerHere, asset: AssetKey) -> Response[ConditionDetail]:
    """It is not judged and starts nothing, until it is switched on."""
    return await _switched(session, caller, asset=asset, decision=disable_condition)


async def _switched(
    session: Session, caller: Caller, *, asset: str, decision: Callable[..., Decision]
) -> Response[ConditionDetail]:
    authority = session.workspace.authority
    here = session.workspace.runtime.now()
    decided = decision(asset, actor=caller.principal)
    return await change_one(
        session,
        permitted_on_condition(asset, decided, caller=caller, authority=authority),
        tell=partial(condition_detail, now=here, asset=asset),
        caller=caller,
    )


ROUTES = (show_conditions, show_condition, enable, disable)

__all__ = ["ROUTES", "disable", "enable", "show_condition", "show_conditions"]
