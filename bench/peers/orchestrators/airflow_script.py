"""Airflow: a graph of tasks, defined and serialized as its scheduler reads it."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from figures import Rounds, started, upstreams

rounds = Rounds()


def main(scenario: str, count: int, *, folder: Path) -> None:
    """Prints the scenario's figures."""
    os.environ["AIRFLOW_HOME"] = str(folder)
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "false"
    import airflow

    logging.disable(logging.CRITICAL)
    {"plan": plan, "import": imported, "help": told}[scenario](count, folder)
    rounds.printed(airflow.__version__)


def imported(count: int, folder: Path) -> None:
    """What every file of somebody's begins with."""
    started(rounds, "-c", "import airflow.sdk; airflow.sdk.DAG", folder=folder)


def told(count: int, folder: Path) -> None:
    """The help of the command."""
    started(rounds, "airflow", "--help", folder=folder)


def plan(count: int, folder: Path) -> None:
    """A graph, serialized."""
    from airflow.sdk import DAG, task
    from airflow.serialization.serialized_objects import DagSerialization

    def nothing() -> None:
        return None

    def planned() -> None:
        with DAG("bench", schedule=None) as dag:
            made = []
            for node, above in enumerate(upstreams(count)):
                made.append(task(task_id=f"a{node}")(nothing)())
                for each in above:
                    made[each] >> made[node]
        DagSerialization.to_dict(dag)

    rounds.add(planned)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), folder=Path(sys.argv[3]))

__all__ = ["main"]
