"""Who answers when something fires: ours and two libraries here, orchestrators where they live."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from croniter import croniter
from cronsim import CronSim

from arco.orchestration.cron import occurrences, parse_cron
from bench.peers import ENVIRONMENTS
from bench.peers.orchestrators.fires import gathered
from tests.conformance.rules import Asked

SCRIPTS = Path(__file__).parents[2] / "bench" / "peers" / "orchestrators"
ORCHESTRATORS = {"Dagster": "dagster", "Airflow": "airflow"}


class Refused(msgspec.Struct, frozen=True):
    """Nothing fires: what was raised, or that it did not go on."""

    refused: str


Answer = tuple[int, ...] | Refused


class Answers(msgspec.Struct, frozen=True):
    """Of one who was asked."""

    version: str
    answers: Sequence[Answer]


class _Versions(msgspec.Struct):
    version: str
    tzdata: str


def ours(asked: Asked) -> Answer:
    """When Arco fires."""
    return _gathered(_arco, asked)


def from_library(name: str, asked: Sequence[Asked]) -> Answers:
    """What a library of this environment answers."""
    library = LIBRARIES[name]
    return Answers(version(name), [_gathered(library, each) for each in asked])


def from_orchestrator(name: str, asked: Sequence[Asked]) -> Answers:
    """What an orchestrator answers, in its own environment with the same time-zone database."""
    peer = ORCHESTRATORS[name]
    python = ENVIRONMENTS / peer / "bin" / "python"
    if not python.exists():
        sys.exit(f"{python} is not there: `make conformance` installs it")
    lines = b"\n".join(msgspec.json.encode(each) for each in asked)
    with tempfile.TemporaryDirectory() as home:
        told = subprocess.run(
            [str(python), str(SCRIPTS / f"{peer}_fires.py")],
            input=lines,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": "", "AIRFLOW_HOME": home},
            check=True,
        ).stdout.splitlines()
    versions = msgspec.json.decode(told[0], type=_Versions)
    if versions.tzdata != version("tzdata"):
        sys.exit(f"{name} has the time zones of {versions.tzdata}, not of {version('tzdata')}")
    assert len(told) == len(asked) + 1
    return Answers(versions.version, [msgspec.json.decode(each, type=Answer) for each in told[1:]])


def _gathered(fires: Callable[[Asked], Iterator[float]], asked: Asked) -> Answer:
    found = gathered(fires(asked), asked.after, until=asked.until)
    return Refused(found["refused"]) if isinstance(found, dict) else tuple(found)


def _start(asked: Asked) -> datetime:
    return datetime.fromtimestamp(asked.after, UTC)


def _arco(asked: Asked) -> Iterator[float]:
    cron = parse_cron(asked.expression)
    first = next(occurrences(cron, "UTC", after=datetime(2000, 1, 1, tzinfo=UTC)), None)
    if first is None:
        raise ValueError("it never fires")
    for moment in occurrences(cron, asked.zone, after=_start(asked)):
        yield moment.timestamp()


def _cronsim(asked: Asked) -> Iterator[float]:
    for moment in CronSim(asked.expression, _start(asked).astimezone(ZoneInfo(asked.zone))):
        yield moment.timestamp()


def _croniter(asked: Asked) -> Iterator[float]:
    start = _start(asked).astimezone(ZoneInfo(asked.zone))
    for moment in croniter(asked.expression, start).all_next(datetime):
        yield moment.timestamp()


LIBRARIES: dict[str, Callable[[Asked], Iterator[float]]] = {
    "cronsim": _cronsim,
    "croniter": _croniter,
}

__all__ = [
    "LIBRARIES",
    "ORCHESTRATORS",
    "Answer",
    "Answers",
    "Refused",
    "from_library",
    "from_orchestrator",
    "ours",
]
