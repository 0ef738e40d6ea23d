"""kill -9 before and after every kind of store operation: the next process lives on, and nothing
that was acknowledged is lost or done twice.

The points are those that a whole life reaches, on a disk and in a bucket: 106 in each; `-s` prints
them, and how long the slowest process took to be back.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.contract.emulators import s3_service
from tests.integration.trials import Bucket, Disk, Trials, written_project

POINTS_MIN = 60
AT_ONCE = 3
NEEDED = {
    ("create", "format"),
    ("put", "head hint"),
    ("put", "lead beat"),
    ("create", "payload"),
    ("create", "log naming a payload"),
    ("create", "snapshot file"),
    ("create", "snapshot index"),
    ("create", "search file"),
    ("create", "roster"),
    ("create", "lane batch"),
    ("create", "delta entry"),
    ("create", "prepared entry"),
    ("delete", "snapshot file"),
    ("delete", "data file"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_project(tmp_path_factory.mktemp("life") / "p")


@pytest.fixture(scope="module")
def disk() -> Disk:
    return Disk()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3_service() as endpoint:
        yield Bucket(endpoint)


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
