"""A project that runs by itself for years: schedules in four zones, sensors, conditions, policies.

Every definition stands beside what it means in plain words of `years_models`. Values only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time, timedelta

from arco.model import Decision
from arco.orchestration.commands.conditions import DefineConditions, define_conditions
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.freshness import DefineFreshness, define_freshness
from arco.orchestration.commands.notifications import DefineNotifiers, define_notifiers
from arco.orchestration.commands.pools import size_pool
from arco.orchestration.commands.run_limits import limit_runs
from arco.orchestration.commands.schedules import DefineSchedules, define_schedules
from arco.orchestration.commands.sensors import DefineSensors, define_sensors
from arco.orchestration.conditions import Condition, ConditionDefinition
from arco.orchestration.definitions import (
    AssetDefinition,
    CodeReference,
    Dependency,
    FreshnessDefinition,
    Manifest,
    NewsKind,
    NotifierDefinition,
    RetryPolicy,
    ScheduleDefinition,
    SensorDefinition,
)
from arco.orchestration.partitions import DailyPartitions
from arco.sdk.conditions import fresh, on_cron, on_late, on_missing, on_upstream
from arco.testing.orchestration_samples import asset
from tests.simulation.years_models import SUNDAY, Timetable

DAY_MS = 86_400_000
NEWS: tuple[NewsKind, ...] = (
    "run_failed",
    "run_recovered",
    "backfill_ended",
    "freshness_missed",
    "freshness_recovered",
)
TOGETHER = ("raw.thrice", "raw.twice")
"""One function makes both."""
OF_BOTH = CodeReference("project", "twice_and_thrice", "1")
RETRY = RetryPolicy(max_attempts=2, delay_ms=1_800_000)
SALES = {"team": "sales"}
ASSETS: tuple[AssetDefinition, ...] = (
    asset("marts.report", "marts.sales", tags=SALES),
    asset("marts.sales", "raw.orders", retry=RETRY, tags=SALES),
    asset("marts.weekly", dependencies=(Dependency("raw.orders"),), pools={"warehouse": 1}),
    asset("raw.days", partitions=DailyPartitions(start="2026-01-01", end="2026-02-01")),
    asset("raw.files", pools={"warehouse": 1}),
    asset("raw.orders", pools={"warehouse": 1}, retry=RETRY, tags=SALES),
    asset("raw.thrice", code=OF_BOTH, made_with=TOGETHER, retry=RETRY),
    asset("raw.twice", code=OF_BOTH, made_with=TOGETHER, retry=RETRY),
)
POOLS = {"warehouse": 2}
LIMITS = {"*": 3, "asset:raw.twice": 1, "tag:team=sales": 2}
"""How many runs may be under way at once."""

NIGHTLY = ScheduleDefinition(
    name="nightly",
    cron="30 2 * * 0",
    timezone="America/New_York",
    selection=("raw.orders",),
    catch_up_ms=5 * DAY_MS,
    catch_up_max=2,
)
QUEUED = ScheduleDefinition(
    name="queued",
    cron="15 2 * * 0",
    timezone="Australia/Lord_Howe",
    selection=("raw.orders",),
    overlap="queue_all",
    catch_up_ms=20 * DAY_MS,
    catch_up_max=3,
)
MONTHLY = ScheduleDefinition(
    name="monthly",
    cron="0 0 1,15 * *",
    timezone="America/Santiago",
    selection=("raw.twice",),
    overlap="cancel_running",
)
CLOCKED = ScheduleDefinition(
    name="clocked",
    cron="*/30 2 * 3,10 0",
    timezone="Europe/Berlin",
    selection=("raw.twice",),
    overlap="queue_one",
    catch_up_max=4,
)
SCHEDULES: Mapping[str, tuple[ScheduleDefinition, Timetable]] = {
    "nightly": (
        NIGHTLY,
        Timetable(zone="America/New_York", times=(time(2, 30),), weekdays=(SUNDAY,)),
    ),
    "queued": (
        QUEUED,
        Timetable(zone="Australia/Lord_Howe", times=(time(2, 15),), weekdays=(SUNDAY,)),
    ),
    "monthly": (MONTHLY, Timetable(zone="America/Santiago", times=(time(0, 0),), days=(1, 15))),
    "clocked": (
        CLOCKED,
        Timetable(
            zone="Europe/Berlin",
            times=(time(2), time(2, 30)),
            weekdays=(SUNDAY,),
            months=(3, 10),
            shown=True,
        ),
    ),
}

BY_MONDAY = Timetable(zone="Europe/London", times=(time(1, 30),), weekdays=(0,))
AGES = {"raw.orders": timedelta(days=8), "marts.report": timedelta(days=20)}
MONDAYS = "raw.twice"
POLICIES: Sequence[FreshnessDefinition] = (
    FreshnessDefinition(asset="marts.report", policy=fresh(within=AGES["marts.report"])),
    FreshnessDefinition(asset="raw.orders", policy=fresh(within=AGES["raw.orders"])),
    FreshnessDefinition(asset=MONDAYS, policy=fresh(by="30 1 * * 1", timezone=BY_MONDAY.zone)),
)

WEEKLY = Timetable(zone="America/New_York", times=(time(2, 15),), weekdays=(SUNDAY,))
CONDITIONS: Mapping[str, Condition] = {
    "marts.report": on_missing() | on_late(),
    "marts.sales": on_missing() | on_upstream(),
    "marts.weekly": on_cron("15 2 * * 0", WEEKLY.zone) & ~on_late(),
}
UPSTREAMS: Mapping[str, tuple[str, ...]] = {
    each.key: tuple(edge.upstream for edge in each.dependencies) for each in ASSETS
}
READ: Mapping[str, tuple[str, ...]] = {
    each.key: tuple(edge.upstream for edge in each.dependencies if edge.parameter)
    for each in ASSETS
}

CODE = CodeReference("project", "look", "1")
POLLING, LOOK_DAYS = "files", 8
SENSORS: tuple[SensorDefinition, ...] = (
    SensorDefinition(
        name=POLLING, code=CODE, selection=("raw.files",), interval_ms=LOOK_DAYS * DAY_MS
    ),
    SensorDefinition(name="mail", code=CODE, selection=("raw.files",), kind="push"),
)
NOTIFIERS = (NotifierDefinition(name="ops", channel="slack", address="env:OPS", kinds=NEWS),)


def deployed() -> Sequence[Decision]:
    """What deploys it all, in order; asked again it changes nothing."""
    named = {"project": "demo", "deployment_id": "D1"}
    conditions = tuple(
        ConditionDefinition(asset=key, condition=condition, watches=UPSTREAMS[key])
        for key, condition in CONDITIONS.items()
    )
    schedules = tuple(definition for definition, _ in SCHEDULES.values())
    return (
        deploy(Deploy(deployment_id="D1", manifest=Manifest("demo", ASSETS), entropy=1)),
        *(size_pool(name, slots) for name, slots in POOLS.items()),
        *(limit_runs(name, runs) for name, runs in LIMITS.items()),
        define_notifiers(DefineNotifiers(**named, notifiers=NOTIFIERS)),
        define_freshness(DefineFreshness(**named, policies=tuple(POLICIES))),
        define_schedules(DefineSchedules(**named, schedules=schedules)),
        define_sensors(DefineSensors(**named, sensors=SENSORS)),
        define_conditions(DefineConditions(**named, conditions=conditions)),
    )


__all__ = [
    "AGES",
    "ASSETS",
    "BY_MONDAY",
    "CONDITIONS",
    "LIMITS",
    "LOOK_DAYS",
    "MONDAYS",
    "POLICIES",
    "POLLING",
    "POOLS",
    "READ",
    "SCHEDULES",
    "SENSORS",
    "TOGETHER",
    "UPSTREAMS",
    "WEEKLY",
    "deployed",
]
