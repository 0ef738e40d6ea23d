"""Backfills over HTTP: create, list, show, their chunks; pause, resume, cancel, retry, set.

A route parses, a command decides, the answer names the slot. Must not know how partitions are run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

from litestar import Response, get, patch, post
from litestar.params import JSONBody, Parameter, QueryParameter

from arco.access.callers import Caller
from arco.api.callers import CallerHere
from arco.api.changing import Told, change
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import CHANGES_ONE, TELLS_ONE
from arco.api.paging import PAGE_SIZE, Cursor, PageSize, page_of, read_cursor, write_cursor
from arco.api.session import Here, Session, read, read_one
from arco.ids import new_ulid
from arco.model import Decision, State
from arco.orchestration.backfills import Backfill, BackfillState, ChunkState
from arco.orchestration.commands.backfills import (
    CreateBackfill,
    cancel_backfill,
    find_backfill,
    pause_backfill,
    resume_backfill,
    retry_backfill,
    set_concurrency,
)
from arco.service.backfills import (
    BackfillDetail,
    backfill_chunks,
    backfill_detail,
    backfills,
    known_backfill,
)
from arco.service.permits import permitted_backfill, permitted_on_backfill
from arco.wire.backfills import (
    BackfillCancelRequest,
    BackfillList,
    BackfillRequest,
    BackfillSettings,
    ChunkList,
)

Id = Annotated[
    str, Parameter(title="Backfill id", max_length=26, description="Its id, or how it ends.")
]
OfState = Annotated[
    BackfillState | None,
    QueryParameter(name="state", description="Only backfills in this state."),
]
OfChunkState = Annotated[
    ChunkState | None, QueryParameter(name="state", description="Only chunks in this state.")
]


@get(
    "/backfills",
    summary="List backfills",
    tags=["orchestration"],
    response_description="The backfills.",
    responses=refusals(),
)
async def show_backfills(
    session: Here,
    caller: CallerHere,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    backfill_state: OfState = None,
    fields: Fields = "",
) -> Response[BackfillList]:
    """Every backfill, newest first, with how far it is."""
    asked = ("backfills", backfill_state or "")
    after = read_cursor(cursor, *asked, types=(int,))

    def page(state: State) -> BackfillList:
        found = page_of(
            backfills(state, after=after),
            limit=limit,
            key=lambda row: (-row.number,),
            keep=lambda row: backfill_state in (None, row.state),
        )
        return BackfillList(found.rows, write_cursor(found.behind, *asked))

    return await read(session, page, caller=caller, fields=fields)


@post(
    "/backfills",
    operation_id="create_backfill",
    summary="Create a backfill",
    tags=["orchestration"],
    status_code=202,
    response_description="The backfill.",
    responses=refusals(403, 404),
)
async def create(
    session: Here, caller: CallerHere, data: JSONBody[BackfillRequest]
) -> Response[Backfill]:
    """Make partitions again: a range, named ones, or all, or what a filter leaves of them.

    Acknowledged when the decision is durable, however many partitions there are; the leading
    process starts its runs, upstream partitions first.
    """
    workspace = session.workspace
    command = CreateBackfill(
        backfill_id=new_ulid(workspace.runtime),
        selection=data.selection,
        partitions=data.partitions,
        which=data.which,
        runs_per=data.runs_per,
        chunk_size=data.chunk_size,
        concurrency=data.concurrency,
        actor=caller.principal,
    )
    decision = permitted_backfill(command, caller=caller, authority=workspace.authority)

    def tell(state: State) -> Told[Backfill]:
        return Told(find_backfill(state, command.backfill_id), 202)

    return await change(session, decision, tell=tell, caller=caller)


@get(
    "/backfills/{backfill_id:str}",
    summary="Get a backfill",
    tags=["orchestration"],
    response_description="The backfill.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_backfill(
    session: Here, caller: CallerHere, backfill_id: Id, fields: Fields = ""
) -> Response[BackfillDetail]:
    """One backfill with what is left of it, and the first chunks of which something failed."""
    return await read_one(
        session, lambda state: backfill_detail(state, backfill_id), caller=caller, fields=fields
    )


@get(
    "/backfills/{backfill_id:str}/chunks",
    summary="List the chunks of a backfill",
    tags=["orchestration"],
    response_description="The chunks.",
    responses=refusals(404),
)
async def show_backfill_chunks(
    session: Here,
    caller: CallerHere,
    backfill_id: Id,
    cursor: Cursor = "",
    limit: PageSize = PAGE_SIZE,
    chunk_state: OfChunkState = None,
    fields: Fields = "",
) -> Response[ChunkList]:
    """The chunks that were begun, in order, each with how far it is and its newest run."""
    asked = ("chunks", backfill_id, chunk_state or "")
    after = read_cursor(cursor, *asked, types=(int,))

    def page(state: State) -> ChunkList:
        rows = backfill_chunks(state, backfill_id, after=after[0] if after else None)
        found = page_of(
            rows,
            limit=limit,
            key=lambda row: (row.chunk,),
            keep=lambda row: chunk_state in (None, row.state),
        )
        return ChunkList(found.rows, write_cursor(found.behind, *asked))

    return await read(session, page, caller=caller, fields=fields)


@post(
    "/backfills/{backfill_id:str}/pause",
    operation_id="pause_backfill",
    summary="Pause a backfill",
    tags=["orchestration"],
    status_code=200,
    response_description="The backfill.",
    responses=refusals(403, 404, 409),
    opt={CHANGES_ONE: True},
)
async def pause(session: Here, caller: CallerHere, backfill_id: Id) -> Response[Backfill]:
    """Start nothing more of it until it is resumed; its runs go on."""
    decision = partial(pause_backfill, actor=caller.principal)
    return await _changed(session, caller, name=backfill_id, decision=decision)


@post(
    "/backfills/{backfill_id:str}/resume",
    operation_id="resume_backfill",
    summary="Resume a backfill",
    tags=["orchestration"],
    status_code=200,
    response_description="The backfill.",
    responses=refusals(403, 404, 409),
    opt={CHANGES_ONE: True},
)
async def resume(session: Here, caller: CallerHere, backfill_id: Id) -> Response[Backfill]:
    """Let a paused backfill go on where it was."""
    decision = partial(resume_backfill, actor=caller.principal)
    return await _changed(session, caller, name=backfill_id, decision=decision)


@post(
    "/backfills/{backfill_id:str}/cancel",
    operation_id="cancel_backfill",
    summary="Cancel a backfill",
    tags=["orchestration"],
    status_code=202,
    response_description="The backfill is asked to stop.",
    responses=refusals(403, 404, 409),
    opt={CHANGES_ONE: True},
)
async def cancel(
    session: Here, caller: CallerHere, backfill_id: Id, data: JSONBody[BackfillCancelRequest]
) -> Response[Backfill]:
    """Start nothing more of it, and stop its runs. Cancelling twice is harmless."""
    decision = partial(cancel_backfill, actor=caller.principal, reason=data.reason)
    return await _changed(session, caller, name=backfill_id, decision=decision, status=202)


@post(
    "/backfills/{backfill_id:str}/retry",
    operation_id="retry_backfill",
    summary="Retry what failed of a backfill",
    tags=["orchestration"],
    status_code=202,
    response_description="The backfill goes on.",
    responses=refusals(403, 404, 409),
    opt={CHANGES_ONE: True},
)
async def retry(session: Here, caller: CallerHere, backfill_id: Id) -> Response[Backfill]:
    """Try again what failed so far, and nothing else."""
    decision = partial(retry_backfill, actor=caller.principal)
    return await _changed(session, caller, name=backfill_id, decision=decision, status=202)


@patch(
    "/backfills/{backfill_id:str}",
    operation_id="set_backfill",
    summary="Change a backfill",
    tags=["orchestration"],
    response_description="The backfill.",
    responses=refusals(403, 404, 409),
    opt={CHANGES_ONE: True},
)
async def set_settings(
    session: Here, caller: CallerHere, backfill_id: Id, data: JSONBody[BackfillSettings]
) -> Response[Backfill]:
    """Change how many of its runs there may be at once, while it runs."""

    def decision(found: str) -> Decision:
        return set_concurrency(found, data.concurrency, actor=caller.principal)

    return await _changed(session, caller, name=backfill_id, decision=decision)


async def _changed(
    session: Session,
    caller: Caller,
    *,
    name: str,
    decision: Callable[[str], Decision],
    status: int = 200,
) -> Response[Backfill]:
    authority = session.workspace.authority
    permitted = permitted_on_backfill(name, decision, caller=caller, authority=authority)
    return await change(
        session,
        permitted,
        tell=lambda state: Told(known_backfill(state, name), status),
        caller=caller,
        current=lambda state: backfill_detail(authority.visible(state, caller), name),
    )


ROUTES = (
    show_backfills,
    create,
    show_backfill,
    show_backfill_chunks,
    pause,
    resume,
    cancel,
    retry,
    set_settings,
)

__all__ = [
    "ROUTES",
    "OfState",
    "cancel",
    "create",
    "pause",
    "resume",
    "retry",
    "set_settings",
    "show_backfill",
    "show_backfill_chunks",
    "show_backfills",
]
