"""Two processes that both believe they lead look at one sensor: what it asks for is done once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from arco.execution.deploying import deploy_project
from arco.execution.leading import CollectorOnDemand
from arco.execution.lookouts import Lookouts
from arco.execution.sensing import sensing
from arco.orchestration.sensors import SENSOR_EVALUATIONS, EvaluationOutcome
from arco.orchestration.tables import RUNS
from arco.runtime import AsyncioRuntime
from arco.service.settings import load
from arco.service.ticking import Ticker
from arco.service.workspace import Workspace, open_workspace
from tests.integration.cli_project import Project

CODE = """
from arco import RunRequest, SensorContext, asset, sensor


@asset(namespace="raw")
def files(): ...


@sensor(select=files, interval_seconds=3600)
def landing(context: SensorContext):
    context.cursor = 1
    return [RunRequest(), RunRequest(run_key="a")]
"""


async def replica(directory: Path) -> Workspace:
    return await open_workspace(load(directory, fsync=False), AsyncioRuntime())


async def looked_at_by_two(directory: Path) -> tuple[list[EvaluationOutcome], int]:
    """What two looks at the same moment came to, and how many runs there are."""
    first = await replica(directory)
    await deploy_project(first, directory)
    second = await replica(directory)
    lookers = [sensing(each, Lookouts(each.settings, directory)) for each in (first, second)]
    try:
        counts = await asyncio.gather(*(looker.turn() for looker in lookers))
        assert sum(counts) == 2
    finally:
        for looker in lookers:
            await looker.close()
    await first.database.refresh()
    state = first.database.state
    outcomes = [row.outcome for row in state.range(SENSOR_EVALUATIONS, "landing")]
    return outcomes, len(list(state.range(RUNS)))


async def ticked(directory: Path) -> list[int]:
    """How much two ticks of a process that leads looked at."""
    workspace = await replica(directory)
    await deploy_project(workspace, directory)
    looker = sensing(workspace, Lookouts(workspace.settings, directory))
    ticker = Ticker(workspace, CollectorOnDemand(workspace), lambda: (looker,))
    try:
        return [(await ticker.tick()).performed for _ in range(2)]
    finally:
        await looker.close()


def test_of_two_looks_at_one_moment_one_counts(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", CODE)
    outcomes, runs = asyncio.run(looked_at_by_two(project.directory))
    assert outcomes == [EvaluationOutcome.REQUESTED, EvaluationOutcome.STALE]
    assert runs == 2


def test_a_tick_looks_at_what_is_due_and_the_next_finds_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", CODE)
    assert asyncio.run(ticked(project.directory)) == [1, 0]
