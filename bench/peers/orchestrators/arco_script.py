"""Arco: the production path, with a log on disk, `fsync` and two worker processes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from arco.execution.deploying import deploy_project
from arco.execution.leading import Terms, try_to_lead
from arco.orchestration.controllers import BACKFILLING
from arco.orchestration.partitions import HourlyPartitions, all_keys, parse_selector
from arco.service.workspace import Workspace
from bench import projects
from bench.backfills import COUNT, one_backfill
from bench.orchestrator import define_and_plan, one_run, opened
from bench.peers.orchestrators.figures import Rounds, started, stored_bytes

rounds = Rounds()
FIRST_HOUR, HOUR = datetime(2013, 1, 1), "%Y-%m-%dT%H"


def main(scenario: str, count: int, *, folder: Path) -> None:
    """Prints the scenario's figures."""
    SCENARIOS[scenario](count, folder)
    rounds.printed(version("arco"), size_bytes=stored_bytes(folder / ".arco"))


def plan(count: int, folder: Path) -> None:
    """Definitions and their plan."""
    rounds.add(lambda: define_and_plan(count))


def imported(count: int, folder: Path) -> None:
    """What every script of somebody's begins with."""
    started(rounds, "-c", "import arco", folder=folder)


def told(count: int, folder: Path) -> None:
    """The help of the command."""
    started(rounds, "-c", "import arco.cli; arco.cli.main()", "--help", folder=folder)


def keys(count: int, folder: Path) -> None:
    """Hours: one looked for, all counted, and those outside of a range."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    ends = (FIRST_HOUR + timedelta(hours=count)).strftime(HOUR)
    definition = HourlyPartitions(start=FIRST_HOUR.strftime(HOUR), end=ends)
    second, last = (f"{FIRST_HOUR + timedelta(hours=each):{HOUR}}" for each in (1, count // 2))

    def asked() -> None:
        every = all_keys(definition, now)
        part = parse_selector(definition, f"{second}..{last}", now=now)
        assert next(iter(part)) in every
        assert len(every) == count
        assert len(every.difference(part)) == count - count // 2

    rounds.add(asked)


def run(count: int, folder: Path) -> None:
    """A run of so many assets, the start of the workers included."""
    lead(folder, projects.independent(count), work=one_run)


def chain(count: int, folder: Path) -> None:
    """The same, each waiting for the one before."""
    lead(folder, projects.chain(count), work=one_run)


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
            leader = await try_to_lead(workspace, project, terms=Terms(standing=BACKFILLING))
            assert leader is not None
            try:
                await work(workspace)
            finally:
                await leader.stop()

    asyncio.run(deployed())
    rounds.add(lambda: asyncio.run(led()))


SCENARIOS: dict[str, Callable[[int, Path], None]] = {
    "import": imported,
    "help": told,
    "plan": plan,
    "keys": keys,
    "run": run,
    "wide": run,
    "chain": chain,
    "partitions": partitions,
}

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), folder=Path(sys.argv[3]))

__all__ = ["main"]
