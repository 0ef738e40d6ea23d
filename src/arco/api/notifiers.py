"""Notifiers over HTTP: list, show, what was told, try one.

A route parses, a command decides, the answer names the slot. Must not know how anybody is reached.
"""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get, post
from litestar.params import Parameter

from arco.api.callers import CallerHere
from arco.api.changing import Told, change
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import CHANGES_ONE, TELLS_ONE
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, read, read_one
from arco.model import State
from arco.orchestration.commands.notifications import try_notifier
from arco.orchestration.notifications import Notification
from arco.service.notifiers import (
    NotifierDetail,
    newest_notification,
    newest_notifications,
    notifier_detail,
    notifiers,
    place_of,
)
from arco.service.permits import permitted_on_notifier
from arco.wire.notifiers import NotificationList, NotifierList

Name = Annotated[str, Parameter(title="Notifier", max_length=200, description="Its name.")]
Whose = Annotated[str, Parameter(max_length=200, description="Only what this notifier was told.")]


@get(
    "/notifiers",
    summary="List notifiers",
    tags=["orchestration"],
    response_description="The notifiers.",
    responses=refusals(),
)
async def show_notifiers(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[NotifierList]:
    """Everybody whom the deployed projects tell what happened, by name."""
    after = read_cursor(cursor, "notifiers", types=(str,))

    def page(state: State) -> NotifierList:
        rows = notifiers(state, after=str(after[0]) if after else "")
        found = page_of(rows, limit=limit, key=lambda row: (row.name,))
        return NotifierList(found.rows, write_cursor(found.behind, "notifiers"))

    return await read(session, page, caller=caller, fields=fields)


@get(
    "/notifiers/{name:str}",
    summary="Get a notifier",
    tags=["orchestration"],
    response_description="The notifier.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_notifier(
    session: Here, caller: CallerHere, name: Name, fields: Fields = ""
) -> Response[NotifierDetail]:
    """One notifier with what it was told last, and whether it took it."""
    return await read_one(
        session, lambda state: notifier_detail(state, name), caller=caller, fields=fields
    )


@post(
    "/notifiers/{name:str}/test",
    operation_id="test_notifier",
    summary="Try a notifier",
    tags=["orchestration"],
    status_code=202,
    response_description="The notification, which is sent next.",
    responses=refusals(403, 404),
    opt={CHANGES_ONE: True},
)
async def try_it(session: Here, caller: CallerHere, name: Name) -> Response[Notification]:
    """Whoever leads sends it something now. Whether it was taken stands with its notifications."""
    authority = session.workspace.authority
    decision = try_notifier(name, actor=caller.principal)
    return await change(
        session,
        permitted_on_notifier(name, decision, caller=caller, authority=authority),
        tell=lambda state: Told(newest_notification(state, name), 202),
        caller=caller,
        current=lambda state: notifier_detail(authority.visible(state, caller), name),
    )


@get(
    "/notifications",
    summary="List notifications",
    tags=["orchestration"],
    response_description="The notifications.",
    responses=refusals(),
)
async def show_notifications(
    session: Here,
    caller: CallerHere,
    notifier: Whose = "",
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[NotificationList]:
    """What was told, newest first, and whether it was taken: the last thousand of each notifier."""
    asked = ("notifications", notifier)
    behind = read_cursor(cursor, *asked, types=(int, str, int))

    def page(state: State) -> NotificationList:
        newest = newest_notifications(state, notifier=notifier)
        rows = (row for row in newest if not behind or place_of(row) > behind)
        found = page_of(rows, limit=limit, key=place_of)
        return NotificationList(found.rows, write_cursor(found.behind, *asked))

    return await read(session, page, caller=caller, fields=fields)


ROUTES = (show_notifiers, show_notifier, try_it, show_notifications)

__all__ = [
    "ROUTES",
    "show_notifications",
    "show_notifier",
    "show_notifiers",
    "try_it",
]
