"""What a task, a hop, a plan and a byte cost: the production path over projects that do nothing."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from arco.engine.applied import Applied
from arco.execution.deploying import deploy_project
from arco.execution.leading import try_to_lead
from arco.ids import new_ulid
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.definitions import (
    AssetDefinition,
    CodeReference,
    Dependency,
    SourceLine,
)
from arco.orchestration.partitions import (
    HourlyPartitions,
    ProductPartitions,
    StaticPartitions,
    all_keys,
    parse_selector,
)
from arco.orchestration.plan import plan_run
from arco.orchestration.rows import Run
from arco.orchestration.settling import is_running
from arco.orchestration.states import RunState
from arco.orchestration.tables import RUNS
from arco.orchestration.views import Partitioning
from arco.runtime import AsyncioRuntime, put_loop_first
from arco.service.settings import load
from arco.service.workspace import Workspace, open_workspace
from bench import projects, staleness
from bench.results import Measurement, seconds, spelled

ROUNDS = 5
WARM = f"median of {ROUNDS} runs with warm workers; trigger to published end"


class Runs(msgspec.Struct, frozen=True):
    """What running one project several times took."""

    deploy_seconds: float
    cold_seconds: float
    """The first run, which starts the workers."""
    warm_seconds: list[float]
    bytes_per_run: int
    slots_per_run: float


async def measurements() -> AsyncIterator[Measurement]:
    """All lines of the table, each as it is ready."""
    for what, goal, module in (
        ("40-step chain", "<= 0.1 s", projects.chain(40)),
        ("100 independent steps", "<= 0.06 s", projects.independent(100)),
        ("1,000 partitions of one asset in one run", "<= 0.3 s", projects.partitioned(1_000)),
        ("one no-op asset", "<= 50 ms over the API", projects.independent(1)),
    ):
        runs = await repeated_runs(module)
        yield Measurement(what, seconds(runs.warm_seconds), goal, WARM)
    for what, module in (
        ("40-step chain, fsync off", projects.chain(40)),
        ("1,000 no-op assets, fsync off", projects.independent(1_000)),
    ):
        runs = await repeated_runs(module, fsync=False)
        yield Measurement(what, seconds(runs.warm_seconds), "", "what is left without the disk")
    wide = await repeated_runs(projects.independent(1_000))
    yield Measurement("1,000 no-op assets", seconds(wide.warm_seconds), "<= 0.25 s", WARM)
    yield Measurement("the same, first run", spelled(wide.cold_seconds), "", "starts two workers")
    yield Measurement(
        "deploy 1,000 assets", spelled(wide.deploy_seconds), "", "compiled in a child"
    )
    per_task = f"{wide.bytes_per_run / 1_000:,.0f} bytes"
    yield Measurement("stored per no-op task", per_task, "<= 1 KB", "log, snapshots and indexes")
    yield Measurement("slots of 1,000 tasks", f"{wide.slots_per_run:.0f}", "", "one fsync each")
    for each in (*plans(), *partition_sets(), *staleness.measurements()):
        yield each


async def repeated_runs(module: str, **chosen: Any) -> Runs:
    """Deploys the module and runs everything in it, once cold and `ROUNDS` times warm.

    `chosen` are settings other than the default ones.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = projects.write_project(Path(folder), module)
        async with opened(project, **chosen) as workspace:
            start = time.perf_counter()
            await deploy_project(workspace, project)
            deployed = time.perf_counter() - start
            leader = await try_to_lead(workspace, project)
            assert leader is not None
            try:
                cold = await one_run(workspace)
                before, slot = stored_bytes(project), workspace.database.seq
                warm = [await one_run(workspace) for _ in range(ROUNDS)]
                slots = (workspace.database.seq - slot) / ROUNDS
            finally:
                await leader.stop()
        grown = (stored_bytes(project) - before) // ROUNDS
        return Runs(deployed, cold, warm, grown, slots)


@asynccontextmanager
async def opened(project: Path, **chosen: Any) -> AsyncIterator[Workspace]:
    """The project's workspace on local disk, with two workers."""
    workspace = await open_workspace(load(project, workers=2, **chosen), AsyncioRuntime())
    put_loop_first()
    yield workspace


async def one_run(workspace: Workspace) -> float:
    """Seconds from the trigger to the end of a run of every asset, as the leader sees it."""
    settings, database = workspace.settings, workspace.database
    run_id = new_ulid(workspace.runtime)
    command = TriggerRun(
        run_id=run_id, tenant=settings.tenant, workspace=settings.workspace, which="all"
    )
    ended = workspace.runtime.signal()

    def applied(_: Applied) -> None:
        run = database.state.get(RUNS, run_id)
        if run is not None and not is_running(run):
            ended.set()

    database.listeners.append(applied)
    start = time.perf_counter()
    await database.transact(trigger_run(command))
    await ended.wait()
    taken = time.perf_counter() - start
    database.listeners.remove(applied)
    return succeeded(database.state.get(RUNS, run_id), taken)


def succeeded(run: Run | None, taken: float) -> float:
    """The duration, of a run that did what it should."""
    assert run is not None and run.state is RunState.SUCCEEDED, run
    return taken


def stored_bytes(project: Path) -> int:
    """The sum of the sizes of everything the store holds."""
    return sum(file.stat().st_size for file in (project / ".arco").rglob("*") if file.is_file())


def plans() -> Iterator[Measurement]:
    """Defining and planning graphs whose nodes read three others."""
    for count, goal in ((10_000, "<= 0.15 s"), (100_000, "<= 1.5 s")):
        taken = [define_and_plan(count) for _ in range(3)]
        what = f"define + plan {count:,} nodes"
        yield Measurement(what, seconds(taken), goal, "three upstreams each; one process, no disk")


def define_and_plan(count: int) -> float:
    """Seconds to build the definitions and the fingerprinted plan."""
    at = Partitioning(datetime(2026, 1, 1, tzinfo=UTC), {})
    start = time.perf_counter()
    code, source = CodeReference("noop", "noop", "sha256:0"), SourceLine("noop.py", 1)
    definitions = {
        f"bench.a{node}": AssetDefinition(
            key=f"bench.a{node}",
            code=code,
            source=source,
            dependencies=tuple(Dependency(f"bench.a{up}") for up in upstreams),
        )
        for node, upstreams in enumerate(projects.layered_upstreams(count, 3))
    }
    chosen = dict.fromkeys(definitions, ("",))
    plan = plan_run(definitions, chosen, at=at, tenant="local", workspace="main")
    assert len(plan.tasks) == count
    return time.perf_counter() - start


def partition_sets() -> Iterator[Measurement]:
    """Symbolic sets of ten million keys."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    regions = StaticPartitions([f"r{number}" for number in range(100)], dimension="region")
    hours = HourlyPartitions(start="2013-01-01T00", end="2024-08-01T00")
    definition = ProductPartitions([hours, regions])
    keys = all_keys(definition, now)
    part = parse_selector(definition, "hour=2015-01-01T00..2020-12-31T23", now=now)
    first = next(iter(keys))
    start = time.perf_counter()
    difference = keys.difference(part)
    found = first in difference
    left = len(difference)
    taken = time.perf_counter() - start
    assert found and 0 < left < len(keys)
    what = f"membership, count and difference of {len(keys):,} partitions"
    yield Measurement(what, spelled(taken), "<= 1 ms each", "all three together")


__all__ = ["measurements"]
