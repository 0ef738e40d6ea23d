"""What a backfill costs: to create one of a million partitions, and to run one of a thousand."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from arco.engine.applied import Applied
from arco.execution.deploying import deploy_project
from arco.execution.leading import Terms, try_to_lead
from arco.ids import new_ulid
from arco.orchestration.backfill_events import BackfillCreated
from arco.orchestration.backfills import BACKFILL_CHUNKS, BACKFILLS, ENDED, BackfillState
from arco.orchestration.commands.backfills import CreateBackfill, create_backfill
from arco.orchestration.controllers import BACKFILLING
from arco.orchestration.partitions import HourlyPartitions, ProductPartitions, StaticPartitions
from arco.service.workspace import Workspace
from arco.testing.orchestration_samples import Bench, asset
from bench import projects
from bench.orchestrator import opened
from bench.results import Measurement, seconds, spelled

ROUNDS = 3
COUNT = 1_000


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    taken, size = created()
    note = f"decided, and one event of {size:,} bytes"
    yield Measurement("create a backfill of 1,051,200 partitions", spelled(taken), "<= 50 ms", note)
    with tempfile.TemporaryDirectory() as folder:
        project = projects.write_project(Path(folder), projects.partitioned(COUNT))
        async with opened(project) as workspace:
            await deploy_project(workspace, project)
            async for each in warm_backfills(workspace, project):
                yield each


async def warm_backfills(workspace: Workspace, project: Path) -> AsyncIterator[Measurement]:
    """Backfills of all partitions, once the workers are there."""
    leader = await try_to_lead(workspace, project, terms=Terms(standing=BACKFILLING))
    assert leader is not None
    each: dict[str, Any] = {"runs_per": "partition", "concurrency": 64}
    whole: dict[str, Any] = {"runs_per": "chunk", "chunk_size": COUNT}
    try:
        for what, goal, asked in (
            (f"{COUNT:,} partitions, a run for each", "<= 0.8 s", each),
            (f"{COUNT:,} partitions, one run", "<= 0.3 s", whole),
        ):
            await one_backfill(workspace, **asked)
            warm = [await one_backfill(workspace, **asked) for _ in range(ROUNDS)]
            yield Measurement(what, seconds(warm), goal, f"median of {ROUNDS}, warm")
        yield Measurement("state of a chunk", f"{chunk_bytes(workspace)} bytes", "", "JSON")
    finally:
        await leader.stop()


def created() -> tuple[float, int]:
    """Seconds to decide on a million partitions, and the bytes of the event."""
    regions = StaticPartitions([f"r{number}" for number in range(120)], dimension="region")
    hours = HourlyPartitions(start="2025-01-01", end="2026-01-01")
    bench = Bench()
    bench.deploy(asset("raw.orders", partitions=ProductPartitions((hours, regions))))
    start = time.perf_counter()
    (event,) = create_backfill(CreateBackfill(backfill_id="B"))(bench.state, bench.now)
    taken = time.perf_counter() - start
    payload = event.payload
    assert isinstance(payload, BackfillCreated)
    assert payload.stages[0].partitions > 1_000_000
    return taken, len(msgspec.json.encode(payload))


async def one_backfill(workspace: Workspace, **asked: Any) -> float:
    """Seconds from the request to the end of a backfill of every partition."""
    database = workspace.database
    backfill_id = new_ulid(workspace.runtime)
    ended = workspace.runtime.signal()

    def applied(_: Applied) -> None:
        row = database.state.get(BACKFILLS, backfill_id)
        if row is not None and row.state in ENDED:
            ended.set()

    database.listeners.append(applied)
    start = time.perf_counter()
    await database.transact(create_backfill(CreateBackfill(backfill_id=backfill_id, **asked)))
    await ended.wait()
    taken = time.perf_counter() - start
    database.listeners.remove(applied)
    row = database.state.get(BACKFILLS, backfill_id)
    assert row is not None
    assert (row.state, row.succeeded) == (BackfillState.SUCCEEDED, COUNT)
    return taken


def chunk_bytes(workspace: Workspace) -> int:
    """The size of a chunk's row."""
    return max(
        len(msgspec.json.encode(row)) for row in workspace.database.state.range(BACKFILL_CHUNKS)
    )


__all__ = ["measurements"]
