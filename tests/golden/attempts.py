"""Writing a golden history of attempts: one fails, and what it came to is kept beside the next."""

from __future__ import annotations

from arco.engine.database import Database
from arco.ids import dispatch_id, ulid
from arco.orchestration.commands.attempts import CompleteAttempt, complete_attempt
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest, RetryPolicy
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.rows import task_key
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime

EVENTS, RUN = "raw.events", ulid(1_772_366_400_000, 1)


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """The first attempt fails, the second succeeds."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    retried = asset(EVENTS, format="none", retry=RetryPolicy(max_attempts=2))
    manifest = Manifest("shop", (retried,))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    trigger = TriggerRun(run_id=RUN, tenant="t", workspace="w", which="all")
    await database.transact(trigger_run(trigger))
    error = TaskError(ErrorCategory.USER_CODE, "boom", traceback="events.py:3", hint="mend it")
    for attempt, completion in ((1, Completion(error=error)), (2, Completion())):
        now = runtime.now()
        ended = CompleteAttempt(
            dispatch_id=dispatch_id(RUN, task_key(EVENTS, ""), attempt),
            started_at=now,
            ended_at=now,
            completion=completion,
        )
        await database.transact(complete_attempt(ended))
        await database.transact(lambda state, now: ())
