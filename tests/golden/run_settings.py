"""Writing a golden history of runs with settings of their own, and of what is left out of one."""

from __future__ import annotations

from arco.engine.database import Database
from arco.ids import dispatch_id, ulid
from arco.orchestration.commands.attempts import CompleteAttempt, complete_attempt
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest, SettingDefinition, SettingsDefinition
from arco.orchestration.outcomes import Completion, Observation, Read
from arco.orchestration.rows import task_key
from arco.orchestration.tables import DISPATCHES
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime

ORDERS, SIZES = "raw.orders", "mid.sizes"
RUNS = (ulid(1_772_366_400_000, 1), ulid(1_772_366_400_000, 2))
PAGES = SettingDefinition("pages", '{"type":"integer"}')


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """A run asks for three pages, and its data says so; the next leaves out what is unchanged."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    read = SettingsDefinition("source", (PAGES,))
    orders = asset(ORDERS, kind="external", settings=(read,))
    sizes = asset(SIZES, ORDERS, format="none", memoize=True)
    manifest = Manifest("shop", (sizes, orders))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    for run_id, own in zip(RUNS, ({"source": {"pages": 3}}, {}), strict=True):
        trigger = TriggerRun(run_id=run_id, tenant="t", workspace="w", which="all", settings=own)
        await database.transact(trigger_run(trigger))
        for key in (ORDERS, SIZES):
            await _end(database, runtime, run_id=run_id, key=key)


async def _end(database: Database, runtime: RepeatingRuntime, *, run_id: str, key: str) -> None:
    """The attempt ends, if there is one: it saw the same orders as ever."""
    seen = ("v1",) if key == SIZES else ()
    reads = tuple(Read(ORDERS, parameter="raw_orders", data_versions=(each,)) for each in seen)
    dispatch = dispatch_id(run_id, task_key(key, ""), 1)
    out = await database.asked(lambda state: state.get(DISPATCHES, dispatch))
    if out is not None:
        now = runtime.now()
        ended = CompleteAttempt(
            dispatch_id=dispatch,
            started_at=now,
            ended_at=now,
            completion=Completion(observation=Observation("v1"), reads=reads),
        )
        await database.transact(complete_attempt(ended))
    await database.transact(lambda state, now: ())
