"""API keys over HTTP: created, listed, replaced with overlap, revoked.

Law: a key's secret is in one answer, that of its creation, and nowhere else.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import Response, delete, get, post
from litestar.params import JSONBody, Parameter

from arco.access.callers import Caller
from arco.access.keys import NewKey, create_key, find_key, key_not_found, revoke_key, rotate_key
from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.changing import acknowledge, decided
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, Session, read
from arco.api.strictness import PRESENT_ONLY
from arco.model import Decision, State
from arco.service.authority import guarded, owns_workspace, require_on_workspace
from arco.service.granting import KeyLabel, fresh_key, keys_behind
from arco.wire.access import AccessOutcome, CreatedKey, KeyList, KeyRequest, RotationRequest
from arco.wire.headers import REPEATED_HEADER

OfPrincipal = Annotated[str, Parameter(description="Only those of this principal.", max_length=512)]
KeyId = Annotated[str, Parameter(title="Key id", description="The part behind `arco_`.")]


@get(
    "/access/keys",
    summary="List keys",
    tags=["access"],
    response_description="The keys, without what could open anything.",
    responses=refusals(),
    opt={PRESENT_ONLY: True},
)
async def show_keys(
    session: Here,
    caller: CallerHere,
    principal: OfPrincipal = "",
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[KeyList]:
    """Your keys; all of them for who owns the workspace, page by page."""

    def look(state: State) -> KeyList:
        after = read_cursor(cursor, "keys", principal, types=(str,))
        rows = keys_behind(state, caller, principal=principal, after=after)
        page = page_of(rows, limit=limit, key=lambda line: (line.key_id,))
        return KeyList(page.rows, write_cursor(page.behind, "keys", principal))

    return await read(session, look, caller=caller, fields=fields)


@post(
    "/access/keys",
    operation_id="create_key",
    summary="Create a key",
    tags=["access"],
    status_code=201,
    response_description="The key, told this once.",
    responses=refusals(404),
)
async def create(
    session: Here, caller: CallerHere, data: JSONBody[KeyRequest]
) -> Response[CreatedKey]:
    """Create a key, for yourself with a credential that is not limited, or as who owns the
    workspace.
    """
    workspace = session.workspace
    command = fresh_key(
        workspace.runtime,
        data.principal or caller.principal,
        label=KeyLabel(name=data.name, scopes=data.scopes),
        days=data.days,
        actor=caller.principal,
    )
    permitted = for_holder(create_key(command), caller, holder=command.principal)
    return await _told_once(session, permitted, key=command, caller=caller)


@post(
    "/access/keys/{key_id:str}/rotate",
    operation_id="rotate_key",
    summary="Replace a key",
    tags=["access"],
    status_code=201,
    response_description="The key that takes its place, told this once.",
    responses=refusals(404, 409),
)
async def rotate(
    session: Here, caller: CallerHere, key_id: KeyId, data: JSONBody[RotationRequest]
) -> Response[CreatedKey]:
    """Create a key like this one; this one opens the API until the overlap has passed."""
    workspace = session.workspace
    successor = fresh_key(
        workspace.runtime, "", label=KeyLabel(), days=data.days, actor=caller.principal
    )
    overlap = timedelta(hours=data.overlap_hours)
    permitted = of_key(rotate_key(key_id, successor, overlap=overlap), caller, key_id=key_id)
    return await _told_once(session, permitted, key=successor, caller=caller)


@delete(
    "/access/keys/{key_id:str}",
    operation_id="revoke_key",
    summary="Revoke a key",
    tags=["access"],
    status_code=200,
    response_description="The key opens nothing any more.",
    responses=refusals(404),
)
async def revoke(session: Here, caller: CallerHere, key_id: KeyId) -> Response[AccessOutcome]:
    """Revoke a key, at once and on every server."""
    decision = revoke_key(key_id, caller.principal)
    return await decided(session, of_key(decision, caller, key_id=key_id), caller=caller)


def for_holder(decision: Decision, caller: Caller, *, holder: str) -> Decision:
    """The decision, for the holder itself, or for who owns the workspace.

    A limited credential makes no other: that one would be limited to nothing.
    """
    if holder == caller.principal and caller.scopes is None:
        return decision
    return guarded(
        decision, lambda state: require_on_workspace(state, caller, privilege=Privilege.OWN)
    )


def of_key(decision: Decision, caller: Caller, *, key_id: str) -> Decision:
    """The decision about a key: its holder's, or the workspace owner's; to others there is none.

    Raises: NotFound KEY_NOT_FOUND.
    """

    def check(state: State) -> None:
        if owns_workspace(state, caller):
            return
        row = find_key(state, key_id)
        if row.principal != caller.principal or caller.scopes is not None:
            raise key_not_found(key_id)

    return guarded(decision, check)


async def _told_once(
    session: Session, decision: Decision, *, key: NewKey, caller: Caller
) -> Response[CreatedKey]:
    """The key itself, or, to a repeated request, only which one it was: what is kept to answer
    repetitions has no secret in it.
    """
    kept = CreatedKey(key="", key_id=key.key_id, expires_at=key.expires_at)
    answer = await acknowledge(session, decision, told=kept, caller=caller, status=201)
    if REPEATED_HEADER not in answer.headers:
        answer.content = msgspec.structs.replace(kept, key=key.text)
    return answer


ROUTES = (show_keys, create, rotate, revoke)

__all__ = [
    "ROUTES",
    "create",
    "for_holder",
    "of_key",
    "revoke",
    "rotate",
    "show_keys",
]
