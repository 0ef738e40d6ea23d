"""Writing a golden history of conditions: every event about them happens once.

What is declared is made up; the decisions are the real ones.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from arco.engine.database import Database
from arco.ids import sha256
from arco.model import Decision
from arco.orchestration.commands.conditions import (
    DefineConditions,
    define_conditions,
    disable_condition,
    enable_condition,
)
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.conditions import ConditionDefinition
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest
from arco.sdk.conditions import on_cron, on_missing, on_upstream
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime
from tests.golden.folders import HISTORIES, SCOPE, fresh
from tests.golden.states import folded

DAY = 86_400
SOURCE = ConditionDefinition(
    asset="raw.orders", condition=on_missing().since(on_cron("0 6 * * *", "Europe/Berlin"))
)
SALES = ConditionDefinition(
    asset="marts.sales", condition=on_missing() | on_upstream(), watches=("raw.orders",)
)


async def write(name: str) -> None:
    """The folder `histories/{name}`: the log, and the state it makes."""
    runtime = RepeatingRuntime(name)
    with tempfile.TemporaryDirectory() as folder:
        store = ScopedStore(LocalStore(Path(folder), runtime, fsync=False), SCOPE)
        database = await Database.open(store, runtime, domains=DOMAINS, writer="golden")
        await story(database, runtime)
        text = await folded(store, runtime)
        shutil.copytree(folder, fresh(HISTORIES / name) / "store")
    (HISTORIES / name / "state.ndjson").write_text(text, "utf-8")
    (HISTORIES / name / "state.sha256").write_text(sha256(text.encode()) + "\n", "utf-8")


async def story(database: Database, runtime: RepeatingRuntime) -> None:
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


def _declared(*definitions: ConditionDefinition) -> Decision:
    command = DefineConditions(
        project="shop", deployment_id="D1", conditions=definitions, actor="ann"
    )
    return define_conditions(command)
