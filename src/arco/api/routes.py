"""Every route of the API, and what all of them share."""

from __future__ import annotations

from litestar import Router
from litestar.datastructures import ResponseHeader

from arco.api import (
    access,
    backfills,
    breaches,
    browser,
    conditions,
    impact,
    keys,
    lineage,
    notifiers,
    objects,
    pins,
    plans,
    policies,
    pools,
    reasons,
    restores,
    run_limits,
    schedules,
    sensors,
    tasks,
    traces,
    webhooks,
)
from arco.api.assets import show_assets
from arco.api.changes import change_catalog
from arco.api.columns import show_columns
from arco.api.facts import report_foreign_run, send_facts
from arco.api.feed import show_changes
from arco.api.health import show_health
from arco.api.history import show_difference, show_history, show_versions
from arco.api.logs import show_logs
from arco.api.overview import show_overview
from arco.api.quarantine import (
    retry_quarantined_facts,
    show_quarantine,
    show_quarantined_fact,
)
from arco.api.query import run_query
from arco.api.runs import cancel, rerun, show_run, show_runs, trigger
from arco.api.search import search
from arco.api.ticks import tick
from arco.wire.headers import SLOT_HEADER, STATE_HEADER

PREFIX = "/api/v1"
SLOT = ResponseHeader(
    name=SLOT_HEADER,
    value="0",
    documentation_only=True,
    description="The slot of the log that the answer was read at, or that holds the change.",
)
STATE = ResponseHeader(
    name=STATE_HEADER,
    value="",
    documentation_only=True,
    description="A state token: sent with a later request, to any replica, its answer is at least "
    "as new as this one.",
)

ROUTES = (
    show_health,
    show_overview,
    show_assets,
    *objects.ROUTES,
    *traces.ROUTES,
    change_catalog,
    show_runs,
    trigger,
    show_run,
    rerun,
    cancel,
    *reasons.ROUTES,
    *plans.ROUTES,
    *pools.ROUTES,
    *run_limits.ROUTES,
    *schedules.ROUTES,
    *sensors.ROUTES,
    *conditions.ROUTES,
    *notifiers.ROUTES,
    *breaches.ROUTES,
    *backfills.ROUTES,
    show_logs,
    *lineage.ROUTES,
    *impact.ROUTES,
    report_foreign_run,
    send_facts,
    search,
    show_columns,
    show_changes,
    show_history,
    show_versions,
    show_difference,
    restores.plan,
    restores.start,
    restores.show_restore,
    show_quarantine,
    show_quarantined_fact,
    retry_quarantined_facts,
    run_query,
    *access.ROUTES,
    *keys.ROUTES,
    *policies.ROUTES,
    *pins.ROUTES,
    *browser.ROUTES,
    *tasks.ROUTES,
    *webhooks.ROUTES,
    tick,
)


def api_routes() -> Router:
    """The native API, as one router."""
    return Router(
        PREFIX,
        route_handlers=ROUTES,
        response_headers=[SLOT, STATE],
    )


__all__ = ["PREFIX", "api_routes"]
