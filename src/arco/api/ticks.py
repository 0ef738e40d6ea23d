"""A tick over HTTP: a timer of a cloud lets time pass where no process waits for it.

Law: only a timer that was written down is heard, on every server, also where others need no name.
Must not know what falls due.
"""

from __future__ import annotations

from litestar import Response, post

from arco.access.callers import Method
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import Here, answer
from arco.service.identity import credentials_invalid
from arco.service.ticking import Ticked


@post(
    "/tick",
    summary="Let time pass",
    tags=["orchestration"],
    status_code=200,
    response_description="What fell due was done, as far as one tick goes.",
    responses=refusals(),
)
async def tick(session: Here, caller: CallerHere) -> Response[Ticked]:
    """Do once what a leader does by its clock: release retries, end runs, begin what waits, make
    facts visible, publish a snapshot, check and collect what is stored.

    For timers that the server's operator wrote down, with a token of their issuer, and for nobody
    else. Asked again it does what is due then; asked twice at once nothing is done twice. What was
    begun is performed by the process that leads.
    """
    if caller.method is not Method.TIMER:
        raise credentials_invalid("only a timer lets time pass")
    assert session.ticker is not None
    ticked = await session.ticker.tick()
    return answer(ticked, session.workspace.database.token)


__all__ = ["tick"]
