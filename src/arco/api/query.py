"""SQL over HTTP: one SELECT in, its rows out, in the format that was asked for.

The answer names a slot that everything it read had reached. Must not know SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.promises import FORMS
from arco.api.session import Here, Session, past_of, state_headers
from arco.engine.past import Past
from arco.query.names import TableName
from arco.query.pool import Provider
from arco.query.protocol import Ask, Format, Limits, Provision
from arco.query.provider import provider_for
from arco.runtime import Signal
from arco.wire.headers import ROWS_HEADER, TRUNCATED_HEADER
from arco.wire.queries import QueryRequest

MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv",
    Format.ARROW: "application/vnd.apache.arrow.stream",
    Format.TEXT: "text/plain",
}


class ReadAt:
    """A provider that remembers the slot which everything it provided had reached."""

    def __init__(self, session: Session, past: Past | None, *, caller: Caller) -> None:
        self._standing = past or session.workspace.database
        self._provider: Provider = provider_for(session.workspace, past, caller=caller)
        self.token = self._standing.token
        self._is_read = False

    async def provide(self, names: Sequence[TableName]) -> Sequence[Provision]:
        """What stands behind the names; a view asks again, at the same slot."""
        if not self._is_read:
            self.token, self._is_read = self._standing.token, True
        return await self._provider(names)


QUERY_ANSWERS = {
    200: ResponseSpec(
        list[dict[str, Any]],
        generate_examples=False,
        description="The rows, here as JSON. `Arco-Rows` counts them; `Arco-Truncated: true` says "
        "that there were more than the limits let through.",
    ),
    **refusals(404, 409),
}


@post(
    "/query",
    summary="Run a query",
    tags=["query"],
    status_code=200,
    responses=QUERY_ANSWERS,
    opt={FORMS: tuple(MEDIA_TYPES.values())},
)
async def run_query(
    session: Here, caller: CallerHere, request: Request[Any, Any, Any], data: JSONBody[QueryRequest]
) -> Response[bytes]:
    """The rows of one SELECT. Nothing can be changed by it; it runs in a process of its own.

    It ends when the client hangs up.
    """
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    limits = Limits(seconds_max=workspace.settings.query_seconds_max)
    asked = Ask(data.sql, data.parameters, limits, data.format)
    past = await past_of(session, data.at, caller=caller) if data.at else None
    reader = ReadAt(session, past, caller=caller)
    left = workspace.runtime.signal()
    watch = workspace.runtime.spawn(_set_when_left(request, left), "arco-query-client")
    try:
        result = await session.queries.run(asked, reader.provide, cancelled=left)
    finally:
        watch.cancel()
    headers = {
        **state_headers(reader.token),
        ROWS_HEADER: str(result.rows),
        TRUNCATED_HEADER: str(result.truncated).lower(),
    }
    return Response(result.body, media_type=MEDIA_TYPES[data.format], headers=headers)


async def _set_when_left(request: Request[Any, Any, Any], left: Signal) -> None:
    """Set `left` once the client has hung up: nobody waits for the rows any more."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    left.set()


__all__ = ["ReadAt", "run_query"]
