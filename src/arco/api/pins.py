"""Pins over HTTP: slots that stay readable under a name, however old they get.

Must not know what a pin keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, Parameter

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.changing import Told, change, decided
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, read, require_whole
from arco.api.strictness import PRESENT_ONLY
from arco.engine.garbage import PINS, PinnedSlot
from arco.engine.past import refuse_unknown
from arco.engine.pins import CreatePin, create_pin, drop_pin
from arco.model import Decision, State
from arco.service.authority import guarded, require_on_workspace
from arco.wire.access import AccessOutcome
from arco.wire.pins import PinList, PinRequest

PinName = Annotated[str, Parameter(title="Pin", description="The pin's name.", max_length=64)]


@get(
    "/pins",
    summary="List pins",
    tags=["time travel"],
    response_description="A page of pins.",
    responses=refusals(),
    opt={PRESENT_ONLY: True},
)
async def show_pins(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    fields: Fields = "",
) -> Response[PinList]:
    """The slots that stay readable, by the names they have, page by page."""
    await require_whole(session, caller)

    def listed(state: State) -> PinList:
        after = read_cursor(cursor, "pins", types=(str,))
        page = page_of(state.range(PINS, after=after), limit=limit, key=PINS.key_of)
        return PinList(page.rows, write_cursor(page.behind, "pins"))

    return await read(session, listed, caller=caller, fields=fields)


@post(
    "/pins",
    operation_id="create_pin",
    summary="Pin a slot",
    tags=["time travel"],
    status_code=201,
    response_description="The slot stays readable.",
    responses=refusals(404, 409),
)
async def create(
    session: Here, caller: CallerHere, data: JSONBody[PinRequest]
) -> Response[PinnedSlot]:
    """Keep the state of a slot, and the table versions it shows, until the pin goes."""
    workspace = session.workspace
    await workspace.database.asked(partial(_check, caller=caller))
    newest = await workspace.database.refresh()
    slot = newest if data.slot is None else data.slot
    await refuse_unknown(workspace.database, slot)
    hours = data.expires_hours
    wanted = CreatePin(
        name=data.name,
        slot=slot,
        expires_at=workspace.runtime.now() + timedelta(hours=hours) if hours else None,
        reason=data.reason,
        actor=caller.principal,
    )

    def tell(state: State) -> Told[PinnedSlot]:
        pin = state.get(PINS, data.name)
        assert pin is not None, data.name
        return Told(pin, 201)

    return await change(session, _managed(create_pin(wanted), caller), tell=tell, caller=caller)


@delete(
    "/pins/{name:str}",
    operation_id="drop_pin",
    summary="Drop a pin",
    tags=["time travel"],
    status_code=200,
    response_description="It keeps nothing any more.",
    responses=refusals(404),
)
async def drop(session: Here, caller: CallerHere, name: PinName) -> Response[AccessOutcome]:
    """Let a pin go: what only it kept becomes garbage."""
    decision = _managed(drop_pin(name, caller.principal), caller)
    return await decided(session, decision, caller=caller)


def _managed(decision: Decision, caller: Caller) -> Decision:
    return guarded(decision, partial(_check, caller=caller))


def _check(state: State, *, caller: Caller) -> None:
    """Raises: Forbidden ACCESS_DENIED."""
    require_on_workspace(state, caller, privilege=Privilege.MANAGE)


ROUTES: Sequence[HTTPRouteHandler] = (show_pins, create, drop)

__all__ = ["ROUTES", "create", "drop", "show_pins"]
