"""Lives that are disturbed, each in a place of its own, and what is wrong after each."""

from __future__ import annotations

import signal
from itertools import count
from pathlib import Path

import msgspec

from arco.execution.deploying import compile_project
from arco.runtime import run
from arco.testing.failpoints import Failpoint, Moment, points
from tests.contract.emulators import BUCKET, S3_ENVIRONMENT
from tests.integration.leading_workspace import write_project
from tests.integration.life import STAGES, Place
from tests.integration.lives import exit_code, judge, live

STOP_FILE = "stop"
NUMBERS = count()
CODE = """
from pathlib import Path
from arco.testing.failpoints import stop_by_file

stop_by_file(Path(__file__).with_name("stop"))

@asset(namespace="n", write_mode="append")
def first(context):
    print("first")
    return [{"run": context.run_id}]

@asset(namespace="n", deps=["first"])
def second(context): return [{"run": context.run_id}]
"""
IN_WORKERS = [
    Failpoint("create", kind, moment) for kind in ("data file", "task log") for moment in Moment
]
"""These objects are made by the processes that run user code."""


def written_project(folder: Path) -> Path:
    """A project of two assets, one that grows and one that is replaced, and what it declares."""
    write_project(folder, CODE)
    manifest = run(compile_project(folder))
    (folder / "manifest").write_bytes(msgspec.json.encode(manifest))
    return folder


class Disk:
    """Every life in a folder of its own."""

    def place(self, folder: Path) -> Place:
        return Place(str(folder), str(folder / "store"))


class Bucket:
    """Every life under a prefix of its own."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def place(self, folder: Path) -> Place:
        url = f"s3://{BUCKET}/{folder.name}?endpoint={self._endpoint}"
        return Place(str(folder), url, S3_ENVIRONMENT)


class Trials:
    """Lives that are cut short, each at one point."""

    def __init__(self, where: Disk | Bucket, project: Path, folder: Path) -> None:
        self._where = where
        self._project = project
        self._folder = folder

    def reached(self) -> dict[str, list[Failpoint]]:
        """What an undisturbed life passes, by the stage that passes it first."""
        place = self._place()
        assert exit_code(live, place, list(STAGES), None) == 0, crash(place)
        assert self._problems(place, list(STAGES)) == []
        passed = msgspec.json.decode(
            Path(place.folder, "reached").read_bytes(), type=dict[str, list[tuple[str, str]]]
        )
        found: dict[str, list[Failpoint]] = {}
        known: set[tuple[str, str]] = set()
        for stage, pairs in passed.items():
            found[stage] = list(points(each for each in pairs if each not in known))
            known.update(pairs)
        found["run"] += IN_WORKERS
        return found

    def trial(self, stage: str, point: Failpoint) -> list[str]:
        """What is wrong after a life was cut short at the point and lived on."""
        stages = list(STAGES)[: list(STAGES).index(stage) + 1]
        place = self._place()
        if point in IN_WORKERS:
            Path(place.folder, STOP_FILE).write_bytes(msgspec.json.encode(point))
            code = exit_code(live, place, stages, None)
            if Path(place.folder, STOP_FILE).exists() or code != 0:
                return [f"{point}: exit code {code} {crash(place)}"]
        else:
            code = exit_code(live, place, stages, point)
            if code != -signal.SIGKILL:
                return [f"{point}: was not reached, exit code {code} {crash(place)}"]
            code = exit_code(live, place, stages, None)
            if code != 0:
                return [f"{point}: the next process could not go on, {code} {crash(place)}"]
        return [f"{point}: {problem}" for problem in self._problems(place, stages)]

    def slowest_start(self) -> float:
        """Seconds until a process that followed another saw its state."""
        lines = [
            line for path in self._folder.glob("*/told") for line in path.read_text().splitlines()
        ]
        return max(float(line.split()[2]) for line in lines if line.startswith("opened in"))

    def _problems(self, place: Place, stages: list[str]) -> list[str]:
        assert exit_code(judge, place, stages) == 0, crash(place)
        found: list[str] = msgspec.json.decode(Path(place.folder, "problems").read_bytes())
        return found

    def _place(self) -> Place:
        folder = self._folder / f"life-{next(NUMBERS)}"
        folder.mkdir(parents=True)
        for path in self._project.iterdir():
            if path.is_file():
                (folder / path.name).write_bytes(path.read_bytes())
        return self._where.place(folder)


def crash(place: Place) -> str:
    """Why a process of the life failed, if one did."""
    path = Path(place.folder, "crash")
    return path.read_text() if path.exists() else ""


__all__ = ["IN_WORKERS", "Bucket", "Disk", "Trials", "written_project"]
