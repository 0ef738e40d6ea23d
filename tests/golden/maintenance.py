"""Writing a golden history of maintenance: a compaction that ends, one that is given up, and a
checkpoint.
"""

from __future__ import annotations

from arco.engine.database import Database
from arco.ids import dispatch_id, ulid
from arco.orchestration.commands.attempts import CompleteAttempt, complete_attempt
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.maintenance import (
    StartCompaction,
    abandon_compaction,
    finish_compaction,
    record_checkpoint,
    start_compaction,
)
from arco.orchestration.commands.publications import (
    StartPublication,
    publish_run,
    start_publication,
)
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.controllers import standing_decisions
from arco.orchestration.definitions import Manifest
from arco.orchestration.outcomes import Completion
from arco.orchestration.rows import PreparedTable, task_key
from arco.orchestration.tables import ASSETS, PINS
from arco.testing.orchestration_samples import SCOPE as RUN_SCOPE
from arco.testing.orchestration_samples import asset, staged
from tests.golden.clocks import RepeatingRuntime

EVENTS = "raw.events"
IDS = tuple(ulid(1_772_366_400_000 + number, number) for number in range(3))


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """A table of one version is compacted, and not a second time; then it has a checkpoint."""
    database.controllers = standing_decisions(64, RUN_SCOPE)
    manifest = Manifest("shop", (asset(EVENTS, write_mode="append"),))
    await database.transact(deploy(Deploy(deployment_id="D1", manifest=manifest, entropy=1)))
    row = database.state.get(ASSETS, EVENTS)
    assert row is not None
    await _published(database, runtime, table_id=row.table_id)
    for number, version in ((1, 1), (2, 2)):
        command = StartCompaction(
            compaction_id=IDS[number],
            table=_prepared(row.table_id, version),
            files=(f"warehouse/{row.table_id}/together-{number}.parquet",),
            files_removed=8,
            bytes_removed=800,
            bytes_added=500,
            actor="ann",
        )
        await database.transact(start_compaction(command))
        end = finish_compaction(IDS[1]) if number == 1 else abandon_compaction(IDS[2], "beaten")
        await database.transact(end)
    pin = database.state.get(PINS, EVENTS)
    assert pin is not None
    await database.transact(record_checkpoint(pin))


async def _published(database: Database, runtime: RepeatingRuntime, *, table_id: str) -> None:
    trigger = TriggerRun(run_id=IDS[0], tenant="t", workspace="w", which="all")
    await database.transact(trigger_run(trigger))
    now = runtime.now()
    ended = CompleteAttempt(
        dispatch_id=dispatch_id(IDS[0], task_key(EVENTS, ""), 1),
        started_at=now,
        ended_at=now,
        completion=Completion(output=staged(EVENTS, table_id=table_id, data_version="a")),
    )
    await database.transact(complete_attempt(ended))
    tables = (_prepared(table_id, 0),)
    await database.transact(start_publication(StartPublication(run_id=IDS[0], tables=tables)))
    await database.transact(publish_run(IDS[0]))


def _prepared(table_id: str, version: int) -> PreparedTable:
    return PreparedTable(
        table_id=table_id,
        asset=EVENTS,
        version=version,
        sha256=f"{version:064}",
        prepared=f"warehouse/{table_id}/_prepared/golden-{version}.json",
    )
