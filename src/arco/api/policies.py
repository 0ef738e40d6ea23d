"""Row filters and column masks over HTTP.

Must not know how they are applied.
"""

from __future__ import annotations

from litestar import Response, delete, get, post
from litestar.params import JSONBody

from arco.api.access import OnObject
from arco.api.callers import CallerHere
from arco.api.changing import decided
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, read
from arco.api.strictness import PRESENT_ONLY
from arco.model import State
from arco.query.trying import try_policy
from arco.service.policing import PolicyWish, freeing, policies_on, policing
from arco.wire.access import AccessOutcome, PolicyList, PolicyRequest


@get(
    "/access/policies",
    summary="List filters and masks",
    tags=["access"],
    response_description="The filter on the table's rows, then the masks of its columns.",
    responses=refusals(404),
    opt={PRESENT_ONLY: True},
)
async def show_policies(
    session: Here,
    caller: CallerHere,
    on: OnObject,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[PolicyList]:
    """What stands between a table and its readers, page by page, for who manages it."""

    def look(state: State) -> PolicyList:
        after = read_cursor(cursor, "policies", on, types=(str,))
        rows = policies_on(state, caller, on=on, after=after)
        page = page_of(rows, limit=limit, key=lambda line: (line.column,))
        return PolicyList(page.rows, write_cursor(page.behind, "policies", on))

    return await read(session, look, caller=caller, fields=fields)


@post(
    "/access/policies",
    operation_id="set_policy",
    summary="Filter rows or mask a column",
    tags=["access"],
    status_code=200,
    response_description="It counts for every query from here on.",
    responses=refusals(404),
)
async def restrict(
    session: Here, caller: CallerHere, data: JSONBody[PolicyRequest]
) -> Response[AccessOutcome]:
    """Show readers of a table only some rows, or of a column another value.

    It counts for everyone who is not exempt, owners included. It is tried before it is set; what
    cannot be applied later, because the table changed, shows nothing.
    """
    wish = PolicyWish(on=data.on, expression=data.expression, exempt=data.exempt)
    authority = session.workspace.authority
    await try_policy(session.workspace, session.queries, wish=wish, caller=caller)
    decision = policing(wish, caller=caller, authority=authority)
    return await decided(session, decision, caller=caller)


@delete(
    "/access/policies",
    operation_id="remove_policy",
    summary="Remove a filter or a mask",
    tags=["access"],
    status_code=200,
    response_description="It counts no more.",
    responses=refusals(404),
)
async def free(session: Here, caller: CallerHere, on: OnObject) -> Response[AccessOutcome]:
    """Show readers of the table every row, or of the column its values."""
    authority = session.workspace.authority
    decision = freeing(PolicyWish(on=on), caller=caller, authority=authority)
    return await decided(session, decision, caller=caller)


ROUTES = (show_policies, restrict, free)

__all__ = ["ROUTES", "free", "restrict", "show_policies"]
