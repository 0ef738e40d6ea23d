"""Writing a golden history of a run with settings of its own, and what they leave behind."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from arco.engine.database import Database
from arco.ids import dispatch_id, sha256, ulid
from arco.orchestration.commands.attempts import CompleteAttempt, complete_attempt
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest, SettingDefinition, SettingsDefinition
from arco.orchestration.outcomes import Completion
from arco.orchestration.rows import task_key
from arco.service.workspace import DOMAINS
from arco.store.local import LocalStore
from arco.store.scoped import ScopedStore
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime
from tests.golden.folders import HISTORIES, SCOPE, fresh
from tests.golden.states import folded

ORDERS, RUN = "raw.orders", ulid(1_772_366_400_000, 1)
PAGES = SettingDefinition("pages", '{"type":"integer"}')


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
    """A run asks for three pages, and its data says so."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    read = SettingsDefinition("source", (PAGES,))
    manifest = Manifest("shop", (asset(ORDERS, format="none", settings=(read,)),))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    trigger = TriggerRun(
        run_id=RUN,
        tenant="t",
        workspace="w",
        which="all",
        settings={"source": {"pages": 3}},
    )
    await database.transact(trigger_run(trigger))
    now = runtime.now()
    ended = CompleteAttempt(
        dispatch_id=dispatch_id(RUN, task_key(ORDERS, ""), 1),
        started_at=now,
        ended_at=now,
        completion=Completion(),
    )
    await database.transact(complete_attempt(ended))
    await database.transact(lambda state, now: ())
