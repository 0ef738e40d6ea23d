"""Ours beside other orchestrators: the same work, each in an environment of its own with pinned
packages, by the clock and by the processor, and how many times ours it is.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from bench.peers import ENVIRONMENTS
from bench.results import Measurement, spelled

SCRIPTS = Path(__file__).parent / "peers" / "orchestrators"
OURS = "arco"
ROUNDS = 3
KEYS = 100_000


class Figures(msgspec.Struct, kw_only=True):
    """What a script prints."""

    version: str
    seconds: tuple[float, ...]
    processor_seconds: tuple[float, ...]
    size_bytes: int = 0


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work, and how much of it each orchestrator is given: figures are for one.

    `dagster tuned` is Dagster with its fork server.
    """

    name: str
    what: str
    counts: dict[str, int]
    note: str
    of: int = 1
    """So many of one are one: a figure for a million keys, not for each."""


SCENARIOS = (
    Scenario(
        name="import",
        what="import it",
        counts=dict.fromkeys((OURS, "rivers", "dagster", "airflow"), 1),
        note="a process of Python that does nothing else; Airflow: and its DAG",
    ),
    Scenario(
        name="help",
        what="the help of its command",
        counts=dict.fromkeys((OURS, "rivers", "dagster", "airflow"), 1),
        note="a process",
    ),
    Scenario(
        name="plan",
        what="define and plan a node",
        counts={OURS: 1_000, "rivers": 1_000, "dagster": 1_000, "airflow": 1_000},
        note="three upstreams each; Airflow: defined and serialized; Rivers: validated",
    ),
    Scenario(
        name="keys",
        what="100,000 hourly partitions: find one, count, those outside of half",
        counts={OURS: KEYS, "dagster": KEYS},
        note="in process",
        of=KEYS,
    ),
    Scenario(
        name="chain",
        what="a step of a chain, in worker processes",
        counts={OURS: 40, "dagster": 10, "dagster tuned": 10},
        note="by the command, its start included; Dagster: a process for each step",
    ),
    Scenario(
        name="wide",
        what="a step beside others, in worker processes",
        counts={OURS: 100, "dagster": 20, "dagster tuned": 20},
        note="by the command, its start included; Dagster: a process for each step",
    ),
    Scenario(
        name="run",
        what="a no-op asset, durable",
        counts={OURS: 1_000, "rivers": 1_000, "dagster": 100, "prefect": 100},
        note="ours in worker processes, their start included; the others in their own process",
    ),
    Scenario(
        name="partitions",
        what="a run for each partition",
        counts={OURS: 1_000, "rivers": 100, "dagster": 10},
        note="ours in worker processes, their start included; the others in their own process",
    ),
)


async def measurements() -> AsyncIterator[Measurement]:
    """A line for each scenario and orchestrator, ours first."""
    for scenario in SCENARIOS:
        ours: float | None = None
        for name, given in scenario.counts.items():
            rounds = [await figures(name, scenario.name, count=given) for _ in range(ROUNDS)]
            count = given // scenario.of
            used = middle([each.processor_seconds for each in rounds]) / count
            ours = ours or used
            yield Measurement(
                f"{scenario.what}: {_named(name, rounds[0].version)}",
                _told(rounds, count=count),
                f"{used / ours:.1f} times ours" if name != OURS else "",
                f"of {count:,}; {scenario.note}",
            )


async def figures(name: str, scenario: str, *, count: int) -> Figures:
    """One round in a process and a folder of its own."""
    name, _, variant = name.partition(" ")
    scenario = f"{scenario}_{variant}" if variant else scenario
    python = sys.executable if name == OURS else str(ENVIRONMENTS / name / "bin" / "python")
    if not Path(python).exists():
        sys.exit(f"{python} is not there: run `make bench-peers`")
    script = SCRIPTS / f"{name}_script.py"
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), root])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            *(python, str(script), scenario, str(count), folder),
            env={**os.environ, "PYTHONPATH": path if name == OURS else ""},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()
    if process.returncode:
        sys.exit(f"{script.name} failed: it says why above")
    return msgspec.json.decode(printed.splitlines()[-1], type=Figures)


def _named(name: str, version: str) -> str:
    """The variant after the version."""
    peer, _, variant = name.partition(" ")
    return f"{peer} {version}" + (f", {variant}" if variant else "")


def middle(rounds: Sequence[Sequence[float]]) -> float:
    """The median of all rounds."""
    return statistics.median(value for each in rounds for value in each)


def _told(rounds: Sequence[Figures], *, count: int) -> str:
    clock = spelled(middle([each.seconds for each in rounds]) / count)
    used = spelled(middle([each.processor_seconds for each in rounds]) / count)
    stored = statistics.median(each.size_bytes for each in rounds) / count
    return f"{clock}; {used} of processor" + (f"; {stored:,.0f} bytes" if stored else "")


__all__ = ["measurements"]
