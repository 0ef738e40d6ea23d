"""Lives that are disturbed, each in a place of its own, and what is wrong after each."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Protocol

import msgspec

from arco.execution.deploying import compile_project
from arco.runtime import run
from arco.testing.failpoints import Failpoint, Moment, points
from tests.contract.emulators import BUCKET, S3_ENVIRONMENT, copy_objects
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
    manifest = run(compile_project(folder)).manifest
    (folder / "manifest").write_bytes(msgspec.json.encode(manifest))
    return folder


class Where(Protocol):
    """Where lives take place."""

    def place(self, folder: Path) -> Place:
        """A place of its own for the life whose project is in the folder."""
        ...


class Disk:
    """Every life in a folder of its own."""

    def place(self, folder: Path) -> Place:
        return Place(str(folder), str(folder / "store"))

    def copy(self, source: Place, folder: Path) -> Place:
        """A place that holds what the other one does."""
        shutil.copytree(source.folder, folder)
        return self.place(folder)


class Bucket:
    """Every life under a prefix of its own."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def place(self, folder: Path) -> Place:
        url = f"s3://{BUCKET}/{folder.name}?endpoint={self._endpoint}"
        return Place(str(folder), url, S3_ENVIRONMENT)

    def copy(self, source: Place, folder: Path) -> Place:
        """A place that holds what the other one does."""
        shutil.copytree(source.folder, folder)
        copy_objects(self._endpoint, f"{Path(source.folder).name}/", to=f"{folder.name}/")
        return self.place(folder)


class Elsewhere:
    """Every life under a name of its own in a container of another provider."""

    def __init__(self, url: str, environment: dict[str, str]) -> None:
        self._url = url
        self._environment = environment

    def place(self, folder: Path) -> Place:
        return Place(str(folder), self._url.format(folder=folder.name), self._environment)


class Lives:
    """Lives from their beginning to their end, each in a place of its own."""

    def __init__(self, where: Where, project: Path, folder: Path) -> None:
        self._where = where
        self._project = project
        self._folder = folder

    def life(self, then: Callable[[], None] = lambda: None) -> list[str]:
        """What is wrong after one whole life; `then` is called before it is judged."""
        place = self._place()
        code = exit_code(live, place, list(STAGES))
        then()
        if code != 0:
            return [f"exit code {code} {crash(place)}"]
        return self._problems(place, list(STAGES))

    def _problems(self, place: Place, stages: list[str]) -> list[str]:
        assert exit_code(judge, place, stages) == 0, crash(place)
        found: list[str] = msgspec.json.decode(Path(place.folder, "problems").read_bytes())
        return found

    def _place(self) -> Place:
        folder = self._next_folder()
        folder.mkdir(parents=True)
        for path in self._project.iterdir():
            if path.is_file():
                (folder / path.name).write_bytes(path.read_bytes())
        return self._where.place(folder)

    def _next_folder(self) -> Path:
        return self._folder / f"life-{next(NUMBERS)}"


class Trials(Lives):
    """Lives that are cut short, each at one point.

    What comes before the stage that is cut short was lived through once, for all of them.
    """

    def __init__(self, where: Disk | Bucket, project: Path, folder: Path) -> None:
        super().__init__(where, project, folder)
        self._copy = where.copy
        self._before: dict[str, Place] = {}

    def reached(self) -> dict[str, list[Failpoint]]:
        """What an undisturbed life passes, by the stage that passes it first."""
        place = self._place()
        found: dict[str, list[Failpoint]] = {}
        known: set[tuple[str, str]] = set()
        for stage in STAGES:
            self._before[stage] = self._copy(place, self._folder / f"before-{stage}")
            assert exit_code(live, place, [stage]) == 0, crash(place)
            pairs = msgspec.json.decode(
                Path(place.folder, "reached").read_bytes(), type=list[tuple[str, str]]
            )
            found[stage] = list(points(each for each in pairs if each not in known))
            known.update(pairs)
        assert self._problems(place, list(STAGES)) == []
        found["run"] += IN_WORKERS
        return found

    def trial(self, stage: str, point: Failpoint) -> list[str]:
        """What is wrong after a life was cut short at the point and lived on."""
        stages = list(STAGES)[: list(STAGES).index(stage) + 1]
        place = self._copy(self._before[stage], self._next_folder())
        if point in IN_WORKERS:
            Path(place.folder, STOP_FILE).write_bytes(msgspec.json.encode(point))
            code = exit_code(live, place, stages)
            if Path(place.folder, STOP_FILE).exists() or code != 0:
                return [f"{point}: exit code {code} {crash(place)}"]
        else:
            code = exit_code(live, place, stages, point=point)
            if code != -signal.SIGKILL:
                return [f"{point}: was not reached, exit code {code} {crash(place)}"]
            code = exit_code(live, place, stages)
            if code != 0:
                return [f"{point}: the next process could not go on, {code} {crash(place)}"]
        return [f"{point}: {problem}" for problem in self._problems(place, stages)]

    def slowest_start(self) -> float:
        """Seconds until a process that followed another saw its state."""
        lines = [
            line for path in self._folder.glob("*/told") for line in path.read_text().splitlines()
        ]
        return max(float(line.split()[2]) for line in lines if line.startswith("opened in"))


def crash(place: Place) -> str:
    """Why a process of the life failed, if one did."""
    path = Path(place.folder, "crash")
    return path.read_text() if path.exists() else ""


__all__ = ["IN_WORKERS", "Bucket", "Disk", "Elsewhere", "Lives", "Trials", "written_project"]
