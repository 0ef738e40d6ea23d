"""Dagster: assets in its own process, on an instance with SQLite."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from figures import Rounds, stored_bytes, upstreams

rounds = Rounds()


def main(scenario: str, count: int, *, folder: Path) -> None:
    """Prints the scenario's figures."""
    import dagster

    logging.disable(logging.CRITICAL)
    {"plan": plan, "run": run, "partitions": partitions}[scenario](count, folder)
    rounds.printed(dagster.__version__, size_bytes=stored_bytes(folder))


def asset(number: int, above: tuple[int, ...] = (), **options: object) -> object:
    """An asset that does nothing."""
    import dagster

    def nothing() -> None:
        return None

    deps = [f"a{each}" for each in above]
    return dagster.asset(name=f"a{number}", deps=deps, **options)(nothing)


def plan(count: int, folder: Path) -> None:
    """Definitions and their execution plan."""
    import dagster
    from dagster._core.execution.api import create_execution_plan

    def planned() -> None:
        assets = [asset(node, above) for node, above in enumerate(upstreams(count))]
        job = dagster.Definitions(assets=assets).resolve_implicit_global_asset_job_def()
        create_execution_plan(job)

    rounds.add(planned)


def run(count: int, folder: Path) -> None:
    """A run of so many assets."""
    import dagster

    assets = [asset(number) for number in range(count)]
    with dagster.DagsterInstance.local_temp(str(folder)) as instance:
        dagster.materialize(assets[:1], instance=instance)
        rounds.add(lambda: dagster.materialize(assets, instance=instance))


def partitions(count: int, folder: Path) -> None:
    """A run for each partition."""
    import dagster

    keys = [f"p{number}" for number in range(count)]
    wide = asset(0, partitions_def=dagster.StaticPartitionsDefinition(keys))

    def each() -> None:
        for key in keys:
            dagster.materialize([wide], instance=instance, partition_key=key)

    with dagster.DagsterInstance.local_temp(str(folder)) as instance:
        rounds.add(each)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), folder=Path(sys.argv[3]))

__all__ = ["main"]
