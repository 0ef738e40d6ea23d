"""A rehearsal: what new conditions would have run over a recorded history, without a trace."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from arco.engine.database import Database
from arco.orchestration.commands.conditions import DefineConditions, define_conditions
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.conditions import Condition, ConditionDefinition
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest
from arco.sdk.conditions import on_cron, on_missing, on_upstream
from arco.service.rehearsing import Rehearsal, Tried, rehearse
from arco.service.workspace import DOMAINS
from arco.store.keys import Scope
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from arco.testing.orchestration_samples import SCOPE, asset
from tests.golden.clocks import START, RepeatingRuntime

DAY = 86_400.0
MANIFEST = Manifest("shop", (asset("marts.sales", "raw.orders"), asset("raw.orders")))
EAGER = on_missing() | on_upstream()


def conditions(orders: Condition) -> tuple[ConditionDefinition, ...]:
    return (
        ConditionDefinition(asset="marts.sales", condition=EAGER, watches=("raw.orders",)),
        ConditionDefinition(asset="raw.orders", condition=orders),
    )


async def recorded(folder: Path, runtime: RepeatingRuntime) -> Database:
    """Three days in which a condition of every day started one run that never ended."""
    store = ScopedStore(LocalStore(folder, runtime, fsync=False), Scope("local", "main"))
    database = await Database.open(store, runtime, domains=DOMAINS, writer="test")
    database.controllers = standing_decisions(64, SCOPE)
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=MANIFEST, entropy=1)))
    defined = DefineConditions(
        project="shop", deployment_id="D1", conditions=conditions(on_cron("@daily"))[1:]
    )
    await database.transact(define_conditions(defined))
    for _ in range(3):
        runtime.wait(DAY)
        await database.transact(lambda state, now: ())
    return database


def rehearsed(folder: Path, orders: Condition, *, project: str = "shop") -> Rehearsal:
    async def play() -> Rehearsal:
        runtime = RepeatingRuntime("rehearsal")
        database = await recorded(folder, runtime)
        before = database.seq
        found = await rehearse(
            database,
            tried=Tried(manifest=Manifest(project, MANIFEST.assets), conditions=conditions(orders)),
            since=START - timedelta(days=7),
            scope=SCOPE,
        )
        await database.refresh()
        assert database.seq == before, "a rehearsal writes nothing"
        return found

    return asyncio.run(play())


def test_what_would_have_run_follows_itself(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, on_missing())
    assert [(run.at, run.asset, run.because) for run in found.runs] == [
        (START, "raw.orders", ["on_missing()"]),
        (START, "marts.sales", ["on_missing()"]),
    ]
    assert found.recorded == {"marts.sales": 0, "raw.orders": 1}
    assert found.is_complete


def test_the_clock_strikes_at_its_own_times(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, on_missing() | on_cron("0 18 * * *"))
    orders = [run.at for run in found.runs if run.asset == "raw.orders"]
    assert orders == [START, START + timedelta(hours=6)], "then the run on record is at it"


def test_a_copy_of_the_project_under_another_name_is_the_project(tmp_path: Path) -> None:
    assert len(rehearsed(tmp_path, on_missing(), project="shop-copy").runs) == 2
