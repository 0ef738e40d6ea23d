"""System: the server, who leads, the log and its snapshot, what is out with workers, the pools."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from litestar import Response

from arco.api.callers import CallerHere
from arco.api.health import health_of
from arco.api.session import Here, Seen, ask
from arco.api.strictness import PRESENT_ONLY
from arco.engine.domain import NEWEST, SNAPSHOTS
from arco.model import State
from arco.orchestration.rows import Dispatch, Project
from arco.orchestration.tables import DISPATCHES, PROJECTS, READY
from arco.service.history import SlotLine, slot_lines
from arco.service.pools import PoolSummary, pool_list
from arco.service.views import View
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, Html, joined, tag
from arco.ui.pages.listing import run_link
from arco.ui.parts import (
    badge,
    code,
    facts,
    grid,
    link,
    moment,
    note,
    nothing,
    number,
    section,
    span,
)
from arco.wire.health import Health

SLOTS_SHOWN = 20
OUT_SHOWN = 50
COUNTED_MAX = 10_000
LIVE = "orchestration.dispatches,orchestration.projects"
SQL = """SELECT dispatch_id, run_id, index, attempt, dispatched_at
FROM system.orchestration.dispatches ORDER BY dispatched_at"""


class SnapshotLine(msgspec.Struct, frozen=True):
    """The newest snapshot: what strangers' engines read."""

    slot: int
    published_at: datetime
    behind: int
    """Slots of the log that it does not hold yet."""


class System(msgspec.Struct, frozen=True, kw_only=True):
    """How the server and its workspace are."""

    health: Health
    is_whole: bool
    """False: the caller may know of a part of the workspace only, and is told its health."""
    snapshot: SnapshotLine | None = None
    projects: list[Project] = []
    pools: list[PoolSummary] = []
    out: list[Dispatch] = []
    """The attempts that are longest with workers, at most fifty."""
    out_count: int = 0
    """How many are out, counted to ten thousand."""
    ready_count: int = 0
    """How many tasks wait for a slot, counted to ten thousand."""
    slots: list[SlotLine] = []
    """The newest slots of the log."""


@page_at("/system", opt={PRESENT_ONLY: True})
async def show_system(session: Here, caller: CallerHere, request: Asked) -> Response[Any]:
    """The server and the workspace."""
    health = await health_of(session)
    seen = await ask(session, lambda state: system_of(state, health(state)), caller=caller)
    found = seen.value
    if found.is_whole:
        slots = await slot_lines(session.workspace, limit=SLOTS_SHOWN, newest=seen.slot)
        found = msgspec.structs.replace(found, slots=slots)
    page = Page(title="System", section="System", sql=SQL, live=LIVE)
    return Visit(session, caller, request).shown(Seen(found, seen.token), page, body=_body)


def system_of(state: State, health: Health) -> System:
    """What is told of the system. Cost: the assets, and what is out and waits, bounded."""
    if isinstance(state, View):
        return System(health=health, is_whole=False)
    row = state.get(SNAPSHOTS, NEWEST)
    out = sorted(islice(state.range(DISPATCHES), COUNTED_MAX), key=lambda each: each.dispatched_at)
    return System(
        health=health,
        is_whole=True,
        snapshot=SnapshotLine(row.slot, row.published_at, health.seq - row.slot) if row else None,
        projects=list(state.range(PROJECTS)),
        pools=pool_list(state),
        out=out[:OUT_SHOWN],
        out_count=len(out),
        ready_count=sum(1 for _ in islice(state.range(READY), COUNTED_MAX)),
    )


def _body(found: System) -> Child:
    return (
        [note(tag("b", each.code), f" {each.message}", tone="bad") for each in found.health.alerts],
        section("Server", facts(_server(found.health))),
        _workspace(found) if found.is_whole else note("The rest is told who may know of it all."),
    )


def _server(health: Health) -> dict[str, Child]:
    leader = health.leader
    return {
        "State": badge("OK", "good") if health.status == "ok" else badge("READ_ONLY", "bad"),
        "Version": health.version,
        "Newest slot": number(health.seq),
        "Leads": code(leader.writer) if leader else nothing(),
        "Since": joined(moment(leader.taken_at), f", epoch {leader.epoch:,}")
        if leader
        else nothing(),
        "Facts wait": span(health.facts.lag_seconds),
        "Batches of facts that wait": number(health.facts.waiting_batches),
        "Everything checked": moment(health.verification.verified_at),
        "Damaged objects": number(health.verification.damages),
    }


def _workspace(found: System) -> Child:
    return (
        section("Snapshot", _snapshot(found.snapshot)),
        section("Workers", _workers(found)),
        section("Pools", _pools(found.pools)),
        section("Projects", _projects(found.projects)),
        section(
            "Newest commits", _slots(found.slots), extra=link("Who did what", "audit"), name="log"
        ),
    )


def _snapshot(found: SnapshotLine | None) -> Child:
    if found is None:
        return tag("p", "None was published yet: readers fold the log.", class_="empty")
    told: dict[str, Child] = {
        "At slot": number(found.slot),
        "Published": moment(found.published_at),
        "Slots behind the log": number(found.behind),
    }
    return facts(told)


def _workers(found: System) -> Child:
    rows = (
        (
            run_link(each.run_id),
            link(f"task {each.index:,}", "runs", each.run_id, "tasks", str(each.index)),
            each.attempt,
            moment(each.dispatched_at),
        )
        for each in found.out
    )
    heads = ("Run", "Task", "Attempt", "With a worker since")
    told = f"{found.out_count:,} attempts are with workers, {found.ready_count:,} tasks wait."
    return (tag("p", told), grid(heads, rows, empty="No worker has anything to do.", numbers=(2,)))


def _pools(pools: list[PoolSummary]) -> Html:
    rows = (
        (
            each.name,
            each.slots,
            each.taken,
            each.waiting,
            each.assets,
            moment(each.sized_at) if each.is_sized else "nobody sized it",
        )
        for each in pools
    )
    heads = ("Pool", "Slots", "Taken", "Waiting", "Assets", "Sized")
    empty = "No asset names a pool: workers take what comes."
    return grid(heads, rows, empty=empty, numbers=(1, 2, 3, 4))


def _projects(projects: list[Project]) -> Html:
    rows = (
        (
            link(each.project, "assets", project=each.project),
            moment(each.deployed_at),
            code(each.deployment_id),
        )
        for each in projects
    )
    return grid(("Project", "Deployed", "Deployment"), rows, empty="Nothing is deployed yet.")


def _slots(slots: list[SlotLine]) -> Html:
    rows = (
        (
            link(f"{each.slot:,}", "difference", before=max(0, each.slot - 1), after=each.slot),
            moment(each.committed_at),
            ", ".join(each.actors) or nothing(),
            ", ".join(
                f"{count:,} {name}" if count > 1 else name for name, count in each.events.items()
            ),
            code(each.writer),
        )
        for each in slots
    )
    heads = ("Slot", "Committed", "For", "Events", "By process")
    return grid(heads, rows, empty="The log is empty.")


__all__ = ["SnapshotLine", "System", "show_system", "system_of"]
