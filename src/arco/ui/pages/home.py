"""The first page: what runs, what failed, what is stale, what changed today."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
from litestar import Response

from arco.api.callers import CallerHere
from arco.api.session import Here, ask
from arco.model import State
from arco.orchestration.breaches import Breach
from arco.orchestration.states import RunState
from arco.orchestration.tables import ACTIVE_RUNS, RUNS
from arco.service.assets import AssetStatus, list_assets
from arco.service.breaches import open_breaches
from arco.service.summaries import RunSummary, newest_runs, run_standing
from arco.ui.answering import Asked, Page, Visit, page_at
from arco.ui.markup import Child, joined, tag
from arco.ui.pages.breaches import OPEN_MAX, breaches_grid
from arco.ui.pages.listing import run_rows, runs_grid
from arco.ui.parts import grid, link, moment, number, prose, section, tiles

RUNS_LOOKED_AT = 200
ROWS_MAX = 20
DAY = timedelta(days=1)
SQL = """SELECT run_id, state, triggered_at, succeeded, failed, total, message
FROM system.orchestration.runs ORDER BY number DESC LIMIT 20"""
LIVE = (
    "orchestration.runs,orchestration.tasks,orchestration.assets,orchestration.breaches,"
    "catalog.tables"
)


class Home(msgspec.Struct, frozen=True, kw_only=True):
    """The workspace as one looks at it in the morning."""

    assets: int
    fresh: int
    """Assets all of whose partitions are there and not stale."""
    stale: list[AssetStatus]
    """Assets of which a run would make something; without those too large to judge."""
    breaches: list[Breach]
    """Promises that are not kept now; the first hundred."""
    running: list[RunSummary]
    failed: list[RunSummary]
    """Runs of the last 24 hours that failed, newest first."""
    changed: list[AssetStatus]
    """Assets that were made in the last 24 hours, newest first."""
    newest: list[RunSummary]


@page_at("/")
async def show_home(session: Here, caller: CallerHere, request: Asked) -> Response[Any]:
    """The workspace at a glance."""
    now = session.workspace.runtime.now()
    seen = await ask(session, lambda state: home_of(state, now), caller=caller)
    page = Page(title="Home", section="Home", sql=SQL, live=LIVE)
    return Visit(session, caller, request).shown(seen, page, body=_body)


def home_of(state: State, now: datetime) -> Home:
    """What the first page shows. Cost: linear in the partitions of all assets."""
    assets = list_assets(state, now)
    newest = newest_runs(state, RUNS_LOOKED_AT)
    changed = [each for each in assets if each.materialized_at and each.materialized_at > now - DAY]
    return Home(
        assets=len(assets),
        fresh=sum(each.stale == 0 for each in assets),
        stale=[each for each in assets if each.stale],
        breaches=list(islice(open_breaches(state), OPEN_MAX)),
        running=_running(state, newest),
        failed=[
            run for run in newest if run.state is RunState.FAILED and run.triggered_at > now - DAY
        ],
        changed=sorted(changed, key=lambda each: str(each.materialized_at), reverse=True),
        newest=newest[:ROWS_MAX],
    )


def _running(state: State, newest: Iterable[RunSummary]) -> list[RunSummary]:
    """What has not ended; who does not see the list of those looks among the newest."""
    ids = {row.run_id for row in state.range(ACTIVE_RUNS)}
    ids |= {run.run_id for run in newest if run.ended_at is None}
    rows = (state.get(RUNS, run_id) for run_id in sorted(ids, reverse=True))
    return [run_standing(state, row) for row in rows if row is not None]


def _body(home: Home) -> Child:
    if not home.assets and not home.newest:
        return _beginning()
    return (
        tiles(
            ("running", len(home.running), "/runs?state=RUNNING"),
            ("failed today", len(home.failed), "/runs?state=FAILED"),
            ("stale assets", len(home.stale), "/assets"),
            ("promises not kept", len(home.breaches), "/breaches"),
            ("fresh assets", home.fresh, "/assets"),
            ("made today", len(home.changed), "#made-today"),
        ),
        runs_grid("Running now", home.running) if home.running else None,
        runs_grid("Failed today", home.failed[:ROWS_MAX]) if home.failed else None,
        _broken(home.breaches),
        _stale(home.stale),
        section(
            "Newest runs",
            run_rows(home.newest, empty="Nothing has run yet."),
            extra=link("All runs", "runs"),
        ),
        _changed(home.changed),
    )


def _broken(found: list[Breach]) -> Child:
    if not found:
        return None
    rows = breaches_grid(found[:ROWS_MAX], empty="")
    return section("Promises not kept", rows, extra=link("All of them", "breaches"))


def _stale(assets: list[AssetStatus]) -> Child:
    if not assets:
        return None
    rows = (
        (
            link(each.key, "assets", each.key),
            f"{each.stale:,} of {each.partitions:,}",
            moment(each.materialized_at),
            link("Materialize…", "materialize", selection=each.key),
        )
        for each in assets[:ROWS_MAX]
    )
    return section(
        "Stale",
        grid(("Asset", "Stale partitions", "Made", "Do"), rows, empty=""),
        extra=link("Why, and all of them", "assets"),
    )


def _changed(assets: list[AssetStatus]) -> Child:
    rows = (
        (
            link(each.key, "tables", each.key),
            moment(each.materialized_at),
            number(each.rows),
            number(each.version),
            prose(each.description),
        )
        for each in assets[:ROWS_MAX]
    )
    heads = ("Table", "Made", "Rows", "Version", "Description")
    empty = "Nothing was made in the last 24 hours."
    return section("Made today", grid(heads, rows, empty=empty, numbers=(2, 3)))


def _beginning() -> Child:
    return section(
        "An empty workspace",
        tag("p", "Nothing is deployed and nothing has run yet. Two ways to begin:"),
        tag(
            "ul",
            tag("li", joined(tag("code", "arco demo"), " makes a lakehouse of flights to look at")),
            tag("li", joined(tag("code", "arco init"), " begins a project of your own")),
        ),
    )


__all__ = ["Home", "home_of", "show_home"]
