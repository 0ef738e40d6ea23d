"""Writing a golden history of pools: one is sized, made smaller, and has no size again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from arco.engine.database import Database
from arco.ids import sha256
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.pools import size_pool, unsize_pool
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime
from tests.golden.folders import HISTORIES, SCOPE, fresh
from tests.golden.states import folded


async def write(name: str) -> None:
    """The folder `histories/{name}`: the log, and the state it makes."""
    runtime = RepeatingRuntime(name)
    with tempfile.TemporaryDirectory() as folder:
        store = ScopedStore(LocalStore(Path(folder), runtime, fsync=False), SCOPE)
        database = await Database.open(store, runtime, domains=DOMAINS, writer="golden")
        await story(database)
        text = await folded(store, runtime)
        shutil.copytree(folder, fresh(HISTORIES / name) / "store")
    (HISTORIES / name / "state.ndjson").write_text(text, "utf-8")
    (HISTORIES / name / "state.sha256").write_text(sha256(text.encode()) + "\n", "utf-8")


async def story(database: Database) -> None:
    """An asset names a pool; it and another are sized, one of them no longer."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    manifest = Manifest("shop", (asset("raw.orders", pools={"warehouse": 2}),))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    for slots in (4, 0):
        await database.transact(size_pool("warehouse", slots, actor="ann"))
    await database.transact(size_pool("lake", 1, actor="ann"))
    await database.transact(unsize_pool("lake", actor="ann"))
