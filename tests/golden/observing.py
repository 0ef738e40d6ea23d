"""Writing a golden history of what is not kept here: an external asset is looked at, twice."""

from __future__ import annotations

from arco.engine.database import Database
from arco.ids import dispatch_id, ulid
from arco.orchestration.commands.attempts import CompleteAttempt, complete_attempt
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest
from arco.orchestration.outcomes import Completion, Observation
from arco.orchestration.rows import task_key
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime

EVENTS = "raw.events"


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """The first look remembers a cursor, the second finds another version."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    external = asset(EVENTS, kind="external", format="parquet", location="s3://lake/events")
    manifest = Manifest("shop", (external,))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    looks = (Observation("files:a", {"files": 2, "arco.cursor": 7}), Observation("files:b"))
    for number, observation in enumerate(looks):
        run_id = ulid(1_772_366_400_000 + number, number)
        trigger = TriggerRun(run_id=run_id, tenant="t", workspace="w", which="all")
        await database.transact(trigger_run(trigger))
        now = runtime.now()
        ended = CompleteAttempt(
            dispatch_id=dispatch_id(run_id, task_key(EVENTS, ""), 1),
            started_at=now,
            ended_at=now,
            completion=Completion(observation=observation),
        )
        await database.transact(complete_attempt(ended))
