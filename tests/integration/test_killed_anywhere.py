"""kill -9 before and after every kind of store operation: the next process lives on, and nothing
that was acknowledged is lost or done twice.

The points are those that a whole life reaches, on a disk and in a bucket; `-s` prints them.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import msgspec
import pytest

from arco.execution.deploying import compile_project
from arco.runtime import run
from arco.testing.failpoints import Failpoint, Moment, points
from tests.contract.emulators import BUCKET, S3_ENVIRONMENT, s3_service
from tests.integration.leading_workspace import write_project
from tests.integration.life import STAGES, Place
from tests.integration.lives import exit_code, judge, live

POINTS_MIN = 60
AT_ONCE = 3
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
NEEDED = {
    ("create", "format"),
    ("put", "head hint"),
    ("put", "lead beat"),
    ("create", "payload"),
    ("create", "log naming a payload"),
    ("create", "snapshot file"),
    ("create", "snapshot index"),
    ("create", "roster"),
    ("create", "lane batch"),
    ("create", "delta entry"),
    ("create", "prepared entry"),
    ("delete", "snapshot file"),
    ("delete", "data file"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_project(tmp_path_factory.mktemp("life") / "p", CODE)
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


@pytest.fixture(scope="module")
def disk() -> Disk:
    return Disk()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3_service() as endpoint:
        yield Bucket(endpoint)


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
        lines = [line for path in self._folder.glob("*/told") for line in path.open()]
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


@pytest.mark.timeout(900)
@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_whatever_a_process_was_about_to_store_when_it_was_killed_the_next_one_lives_on(
    where: str, project: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    trials = Trials(request.getfixturevalue(where), project, tmp_path)
    reached = trials.reached()
    table = [(stage, point) for stage, found in reached.items() for point in found]
    assert {(point.verb, point.kind) for _, point in table} >= NEEDED
    assert len(table) >= POINTS_MIN
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda each: trials.trial(*each), table))
    for (stage, point), problems in zip(table, results, strict=True):
        print(f"{where} {stage:<12} {point!s:<60} {'; '.join(problems) or 'survived'}")
    print(f"{where}: {len(table)} points, back within {trials.slowest_start():.2f} s")
    assert [problem for problems in results for problem in problems] == []
