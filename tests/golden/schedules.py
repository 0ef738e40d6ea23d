"""Writing a golden history of schedules: every event about them happens once.

What is declared is made up; the decisions are the real ones.
"""

from __future__ import annotations

from arco.engine.database import Database
from arco.model import Decision
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.schedules import (
    DefineSchedules,
    FireSchedule,
    define_schedules,
    disable_schedule,
    enable_schedule,
    fire_schedule,
)
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest, ScheduleDefinition
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime

HOUR = 3600
NIGHTLY = ScheduleDefinition(name="nightly", cron="0 6 * * *", timezone="Europe/Berlin")
HOURLY = ScheduleDefinition(name="hourly", cron="@hourly", overlap="queue_one")


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """A tick starts a run, one waits, hours are missed; one schedule is switched, one removed."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    manifest = Manifest("shop", (asset("raw.orders"),))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    await database.transact(_declared(NIGHTLY, HOURLY))
    for hours in (1, 1, 5):
        runtime.wait(hours * HOUR)
        await database.transact(lambda state, now: ())
    await database.transact(disable_schedule("nightly", actor="ann"))
    runtime.wait(1)
    await database.transact(enable_schedule("nightly", actor="ann"))
    await database.transact(
        fire_schedule(FireSchedule(name="nightly", scope=RUN_SCOPE, actor="ann"))
    )
    await database.transact(_declared(NIGHTLY))


def _declared(*schedules: ScheduleDefinition) -> Decision:
    command = DefineSchedules(project="shop", deployment_id="D1", schedules=schedules, actor="ann")
    return define_schedules(command)
