"""The change feed over HTTP: a page, a page that waits, or a stream of events.

Law: whoever goes on from the position it was told hears every change once, whatever died in
between. Must not know how changes are found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, TypeAlias

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from litestar.response import Stream

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.promises import FORMS
from arco.api.session import Here, Session, answer, state_headers
from arco.api.strictness import PRESENT_ONLY
from arco.errors import ArcoError
from arco.service.changes import Choice, FeedPage, Position, next_changes, parse_position

EVENTS = "text/event-stream"
RESUME_HEADER = "Last-Event-ID"
LIMIT = 1000
WAIT_SECONDS_MAX = 60
HEARTBEAT_SECONDS = 10.0
STREAM_SECONDS_MAX = 300.0
"""A stream ends after so long: its reader asks again, and is asked again who it is."""
After = Annotated[
    str,
    Parameter(
        description="Where to go on: `position` of the answer before; `start`: the first slot; "
        "nothing: what comes next.",
        max_length=60,
    ),
]
Limit = Annotated[int, Parameter(ge=1, le=LIMIT, description="How many changes at most.")]
Wait = Annotated[
    int,
    Parameter(
        ge=0,
        le=WAIT_SECONDS_MAX,
        description="How many seconds to wait for a change when there is none.",
    ),
]
OfTables = Annotated[
    str,
    Parameter(
        description="Only changes of these tables of `system.*`, separated by commas.",
        max_length=1000,
    ),
]
Asked: TypeAlias = Request[Any, Any, Any]
ANSWERS = {
    200: ResponseSpec(
        FeedPage,
        generate_examples=False,
        description="The changes. With `Accept: text/event-stream` a stream: `change` events with "
        "one change each, and `position` events, at least every ten seconds; the id of each is the "
        "position, which `Last-Event-ID` takes.",
    ),
    **refusals(),
}


@get(
    "/changes",
    summary="Follow what changes",
    tags=["time travel"],
    responses=ANSWERS,
    opt={PRESENT_ONLY: True, FORMS: (EVENTS,)},
)
async def show_changes(
    session: Here,
    caller: CallerHere,
    request: Asked,
    after: After = "",
    limit: Limit = LIMIT,
    wait: Wait = 0,
    table: OfTables = "",
) -> Response[FeedPage]:
    """Every row that changed behind a position, in the order of the log, of what the caller may
    know of now.

    Send `position` as `after` to go on: every change is told once. An answer without changes has
    moved on, too. With `Accept: text/event-stream` the changes come as they happen.
    """
    database = session.workspace.database
    await session.terms.brought(database)
    position = parse_position(request.headers.get(RESUME_HEADER, after), database.seq)
    names = tuple(name.strip() for name in table.split(",") if name.strip())
    choice = Choice(limit=limit, tables=names)
    if EVENTS in request.headers.get("accept", ""):
        return _streamed(session, caller, position=position, choice=choice)
    page = await next_changes(
        session.workspace, position, caller=caller, choice=choice, seconds=wait
    )
    return answer(page, database.token)


def _streamed(
    session: Session, caller: Caller, *, position: Position, choice: Choice
) -> Response[Any]:
    events = _events(session, caller, position=position, choice=choice)
    headers = state_headers(session.workspace.database.token)
    return Stream(events, media_type=EVENTS, headers=headers)


async def _events(
    session: Session, caller: Caller, *, position: Position, choice: Choice
) -> AsyncIterator[bytes]:
    workspace = session.workspace
    until = workspace.runtime.monotonic() + STREAM_SECONDS_MAX
    # The first event says where the stream begins, so that it can be resumed from the start.
    yield _event("position", str(position), data=_Place(str(position)))
    while workspace.runtime.monotonic() < until:
        try:
            page = await next_changes(
                workspace, position, caller=caller, choice=choice, seconds=HEARTBEAT_SECONDS
            )
        except ArcoError as error:
            yield _event("error", str(position), data=_Trouble(error.code, error.message))
            return
        for change in page.changes:
            yield _event("change", change.position, data=change)
        position = parse_position(page.position, 0)
        yield _event("position", page.position, data=_Place(page.position))


class _Place(msgspec.Struct, frozen=True):
    position: str


class _Trouble(msgspec.Struct, frozen=True):
    code: str
    message: str


def _event(name: str, position: str, *, data: msgspec.Struct) -> bytes:
    return f"id: {position}\nevent: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


__all__ = ["show_changes"]
