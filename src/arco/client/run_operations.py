"""What the API can be asked about what runs, and when. Must not know how anything is sent."""

from __future__ import annotations

from typing import Any

from arco.client.operation import Operation
from arco.orchestration.schedules import ScheduleTick
from arco.service.partition_ranges import AssetPartitions
from arco.service.plans import PlanAnswer
from arco.service.pools import PoolSummary
from arco.service.reruns import Rerun
from arco.service.schedules import ScheduleDetail
from arco.service.stale import AssetStory, StaleList
from arco.service.stories import RunExplanation
from arco.service.summaries import RunDetail, RunSummary
from arco.service.ticking import Ticked
from arco.wire.access import AccessOutcome
from arco.wire.checks import CheckList
from arco.wire.logs import TaskLogs
from arco.wire.pools import PoolList
from arco.wire.run_limits import LimitList
from arco.wire.runs import RunList, Triggered
from arco.wire.schedules import ScheduleList, TickList

SHOW_RUNS = Operation("show_runs", "GET", "/runs", RunList)
SHOW_RUN = Operation("show_run", "GET", "/runs/{run_id}", RunDetail)
TRIGGER_RUN = Operation("trigger_run", "POST", "/runs", Triggered, "by_key")
RERUN_RUN = Operation("rerun_run", "POST", "/runs/{run_id}/rerun", Rerun, "by_key")
CANCEL_RUN = Operation("cancel_run", "POST", "/runs/{run_id}/cancel", RunSummary, "by_key")
EXPLAIN_RUN = Operation("explain_run", "GET", "/runs/{run_id}/why", RunExplanation)
EXPLAIN_ASSET = Operation("explain_asset", "GET", "/assets/{asset}/why", AssetStory)
SHOW_STALE = Operation("show_stale", "GET", "/stale", StaleList)
SHOW_CHECKS = Operation("show_checks", "GET", "/checks", CheckList)
SHOW_POOLS = Operation("show_pools", "GET", "/pools", PoolList)
SIZE_POOL = Operation("size_pool", "POST", "/pools", PoolSummary, "by_key")
UNSIZE_POOL = Operation("unsize_pool", "DELETE", "/pools/{name}", AccessOutcome, "by_key")
SHOW_PLAN = Operation("show_plan", "GET", "/plan", PlanAnswer)
SHOW_PARTITIONS = Operation("show_partitions", "GET", "/assets/{asset}/partitions", AssetPartitions)
SHOW_LIMITS = Operation("show_limits", "GET", "/limits", LimitList)
LIMIT_RUNS = Operation("limit_runs", "POST", "/limits", LimitList, "by_key")
PRIORITIZE_RUN = Operation(
    "prioritize_run", "POST", "/runs/{run_id}/priority", RunSummary, "by_key"
)
SHOW_LOGS = Operation("show_logs", "GET", "/runs/{run_id}/tasks/{index}/logs", TaskLogs)
SHOW_SCHEDULES = Operation("show_schedules", "GET", "/schedules", ScheduleList)
SHOW_SCHEDULE = Operation("show_schedule", "GET", "/schedules/{name}", ScheduleDetail)
SHOW_TICKS = Operation("show_ticks", "GET", "/schedules/{name}/ticks", TickList)
ENABLE_SCHEDULE = Operation(
    "enable_schedule", "POST", "/schedules/{name}/enable", ScheduleDetail, "by_key"
)
DISABLE_SCHEDULE = Operation(
    "disable_schedule", "POST", "/schedules/{name}/disable", ScheduleDetail, "by_key"
)
FIRE_SCHEDULE = Operation("fire_schedule", "POST", "/schedules/{name}/tick", ScheduleTick, "by_key")
TICK = Operation("tick", "POST", "/tick", Ticked, "by_content")

RUN_OPERATIONS: tuple[Operation[Any], ...] = (
    SHOW_RUNS,
    SHOW_RUN,
    TRIGGER_RUN,
    RERUN_RUN,
    CANCEL_RUN,
    EXPLAIN_RUN,
    EXPLAIN_ASSET,
    SHOW_STALE,
    SHOW_CHECKS,
    SHOW_POOLS,
    SIZE_POOL,
    UNSIZE_POOL,
    SHOW_PLAN,
    SHOW_PARTITIONS,
    SHOW_LIMITS,
    LIMIT_RUNS,
    PRIORITIZE_RUN,
    SHOW_LOGS,
    SHOW_SCHEDULES,
    SHOW_SCHEDULE,
    SHOW_TICKS,
    ENABLE_SCHEDULE,
    DISABLE_SCHEDULE,
    FIRE_SCHEDULE,
    TICK,
)

__all__ = [
    "CANCEL_RUN",
    "DISABLE_SCHEDULE",
    "ENABLE_SCHEDULE",
    "EXPLAIN_ASSET",
    "EXPLAIN_RUN",
    "FIRE_SCHEDULE",
    "LIMIT_RUNS",
    "PRIORITIZE_RUN",
    "RERUN_RUN",
    "RUN_OPERATIONS",
    "SHOW_CHECKS",
    "SHOW_LIMITS",
    "SHOW_LOGS",
    "SHOW_PARTITIONS",
    "SHOW_PLAN",
    "SHOW_POOLS",
    "SHOW_RUN",
    "SHOW_RUNS",
    "SHOW_SCHEDULE",
    "SHOW_SCHEDULES",
    "SHOW_STALE",
    "SHOW_TICKS",
    "SIZE_POOL",
    "TICK",
    "TRIGGER_RUN",
    "UNSIZE_POOL",
]
