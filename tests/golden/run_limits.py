"""Writing a golden history of limits of runs: runs wait, one goes first, the limit is lifted."""

from __future__ import annotations

from arco.engine.database import Database
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.run_limits import limit_runs, prioritize_run, unlimit_runs
from arco.orchestration.commands.runs import CancelRun, cancel_run, trigger_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset, trigger
from tests.golden.clocks import RepeatingRuntime


async def story(database: Database, _: RepeatingRuntime) -> None:
    """Of four runs one is under way; another goes first, and the third is cancelled."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    manifest = Manifest("shop", (asset("raw.orders", tags={"team": "sales"}),))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    await database.transact(limit_runs("*", 1, actor="ann"))
    for run_id in ("R1", "R2", "R3", "R4"):
        await database.transact(trigger_run(trigger(run_id, which="all")))
    await database.transact(limit_runs("tag:team", 1, actor="ann"))
    await database.transact(prioritize_run("R3", 5, actor="ann"))
    await database.transact(cancel_run(CancelRun(run_id="R2", actor="ann")))
    await database.transact(limit_runs("*", 2, actor="ann"))
    await database.transact(limit_runs("tag:team", 2, actor="ann"))
    await database.transact(unlimit_runs("tag:team", actor="ann"))
