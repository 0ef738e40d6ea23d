"""Eight processes race for a thousand names in one store: each name has one winner, and whatever
was acknowledged can be read by everyone.

The processes start together, take the names in the same order, and say what they were told: on a
disk, and in a bucket.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Verifier
from arco.runtime import AsyncioRuntime, run
from arco.store.local import LocalStore
from arco.store.open import open_store
from arco.store.port import Store
from arco.testing.registry import NAMES, REGISTRY
from tests.contract.emulators import BUCKET, S3_ENVIRONMENT, s3_service
from tests.tidy.source import ROOT

PROCESSES = 8
COUNT = 1_000
RACER = "tests.integration.racer"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in S3_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with s3_service() as endpoint:
        yield f"s3://{BUCKET}/races?endpoint={endpoint}"


def raced(place: str, what: str, *, names: int) -> list[dict[str, bool]]:
    """What each process was told about each name: whether it is the process's own."""
    command = [sys.executable, "-m", RACER, place, what, str(names)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with ExitStack() as stack:
        racers = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, str(number)],
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(PROCESSES)
        ]
        for racer in racers:
            assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        return [json.loads(racer.communicate()[0]) for racer in racers]


def winners(told: list[dict[str, bool]], names: int) -> list[int]:
    """Who has each name; fails unless that is exactly one process."""
    found = []
    for number in range(names):
        (winner,) = [index for index, each in enumerate(told) if each[str(number)]]
        found.append(winner)
    return found


def opened(place: str) -> Store:
    """The store as the test sees it."""
    runtime = AsyncioRuntime()
    return open_store(place, runtime) if "://" in place else LocalStore(Path(place), runtime)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_each_name_has_one_creator_and_everyone_reads_its_bytes(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = str(tmp_path / "store") if where == "disk" else request.getfixturevalue("bucket")
    won = winners(raced(place, "objects", names=COUNT), COUNT)
    store = opened(place)
    for number, winner in enumerate(won):
        assert run(store.get(f"data/{number}")) == b"%d" % winner
    assert len(set(won)) > 1, "there was no race"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_each_name_is_taken_by_one_decision_and_no_acknowledged_one_is_lost(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = str(tmp_path / "store") if where == "disk" else request.getfixturevalue("bucket")
    won = winners(raced(place, "decisions", names=COUNT), COUNT)
    store, runtime = opened(place), AsyncioRuntime()

    async def judged() -> None:
        database = await Database.open(store, runtime, domains=[REGISTRY], writer="judge")
        rows = await database.asked(lambda state: list(state.range(NAMES)))
        assert {row.name: row.token for row in rows} == {
            str(number): f"{winner}-{number}" for number, winner in enumerate(won)
        }
        assert (await Verifier(store, runtime, [REGISTRY, ENGINE]).run()).findings == ()

    run(judged())
