"""Restores over HTTP: what one would do, starting it, and how far it is.

Started when it is acknowledged; whoever leads carries it to its end. Must not know how.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter

from arco.access.callers import Caller
from arco.access.privileges import Privilege
from arco.api.callers import CallerHere
from arco.api.changing import Told, change
from arco.api.failures import refusals
from arco.api.fields import Fields
from arco.api.headers import TELLS_ONE
from arco.api.session import Here, Session, answer, read_one, require_whole
from arco.errors import NotFound
from arco.formats.restore_plans import plan_restore
from arco.formats.restoring import ready_restore, tables_busy
from arco.model import Event, State
from arco.orchestration.restores import RESTORES
from arco.orchestration.tables import ASSETS
from arco.service.authority import guarded, require
from arco.service.chains import chain_of_asset
from arco.service.history import meant_slot
from arco.service.restores import RestorePlan
from arco.wire.travel import RestoreRequest, RestoreSummary

RestoreId = Annotated[str, Parameter(title="Restore id", description="A restore's id.")]
STARTED = {
    200: ResponseSpec(
        RestorePlan,
        generate_examples=False,
        description="Every table is what it was then: nothing had to be done.",
    ),
    **refusals(404, 409),
}


@post(
    "/restore/plan",
    operation_id="plan_restore",
    summary="See what a restore would do",
    tags=["time travel"],
    status_code=200,
    response_description="What would change.",
    responses=refusals(404, 409),
)
async def plan(
    session: Here, caller: CallerHere, data: JSONBody[RestoreRequest]
) -> Response[RestorePlan]:
    """What bringing these tables back would change: versions, rows, files, partitions.

    Nothing is changed.
    """
    return answer(
        await planned_restore(session, caller, data=data), session.workspace.database.token
    )


@post(
    "/restore",
    operation_id="start_restore",
    summary="Restore tables",
    tags=["time travel"],
    status_code=202,
    response_description="The restore is started.",
    responses=STARTED,
)
async def start(
    session: Here, caller: CallerHere, data: JSONBody[RestoreRequest]
) -> Response[RestoreSummary | RestorePlan]:
    """Make each table what it was then: rows, columns, and what its partitions were made from.

    Nothing is undone: the old content becomes a new version, all tables in one commit. Acknowledged
    when it is durable that it happens; `GET /restores/{restore_id}` says when it has.
    """
    workspace = session.workspace
    planned = await planned_restore(session, caller, data=data)
    ready = await ready_restore(workspace, planned, actor=caller.principal)
    decision = ready.decision if ready else _nothing
    restore_id, names = (ready.restore_id, ready.tables) if ready else ("", ())

    def tell(state: State) -> Told[RestoreSummary | RestorePlan]:
        if not restore_id:
            return Told(planned)
        if state.get(RESTORES, restore_id) is None:
            raise tables_busy(names)
        return Told(restore_summary(state, restore_id), 202)

    # Also when nothing has to be done: a repetition is answered with the restore it started.
    check = partial(_require_tables, caller=caller, names=data.tables)
    return await change(session, guarded(decision, check), tell=tell, caller=caller)


@get(
    "/restores/{restore_id:str}",
    summary="Get a restore",
    tags=["time travel"],
    response_description="The restore.",
    responses=refusals(404),
    opt={TELLS_ONE: True},
)
async def show_restore(
    session: Here, caller: CallerHere, restore_id: RestoreId, fields: Fields = ""
) -> Response[RestoreSummary]:
    """How far a restore is: `PUBLISHED` once readers see what came back. `abandoned_at` is set once
    it was taken back, because another program changed a table meanwhile; `message` says what to do.
    """
    return await read_one(
        session, lambda state: restore_summary(state, restore_id), caller=caller, fields=fields
    )


def restore_summary(state: State, restore_id: str) -> RestoreSummary:
    """The restore as it is told.

    Raises: NotFound RESTORE_NOT_FOUND.
    """
    row = state.get(RESTORES, restore_id)
    if row is None:
        raise NotFound(
            "RESTORE_NOT_FOUND",
            f"there is no restore {restore_id[:100]!r}",
            hint="POST /api/v1/restore answers with the id of the restore it starts",
        )
    return RestoreSummary(
        restore_id=row.restore_id,
        state=row.state,
        slot=row.slot,
        versions=row.versions,
        started_at=row.started_at,
        restored_at=row.restored_at,
        actor=row.actor,
        abandoned_at=row.abandoned_at,
        message=row.message or "",
    )


async def planned_restore(session: Session, caller: Caller, *, data: RestoreRequest) -> RestorePlan:
    """What bringing the tables back would change.

    Raises: Forbidden ACCESS_DENIED; what `meant_slot` and `plan_restore` do.
    """
    workspace = session.workspace
    await session.terms.brought(workspace.database)
    await require_whole(session, caller)
    check = partial(_require_tables, caller=caller, names=data.tables)
    await workspace.database.asked(check)
    slot = await meant_slot(workspace, data.tables, to=data.to)
    return await plan_restore(workspace, data.tables, slot=slot)


def _nothing(state: State, now: datetime) -> Sequence[Event]:
    return ()


def _require_tables(state: State, caller: Caller, *, names: Sequence[str]) -> None:
    """Nothing, when the caller may write all of these tables; what is no table is told later."""
    for name in names:
        asset = state.get(ASSETS, name)
        if asset is not None:
            chain = chain_of_asset(state, asset)
            require(state, caller, privilege=Privilege.MODIFY, chain=chain)


__all__ = ["plan", "planned_restore", "restore_summary", "show_restore", "start"]
