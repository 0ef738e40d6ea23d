"""Access over HTTP: who holds what, who is in which group, and why somebody may or may not.

Must not know how callers are identified.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import JSONBody, Parameter

from arco.access.commands import (
    AddPrincipal,
    ChangeMember,
    add_member,
    add_principal,
    disable_principal,
    enable_principal,
    remove_member,
    remove_principal,
)
from arco.access.decisions import Decision, principals_of
from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.changing import decided
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, read
from arco.api.strictness import PRESENT_ONLY
from arco.errors import Invalid
from arco.model import State
from arco.service.authority import require_on_workspace
from arco.service.granting import (
    GrantWish,
    as_owner,
    explained,
    granting,
    grants_of,
    grants_on,
    principals_behind,
    revoking,
)
from arco.service.views import View
from arco.wire.access import (
    AccessOutcome,
    GrantList,
    GrantRequest,
    MemberRequest,
    Myself,
    PrincipalList,
    PrincipalRequest,
)

PrincipalName = Annotated[str, Parameter(description="Such as `user:ann` or `group:analysts`.")]
OnObject = Annotated[str, Parameter(description="Such as `table:sales.orders` or `workspace`.")]
Asked = Annotated[Privilege, Parameter(description="The privilege.")]


@get(
    "/access/me",
    summary="Who am I",
    tags=["access"],
    response_description="The caller.",
    responses=refusals(),
    opt={PRESENT_ONLY: True},
)
async def show_me(session: Here, caller: CallerHere) -> Response[Myself]:
    """Who the server takes you for, and what your credential is limited to."""

    def look(state: State) -> Myself:
        whole = state.whole if isinstance(state, View) else state
        return Myself(
            principal=caller.principal,
            method=caller.method,
            tenant=caller.tenant,
            workspace=caller.workspace,
            groups=principals_of(whole, caller)[1:],
            scopes=None if caller.scopes is None else tuple(sorted(caller.scopes)),
        )

    return await read(session, look, caller=caller)


@get(
    "/access/explain",
    operation_id="explain_access",
    summary="Explain a decision",
    tags=["access"],
    response_description="The decision, and what decided it.",
    responses=refusals(404),
    opt={PRESENT_ONLY: True},
)
async def explain(
    session: Here, caller: CallerHere, privilege: Asked, on: OnObject, principal: PrincipalName = ""
) -> Response[Decision]:
    """Whether you, or a principal, may do something with an object, and which grant says so.

    About others you may ask on what you manage.
    """
    wish = GrantWish(privilege=privilege, on=on, principal=principal)
    return await read(session, lambda state: explained(state, caller, wish=wish), caller=caller)


@get(
    "/access/grants",
    summary="List grants",
    tags=["access"],
    response_description="What is held.",
    responses=refusals(404),
    opt={PRESENT_ONLY: True},
)
async def show_grants(
    session: Here,
    caller: CallerHere,
    on: OnObject = "",
    principal: PrincipalName = "",
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[GrantList]:
    """What is held on an object you manage and on what it stands in, or what a principal holds,
    page by page.

    With neither: what you hold.
    """
    if on and principal:
        raise Invalid(
            "REQUEST_INVALID", "both `on` and `principal` were given", hint="give one of them"
        )

    holder = "" if on else principal or caller.principal

    def look(state: State) -> GrantList:
        after = read_cursor(cursor, "grants", on, holder, types=(str, str, str, str))
        held = (
            grants_on(state, caller, on=on, after=after)
            if on
            else grants_of(state, caller, principal=holder, after=after)
        )
        page = page_of(held, limit=limit, key=itemgetter(0))
        lines = [line for _, line in page.rows]
        return GrantList(lines, write_cursor(page.behind, "grants", on, holder))

    return await read(session, look, caller=caller, fields=fields)


@post(
    "/access/grants",
    operation_id="give_grant",
    summary="Give a privilege",
    tags=["access"],
    status_code=200,
    response_description="The privilege is held.",
    responses=refusals(404),
)
async def give(
    session: Here, caller: CallerHere, data: JSONBody[GrantRequest]
) -> Response[AccessOutcome]:
    """Give a privilege on an object you manage; OWN and MANAGE only if you own it."""
    wish = GrantWish(privilege=data.privilege, on=data.on, principal=data.to)
    authority = session.workspace.authority
    return await decided(session, granting(wish, caller=caller, authority=authority), caller=caller)


@delete(
    "/access/grants",
    operation_id="revoke_grant",
    summary="Take a privilege",
    tags=["access"],
    status_code=200,
    response_description="The privilege is not held any more.",
    responses=refusals(404),
)
async def take(
    session: Here, caller: CallerHere, privilege: Asked, on: OnObject, principal: PrincipalName
) -> Response[AccessOutcome]:
    """Take a privilege on an object you manage from whom it was given to."""
    wish = GrantWish(privilege=privilege, on=on, principal=principal)
    authority = session.workspace.authority
    return await decided(session, revoking(wish, caller=caller, authority=authority), caller=caller)


@get(
    "/access/principals",
    summary="List principals",
    tags=["access"],
    response_description="The principals.",
    responses=refusals(),
    opt={PRESENT_ONLY: True},
)
async def show_principals(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[PrincipalList]:
    """Users, groups and service accounts, page by page, for who owns the workspace."""

    def look(state: State) -> PrincipalList:
        require_on_workspace(state, caller, privilege=Privilege.OWN)
        after = read_cursor(cursor, "principals", types=(str,))
        rows = principals_behind(state, after)
        page = page_of(rows, limit=limit, key=lambda line: (line.principal,))
        return PrincipalList(page.rows, write_cursor(page.behind, "principals"))

    return await read(session, look, caller=caller, fields=fields)


@post(
    "/access/principals",
    operation_id="add_principal",
    summary="Add a principal",
    tags=["access"],
    status_code=200,
    response_description="The principal can be granted privileges.",
    responses=refusals(),
)
async def add(
    session: Here, caller: CallerHere, data: JSONBody[PrincipalRequest]
) -> Response[AccessOutcome]:
    """Add a user, a group or a service account, or describe it anew."""
    command = AddPrincipal(
        principal=data.principal, description=data.description, actor=caller.principal
    )
    return await decided(session, as_owner(add_principal(command), caller), caller=caller)


@delete(
    "/access/principals/{principal:str}",
    operation_id="remove_principal",
    summary="Remove a principal",
    tags=["access"],
    status_code=200,
    response_description="It holds nothing any more.",
    responses=refusals(404),
)
async def remove(
    session: Here, caller: CallerHere, principal: PrincipalName
) -> Response[AccessOutcome]:
    """Remove a principal with its grants, memberships and keys."""
    decision = remove_principal(principal, caller.principal)
    return await decided(session, as_owner(decision, caller), caller=caller)


@post(
    "/access/principals/{principal:str}/disable",
    operation_id="disable_principal",
    summary="Disable a principal",
    tags=["access"],
    status_code=200,
    response_description="It is refused.",
    responses=refusals(404),
)
async def disable(
    session: Here, caller: CallerHere, principal: PrincipalName
) -> Response[AccessOutcome]:
    """Refuse whoever comes as the principal, by key or by token; what it holds stays."""
    decision = disable_principal(principal, caller.principal)
    return await decided(session, as_owner(decision, caller), caller=caller)


@post(
    "/access/principals/{principal:str}/enable",
    operation_id="enable_principal",
    summary="Enable a principal",
    tags=["access"],
    status_code=200,
    response_description="It is let in.",
    responses=refusals(404),
)
async def enable(
    session: Here, caller: CallerHere, principal: PrincipalName
) -> Response[AccessOutcome]:
    """Let a principal in again."""
    decision = enable_principal(principal, caller.principal)
    return await decided(session, as_owner(decision, caller), caller=caller)


@post(
    "/access/members",
    operation_id="add_member",
    summary="Put into a group",
    tags=["access"],
    status_code=200,
    response_description="The principal is in the group.",
    responses=refusals(404, 409),
)
async def join(
    session: Here, caller: CallerHere, data: JSONBody[MemberRequest]
) -> Response[AccessOutcome]:
    """Put a principal into a group: what the group holds, it holds."""
    command = ChangeMember(group=data.group, member=data.member, actor=caller.principal)
    return await decided(session, as_owner(add_member(command), caller), caller=caller)


@delete(
    "/access/members",
    operation_id="remove_member",
    summary="Take out of a group",
    tags=["access"],
    status_code=200,
    response_description="The principal is not in the group any more.",
    responses=refusals(404),
)
async def leave(
    session: Here, caller: CallerHere, group: PrincipalName, member: PrincipalName
) -> Response[AccessOutcome]:
    """Take a principal out of a group."""
    command = ChangeMember(group=group, member=member, actor=caller.principal)
    return await decided(session, as_owner(remove_member(command), caller), caller=caller)


ROUTES = (
    show_me,
    explain,
    show_grants,
    give,
    take,
    show_principals,
    add,
    remove,
    disable,
    enable,
    join,
    leave,
)

__all__ = [
    "ROUTES",
    "OnObject",
    "add",
    "disable",
    "enable",
    "explain",
    "give",
    "join",
    "leave",
    "remove",
    "show_grants",
    "show_me",
    "show_principals",
    "take",
]
