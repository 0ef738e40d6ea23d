"""Facts that wait in quarantine over HTTP: listed, shown as they were sent, tried again.

Must not know what any fact means.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, Parameter

from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, answer, ask, read
from arco.api.strictness import PRESENT_ONLY
from arco.engine.lanes.quarantine import (
    RETRIES_MAX,
    Quarantine,
    Retried,
    quarantined,
    quarantined_at,
)
from arco.engine.lanes.tables import QUARANTINE, QuarantinedFact
from arco.model import State
from arco.service.authority import require_on_workspace
from arco.wire.facts import QuarantineList, RetryRequest, ShownFact

Lane = Annotated[str, Parameter(max_length=26, description="The lane the fact stands in.")]
Number = Annotated[int, Parameter(ge=0, le=2**53, description="Its place there.")]


@get(
    "/facts/quarantine",
    operation_id="list_quarantined_facts",
    summary="List quarantined facts",
    tags=["facts"],
    response_description="The facts.",
    responses=refusals(),
    opt={PRESENT_ONLY: True},
)
async def show_quarantine(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[QuarantineList]:
    """The facts that were taken and could not be folded, and why, in the order of their places."""
    after = read_cursor(cursor, "quarantine", types=(str, int, int))

    def question(state: State) -> QuarantineList:
        require_on_workspace(state, caller, privilege=Privilege.MANAGE)
        page = page_of(state.range(QUARANTINE, after=after), limit=limit, key=QUARANTINE.key_of)
        return QuarantineList(page.rows, write_cursor(page.behind, "quarantine"))

    return await read(session, question, caller=caller, fields=fields)


@get(
    "/facts/quarantine/{lane:str}/{slot:int}/{position:int}",
    operation_id="show_quarantined_fact",
    summary="Get a quarantined fact",
    tags=["facts"],
    response_description="The fact as it was sent.",
    responses=refusals(404),
    opt={PRESENT_ONLY: True},
)
async def show_quarantined_fact(
    session: Here, caller: CallerHere, lane: Lane, slot: Number, position: Number
) -> Response[ShownFact]:
    """One fact that could not be folded, with what was sent."""

    def question(state: State) -> QuarantinedFact:
        require_on_workspace(state, caller, privilege=Privilege.MANAGE)
        return quarantined_at(state, (lane, slot, position))

    seen = await ask(session, question, caller=caller)
    row = seen.value
    fact = await Quarantine(session.workspace.database).fact(row)
    shown = ShownFact(
        type=fact.type,
        version=fact.version,
        producer=fact.producer,
        epoch=fact.epoch,
        seq=None if fact.seq < 0 else fact.seq,
        key=fact.key,
        payload=msgspec.json.decode(fact.payload),
        code=row.code,
        reason=row.reason,
        quarantined_at=row.quarantined_at,
    )
    return answer(shown, seen.token)


@post(
    "/facts/quarantine/retry",
    operation_id="retry_quarantined_facts",
    summary="Try quarantined facts again",
    tags=["facts"],
    status_code=200,
    response_description="What became of them.",
    responses=refusals(404),
)
async def retry_quarantined_facts(
    session: Here, caller: CallerHere, data: JSONBody[RetryRequest]
) -> Response[Retried]:
    """Fold what this release can fold by now; the rest stays, with the new reason.

    A fact of an unknown type is folded by the first release that knows it without being asked.
    """

    def question(state: State) -> list[QuarantinedFact]:
        require_on_workspace(state, caller, privilege=Privilege.MANAGE)
        places = [(each.lane, each.slot, each.position) for each in data.facts]
        if places:
            return [quarantined_at(state, place) for place in places]
        return quarantined(state, limit=RETRIES_MAX)

    seen = await ask(session, question, caller=caller)
    database = session.workspace.database
    retried = await Quarantine(database).retry(seen.value)
    return answer(retried, database.token)


__all__ = [
    "retry_quarantined_facts",
    "show_quarantine",
    "show_quarantined_fact",
]
