"""Whether this server answers, how far it has read, and who leads."""

from __future__ import annotations

from collections.abc import Callable

from litestar import Response, get

from arco.api.callers import CallerHere
from arco.api.failures import refusals
from arco.api.session import Here, Session, read
from arco.api.strictness import PRESENT_ONLY
from arco.engine.database import Database
from arco.engine.domain import LEADER, LEASES
from arco.engine.lanes.lag import Lag
from arco.engine.rounds.standing import Standing, standing
from arco.model import State
from arco.service.views import View
from arco.wire.health import Alert, FactsSummary, Health, LeaderSummary, VerificationSummary

DAMAGES_SHOWN_MAX = 10
PART = "whoever may know of the whole workspace is told more"


@get(
    "/health",
    summary="Health",
    tags=["server"],
    response_description="How the server is.",
    responses=refusals(),
    opt={PRESENT_ONLY: True},
)
async def show_health(session: Here, caller: CallerHere) -> Response[Health]:
    """The server's version, the newest slot it has read, and the last process that took the lead.

    The leader is whoever leads by the log: it may have ended since, and then the next process that
    can takes over. Who may know of a part of the workspace only is not told where it runs, nor what
    an alert is about.
    """
    return await read(session, await health_of(session), caller=caller)


async def health_of(session: Session) -> Callable[[State], Health]:
    """What tells the health from a state, with all that is seen outside of states."""
    database = session.workspace.database
    lag = await session.workspace.lag.lag()
    stopped = database.failed is not None or database.unknown is not None

    def look(state: State) -> Health:
        found = standing(state)
        row = state.get(LEASES, LEADER)
        leader = LeaderSummary(row.epoch, row.writer, row.address, row.taken_at) if row else None
        return Health(
            status="read_only" if stopped else "ok",
            version=session.version,
            seq=database.seq,
            leader=leader,
            facts=_facts(lag),
            verification=_verification(found),
            alerts=_told([*_alerts(database), *_damages(found)], state),
        )

    return look


def _facts(lag: Lag) -> FactsSummary:
    return FactsSummary(
        lag_seconds=lag.seconds,
        waiting_batches=lag.waiting_batches,
        open_lanes=lag.open_lanes,
    )


def _verification(found: Standing) -> VerificationSummary:
    return VerificationSummary(verified_at=found.verified_at, damages=len(found.harms))


def _damages(found: Standing) -> list[Alert]:
    return [
        Alert("OBJECT_DAMAGED", f"{each.subject}: {each.problem}")
        for each in found.harms[:DAMAGES_SHOWN_MAX]
    ]


def _told(alerts: list[Alert], state: State) -> list[Alert]:
    """The alerts; who may know of a part of the workspace only is told of what kind they are."""
    return [Alert(each.code, PART) for each in alerts] if isinstance(state, View) else alerts


def _alerts(database: Database) -> list[Alert]:
    found = []
    lost = database.reads.rollback
    if lost is not None:
        message = f"a client sent a state token of slot {lost.seq} that this history does not hold"
        found.append(Alert("HISTORY_ROLLBACK", message))
    if database.failed is not None:
        found.append(Alert("WRITING_STOPPED", database.failed.message))
    if database.unknown is not None:
        found.append(Alert("EVENT_UNKNOWN", f"the log holds {database.unknown.type}"))
    trouble = database.log.trouble
    if trouble is not None:
        found.append(Alert("STORE_FAULT", trouble.message))
    return found


__all__ = ["health_of", "show_health"]
