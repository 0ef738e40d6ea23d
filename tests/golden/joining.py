"""Writing a golden history of tasks that end together: one function makes several assets."""

from __future__ import annotations

from functools import partial

import msgspec

from arco.engine.database import Database
from arco.ids import dispatch_id, ulid
from arco.model import State
from arco.orchestration.commands.attempts import CompleteAttempt, complete_attempt
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import CodeReference, Manifest
from arco.orchestration.outcomes import CheckResult, Completion, Made, Observation
from arco.orchestration.rows import task_key
from arco.orchestration.tables import ASSETS
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset, staged
from tests.golden.clocks import RepeatingRuntime

FAMILY = ("shop.lines", "shop.log", "shop.orders")


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """A check of one fails the run of all, then a run makes all, and one stays as it is."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    code = CodeReference("project", "split", "1")
    assets = [asset(key, code=code, made_with=FAMILY) for key in FAMILY]
    manifest = Manifest("shop", (asset("mart.report", *FAMILY), *assets))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    for number, passed in enumerate((False, True)):
        run_id = ulid(1_772_366_400_000 + number, number)
        trigger = TriggerRun(run_id=run_id, tenant="t", workspace="w", which="all")
        await database.transact(trigger_run(trigger))
        now = runtime.now()
        ended = CompleteAttempt(
            dispatch_id=dispatch_id(run_id, task_key(FAMILY[0], ""), 1),
            started_at=now,
            ended_at=now,
            completion=await database.asked(partial(_completion, passed=passed)),
        )
        await database.transact(complete_attempt(ended))


def _completion(state: State, *, passed: bool) -> Completion:
    lines, orders = (_made(state, key) for key in (FAMILY[0], FAMILY[2]))
    check = CheckResult("whole", passed, True, "" if passed else "a line has no order")
    said = Made(asset=FAMILY[1], observation=Observation("log:1", {"entries": 2}))
    return Completion(
        output=lines.output,
        checks=(CheckResult("fresh", passed=True),),
        others=(said, msgspec.structs.replace(orders, checks=(check,))),
    )


def _made(state: State, key: str) -> Made:
    row = state.get(ASSETS, key)
    output = staged(key, table_id=row.table_id if row else "", data_version=key)
    return Made(asset=key, output=output)
