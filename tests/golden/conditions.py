"""Writing golden histories of conditions and promises: every event about them happens once.

What is declared is made up; the decisions are the real ones.
"""

from __future__ import annotations

from datetime import timedelta

from arco.engine.database import Database
from arco.model import Decision, Event
from arco.orchestration.breaches import Promise, ServiceLevelBreached, ServiceLevelRestored
from arco.orchestration.commands.conditions import (
    DefineConditions,
    define_conditions,
    disable_condition,
    enable_condition,
)
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.freshness import DefineFreshness, define_freshness
from arco.orchestration.conditions import ConditionDefinition
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Freshness, FreshnessDefinition, Manifest
from arco.sdk import conditions
from arco.sdk.conditions import on_cron, on_missing, on_upstream
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime

DAY = 86_400
SOURCE = ConditionDefinition(
    asset="raw.orders", condition=on_missing().since(on_cron("0 6 * * *", "Europe/Berlin"))
)
SALES = ConditionDefinition(
    asset="marts.sales", condition=on_missing() | on_upstream(), watches=("raw.orders",)
)


async def conditioned(database: Database, runtime: RepeatingRuntime) -> None:
    """Conditions start a run, one waits; a day passes; one is switched, one removed."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    manifest = Manifest("shop", (asset("marts.sales", "raw.orders"), asset("raw.orders")))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    await database.transact(_declared(SALES, SOURCE))
    runtime.wait(DAY)
    await database.transact(lambda state, now: ())
    await database.transact(disable_condition("marts.sales", actor="ann"))
    await database.transact(enable_condition("marts.sales", actor="ann"))
    await database.transact(_declared(SALES))


async def promised(database: Database, runtime: RepeatingRuntime) -> None:
    """An asset is late and made, its policy renewed and removed; a service level is broken."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    manifest = Manifest("shop", (asset("raw.orders"),))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    await database.transact(_promised(conditions.fresh(within=timedelta(hours=1), by="0 6 * * *")))
    runtime.wait(3600)
    await database.transact(lambda state, now: ())
    await database.transact(_promised(conditions.fresh(within=timedelta(days=1))))
    await database.transact(_promised())
    level = ServiceLevelBreached(
        promise=Promise.DISPATCH,
        began_at=runtime.now(),
        limit_seconds=1.0,
        measured_seconds=2.5,
        samples=20,
    )
    await database.transact(lambda state, now: (Event(level),))
    kept = ServiceLevelRestored(promise=Promise.DISPATCH, ended_at=runtime.now())
    await database.transact(lambda state, now: (Event(kept),))


def _promised(*policies: Freshness) -> Decision:
    definitions = tuple(FreshnessDefinition(asset="raw.orders", policy=each) for each in policies)
    command = DefineFreshness(project="shop", deployment_id="D1", policies=definitions)
    return define_freshness(command)


def _declared(*definitions: ConditionDefinition) -> Decision:
    command = DefineConditions(
        project="shop", deployment_id="D1", conditions=definitions, actor="ann"
    )
    return define_conditions(command)
