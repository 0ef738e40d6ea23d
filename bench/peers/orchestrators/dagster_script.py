"""Dagster: assets in its own process, on an instance with SQLite."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from figures import Rounds, started, stored_bytes, upstreams

rounds = Rounds()
FIRST_HOUR, HOUR = datetime(2013, 1, 1), "%Y-%m-%d-%H:%M"
ASSET = """
@dagster.asset(name="a{number}", deps={deps})
def a{number}() -> None:
    pass
"""
FORKED = {"start_method": {"forkserver": {"preload_modules": ["dagster"]}}}
"""A process that has imported it already, and forks."""


def main(scenario: str, count: int, *, folder: Path) -> None:
    """Prints the scenario's figures."""
    import dagster

    logging.disable(logging.CRITICAL)
    SCENARIOS[scenario](count, folder)
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


def imported(count: int, folder: Path) -> None:
    """What every script of somebody's begins with."""
    started(rounds, "-c", "import dagster", folder=folder)


def told(count: int, folder: Path) -> None:
    """The help of the command."""
    started(rounds, "dagster", "--help", folder=folder)


def keys(count: int, folder: Path) -> None:
    """Hours: one looked for, all counted, and those outside of a range."""
    import dagster

    ends = FIRST_HOUR + timedelta(hours=count)
    hours = dagster.HourlyPartitionsDefinition(FIRST_HOUR, ends, fmt=HOUR)
    first, last = (f"{FIRST_HOUR + timedelta(hours=each):{HOUR}}" for each in (1, count // 2))

    def asked() -> None:
        assert hours.has_partition_key(first)
        assert hours.get_num_partitions() == count
        part = hours.subset_with_partition_keys(
            hours.get_partition_keys_in_range(dagster.PartitionKeyRange(first, last))
        )
        assert len(part.get_partition_keys_not_in_subset(hours)) == count - count // 2

    rounds.add(asked)


def chain(count: int, folder: Path) -> None:
    """Assets of which each waits for the one before, in processes of their own."""
    launched(count, folder, deps=lambda number: [f"a{number - 1}"] if number else [])


def chain_tuned(count: int, folder: Path) -> None:
    """The same with its fork server."""
    launched(count, folder, deps=lambda number: [f"a{number - 1}"] if number else [], **FORKED)


def wide(count: int, folder: Path) -> None:
    """Assets that wait for nothing, in processes of their own."""
    launched(count, folder, deps=lambda number: [])


def wide_tuned(count: int, folder: Path) -> None:
    """The same with its fork server."""
    launched(count, folder, deps=lambda number: [], **FORKED)


def launched(count: int, folder: Path, *, deps: Callable[[int], list[str]], **how: object) -> None:
    """A run of them by the command, its start included."""
    lines = [ASSET.format(number=number, deps=deps(number)) for number in range(count)]
    (folder / "noop.py").write_text("import dagster\n" + "".join(lines))
    home = folder / "home"
    home.mkdir()
    command = ["dagster", "asset", "materialize", "-f", "noop.py", "--select", "*"]
    if how:
        command += ["--config-json", json.dumps({"execution": {"config": {"multiprocess": how}}})]
    started(rounds, *command, folder=folder, DAGSTER_HOME=str(home))


SCENARIOS: dict[str, Callable[[int, Path], None]] = {
    "import": imported,
    "help": told,
    "plan": plan,
    "keys": keys,
    "run": run,
    "wide": wide,
    "wide_tuned": wide_tuned,
    "chain": chain,
    "chain_tuned": chain_tuned,
    "partitions": partitions,
}

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), folder=Path(sys.argv[3]))

__all__ = ["main"]
