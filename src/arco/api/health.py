"""Whether this server answers, how far it has read, and who leads."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response, get

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import Here, read
from arco.engine.domain import LEADER, LEASES
from arco.model import State


class LeaderSummary(msgspec.Struct, frozen=True):
    """The process that performs effects: it dispatches tasks and publishes runs."""

    epoch: int
    writer: str
    address: str
    taken_at: datetime


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How this server is. `read_only`: it answers questions and refuses changes."""

    status: Literal["ok", "read_only"]
    version: str
    seq: int
    leader: LeaderSummary | None


@get(
    "/health",
    summary="Health",
    tags=["server"],
    response_description="How the server is.",
    responses=refusals(),
)
async def show_health(session: Here, caller: CallerHere) -> Response[Health]:
    """The server's version, the newest slot it has read, and the last process that took the lead.

    The leader is whoever leads by the log: it may have ended since, and then the next process that
    can takes over.
    """
    database = session.workspace.database
    stopped = database.failed is not None or database.unknown is not None

    def look(state: State) -> Health:
        row = state.get(LEASES, LEADER)
        leader = LeaderSummary(row.epoch, row.writer, row.address, row.taken_at) if row else None
        return Health(
            status="read_only" if stopped else "ok",
            version=session.version,
            seq=database.seq,
            leader=leader,
        )

    return await read(session, look, caller=caller)


__all__ = ["Health", "LeaderSummary", "show_health"]
