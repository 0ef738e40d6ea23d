"""Writing a golden history of backfills: every event about them happens once.

What workers answer is made up; the decisions are the real ones.
"""

from __future__ import annotations

from arco.engine.database import Database
from arco.model import State
from arco.orchestration.commands.attempts import CompleteAttempt, complete_attempt
from arco.orchestration.commands.backfills import (
    CreateBackfill,
    cancel_backfill,
    create_backfill,
    pause_backfill,
    resume_backfill,
    retry_backfill,
    set_concurrency,
)
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.partitions import HourlyPartitions
from arco.orchestration.tables import DISPATCHES
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset
from tests.golden.clocks import RepeatingRuntime

HOURS = HourlyPartitions(start="2024-01-01", end="2024-02-20")
BROKEN = Completion(error=TaskError(ErrorCategory.USER_CODE, "it broke"))


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """One fails and is retried, one is paused and goes on, one walks in turns and is cancelled."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    manifest = Manifest("shop", (asset("raw.orders", partitions=HOURS),))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    first = CreateBackfill(
        backfill_id="B1", partitions=("2024-02-19T22..2024-02-19T23",), concurrency=2, actor="ann"
    )
    await database.transact(create_backfill(first))
    await answer(database, runtime, completion=BROKEN)
    walking = CreateBackfill(backfill_id="B2", which="failed", chunk_size=1_000)
    await database.transact(create_backfill(walking))
    await database.transact(retry_backfill("B1", actor="ann"))
    await database.transact(pause_backfill("B1", actor="ann"))
    await database.transact(resume_backfill("B1", actor="ann"))
    await answer(database, runtime, completion=Completion())
    cancelled = CreateBackfill(
        backfill_id="B3", which="missing", runs_per="chunk", chunk_size=3, concurrency=1
    )
    await database.transact(create_backfill(cancelled))
    await database.transact(set_concurrency("B3", 2, actor="ann"))
    await database.transact(cancel_backfill("B3", actor="ann", reason="too much"))


async def answer(database: Database, runtime: RepeatingRuntime, *, completion: Completion) -> None:
    """Every attempt that is out ends: the first so, the others well."""
    out = await database.asked(dispatched)
    for dispatch_id in out:
        now = runtime.now()
        command = CompleteAttempt(
            dispatch_id=dispatch_id,
            started_at=now,
            ended_at=now,
            completion=completion if dispatch_id == out[0] else Completion(),
        )
        await database.transact(complete_attempt(command))


def dispatched(state: State) -> list[str]:
    """The attempts that are out."""
    return [row.dispatch_id for row in state.range(DISPATCHES)]
