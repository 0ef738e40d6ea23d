"""Prefect: tasks of one flow, in its own process, beside the server that it starts for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from figures import Rounds, stored_bytes

rounds = Rounds()
START_SECONDS_MAX = "240"


def main(scenario: str, count: int, *, folder: Path) -> None:
    """Prints the scenario's figures."""
    os.environ["PREFECT_HOME"] = str(folder)
    os.environ["PREFECT_LOGGING_LEVEL"] = "CRITICAL"
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = START_SECONDS_MAX
    import prefect

    {"run": run}[scenario](count)
    rounds.printed(prefect.__version__, size_bytes=stored_bytes(folder))


def run(count: int) -> None:
    """A flow of so many tasks, once the server is there."""
    from prefect import flow, task

    @task
    def nothing(number: int) -> None:
        return None

    @flow
    def every(tasks: int) -> None:
        for number in range(tasks):
            nothing(number)

    every(1)
    rounds.add(lambda: every(count))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), folder=Path(sys.argv[3]))

__all__ = ["main"]
