"""Writing a golden history of pools: one is sized, made smaller, and has no size again."""

from __future__ import annotations

from arco.engine.database import Database
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.pools import size_pool, unsize_pool
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime


async def story(database: Database, _: RepeatingRuntime) -> None:
    """An asset names a pool; it and another are sized, one of them no longer."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    manifest = Manifest("shop", (asset("raw.orders", pools={"warehouse": 2}),))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    for slots in (4, 0):
        await database.transact(size_pool("warehouse", slots, actor="ann"))
    await database.transact(size_pool("lake", 1, actor="ann"))
    await database.transact(unsize_pool("lake", actor="ann"))
