"""Arco: the production path, with a log on disk, `fsync` and two worker processes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Any

from figures import Rounds, stored_bytes

from arco.execution.deploying import deploy_project
from arco.execution.leading import try_to_lead
from arco.orchestration.controllers import BACKFILLING
from arco.service.workspace import Workspace
from bench import projects
from bench.backfills import COUNT, one_backfill
from bench.orchestrator import define_and_plan, one_run, opened

rounds = Rounds()


def main(scenario: str, count: int, *, folder: Path) -> None:
    """Prints the scenario's figures."""
    {"plan": plan, "run": run, "partitions": partitions}[scenario](count, folder)
    rounds.printed(version("arco"), size_bytes=stored_bytes(folder / ".arco"))


def plan(count: int, folder: Path) -> None:
    """Definitions and their plan."""
    rounds.add(lambda: define_and_plan(count))


def run(count: int, folder: Path) -> None:
    """A run of so many assets, the start of the workers included."""
    lead(folder, projects.independent(count), work=one_run)


def partitions(count: int, folder: Path) -> None:
    """A run for each partition."""
    assert count == COUNT

    async def each(workspace: Workspace) -> None:
        await one_backfill(workspace, runs_per="partition", concurrency=64)

    lead(folder, projects.partitioned(count), work=each)


def lead(
    folder: Path, module: str, *, work: Callable[[Workspace], Coroutine[Any, Any, object]]
) -> None:
    """One round of the work, in a project of this module that is deployed already."""
    project = projects.write_project(folder, module)

    async def deployed() -> None:
        async with opened(project) as workspace:
            await deploy_project(workspace, project)

    async def led() -> None:
        async with opened(project) as workspace:
            leader = await try_to_lead(workspace, project, standing=BACKFILLING)
            assert leader is not None
            try:
                await work(workspace)
            finally:
                await leader.stop()

    asyncio.run(deployed())
    rounds.add(lambda: asyncio.run(led()))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), folder=Path(sys.argv[3]))

__all__ = ["main"]
