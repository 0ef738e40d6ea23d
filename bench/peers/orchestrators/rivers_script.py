"""Rivers: assets in its own process, on its embedded store."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import rivers
from figures import Rounds, started, stored_bytes, upstreams

rounds = Rounds()


def main(scenario: str, count: int, *, folder: Path) -> None:
    """Prints the scenario's figures."""
    SCENARIOS[scenario](count, folder)
    rounds.printed(version("rivers"), size_bytes=stored_bytes(folder))


def asset(number: int, above: tuple[int, ...] = (), **options: object) -> object:
    """An asset that does nothing."""

    def nothing() -> None:
        return None

    deps = [rivers.AssetDef.dep(f"a{each}") for each in above]
    return rivers.Asset(name=f"a{number}", deps=deps, **options)(nothing)


def repository(assets: list[object]) -> rivers.CodeRepository:
    """The assets, performed in this process."""
    return rivers.CodeRepository(assets=assets, default_executor=rivers.Executor.in_process())


def plan(count: int, folder: Path) -> None:
    """Definitions, validated."""

    def planned() -> None:
        nodes = [asset(node, above) for node, above in enumerate(upstreams(count))]
        repository(nodes).validate()

    rounds.add(planned)


def run(count: int, folder: Path) -> None:
    """A run of so many assets."""
    here = repository([asset(number) for number in range(count)])
    here.resolve(rivers.Storage.embedded(str(folder / "store")))
    rounds.add(here.materialize)


def partitions(count: int, folder: Path) -> None:
    """A run for each partition."""
    keys = [f"p{number}" for number in range(count)]
    wide = rivers.PartitionsDefinition.static_(keys)
    here = repository([asset(0, partitions_def=wide)])
    here.resolve(rivers.Storage.embedded(str(folder / "store")))

    def each() -> None:
        here.backfill(partition_keys=wide.get_partition_keys())

    rounds.add(each)


def imported(count: int, folder: Path) -> None:
    """What every script of somebody's begins with."""
    started(rounds, "-c", "import rivers", folder=folder)


def told(count: int, folder: Path) -> None:
    """The help of the command."""
    started(rounds, "rivers", "--help", folder=folder)


SCENARIOS: dict[str, Callable[[int, Path], None]] = {
    "import": imported,
    "help": told,
    "plan": plan,
    "run": run,
    "partitions": partitions,
}

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), folder=Path(sys.argv[3]))

__all__ = ["main"]
