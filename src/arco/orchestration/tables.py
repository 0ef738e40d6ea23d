"""The projections of the orchestrator: one `Table` line each.

An index is a table that reducers keep, so that controllers never scan. Must not know how rows come
about.
"""

from __future__ import annotations

from typing import Any

from arco.model import Table
from arco.orchestration.rows import (
    ActiveRun,
    Asset,
    Check,
    Deployment,
    Dispatch,
    DynamicPartition,
    NewestRun,
    PartitionStatus,
    PastAttempt,
    Pin,
    PlanRow,
    Project,
    Publication,
    Publishing,
    Ready,
    Retry,
    Run,
    RunKey,
    RunKeyConflict,
    Sequence,
    SettledRun,
    Task,
    WaitingPublication,
)

PROJECTS = Table("orchestration.projects", Project, ("project",))
DEPLOYMENTS = Table("orchestration.deployments", Deployment, ("deployment_id",))
ASSETS = Table("orchestration.assets", Asset, ("key",))
DYNAMIC_PARTITIONS = Table("orchestration.dynamic_partitions", DynamicPartition, ("name", "value"))
RUNS = Table("orchestration.runs", Run, ("run_id",))
PLANS = Table("orchestration.plans", PlanRow, ("run_id",), public=False)
TASKS = Table("orchestration.tasks", Task, ("run_id", "index"))
PAST_ATTEMPTS = Table(
    "orchestration.past_attempts", PastAttempt, ("run_id", "index", "attempt"), public=False
)
READY = Table("orchestration.ready", Ready, ("rank", "run_number", "index"), public=False)
ACTIVE_RUNS = Table("orchestration.active_runs", ActiveRun, ("number",), public=False)
SETTLED_RUNS = Table("orchestration.settled_runs", SettledRun, ("run_id",), public=False)
NEWEST_RUNS = Table("orchestration.newest_runs", NewestRun, ("rank",), public=False)
SEQUENCES = Table("orchestration.sequences", Sequence, ("name",), public=False)
DISPATCHES = Table("orchestration.dispatches", Dispatch, ("dispatch_id",))
RETRIES = Table("orchestration.retries", Retry, ("due_at", "run_id", "index"), public=False)
PARTITION_STATUS = Table(
    "orchestration.partition_status", PartitionStatus, ("asset", "partition_key")
)
CHECKS = Table("orchestration.checks", Check, ("asset", "partition_key", "name", "run_id"))
RUN_KEYS = Table("orchestration.run_keys", RunKey, ("run_key",))
RUN_KEY_CONFLICTS = Table(
    "orchestration.run_key_conflicts", RunKeyConflict, ("run_key", "fingerprint")
)
PUBLICATIONS = Table("orchestration.publications", Publication, ("run_id",))
WAITING_PUBLICATIONS = Table(
    "orchestration.waiting_publications", WaitingPublication, ("number",), public=False
)
PUBLISHING = Table("orchestration.publishing", Publishing, ("table_id",), public=False)
PINS = Table("orchestration.pins", Pin, ("asset",))

TABLES: tuple[Table[Any], ...] = (
    PROJECTS,
    DEPLOYMENTS,
    ASSETS,
    DYNAMIC_PARTITIONS,
    RUNS,
    PLANS,
    TASKS,
    PAST_ATTEMPTS,
    READY,
    ACTIVE_RUNS,
    SETTLED_RUNS,
    NEWEST_RUNS,
    SEQUENCES,
    DISPATCHES,
    RETRIES,
    PARTITION_STATUS,
    CHECKS,
    RUN_KEYS,
    RUN_KEY_CONFLICTS,
    PUBLICATIONS,
    WAITING_PUBLICATIONS,
    PUBLISHING,
    PINS,
)

__all__ = [
    "ACTIVE_RUNS",
    "ASSETS",
    "CHECKS",
    "DEPLOYMENTS",
    "DISPATCHES",
    "DYNAMIC_PARTITIONS",
    "NEWEST_RUNS",
    "PARTITION_STATUS",
    "PAST_ATTEMPTS",
    "PINS",
    "PLANS",
    "PROJECTS",
    "PUBLICATIONS",
    "PUBLISHING",
    "READY",
    "RETRIES",
    "RUNS",
    "RUN_KEYS",
    "RUN_KEY_CONFLICTS",
    "SEQUENCES",
    "SETTLED_RUNS",
    "TABLES",
    "TASKS",
    "WAITING_PUBLICATIONS",
]
