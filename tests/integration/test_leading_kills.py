"""kill -9 of the leading process at any moment: the next one finishes, everything exactly once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from arco.catalog.tables import TABLES
from arco.orchestration.states import RunState
from arco.orchestration.tables import DISPATCHES, PUBLISHING, WAITING_PUBLICATIONS
from tests.integration import leader_program
from tests.integration.cli_project import until
from tests.integration.leading_workspace import (
    children_of,
    gone,
    opened,
    play,
    workers,
    write_project,
)

PARTITIONS, ASSETS, KILLS = 20, 3, 20
DELAYS_SECONDS = (0.0, 0.002, 0.01, 0.05)
CODE = """
from arco import StaticPartitions
parts = StaticPartitions([f"p{number:02d}" for number in range(20)])

def made(name, upstream):
    @asset(namespace="n", name=name, partitions=parts, write_mode="append", deps=upstream)
    def rows(context): return [{"run": context.run_id}]
    return rows

a = made("a", [])
b = made("b", ["a"])
c = made("c", ["b"])
"""


class Store:
    """The files of a store, as whoever waits for the right moment to kill sees them."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.root = project / ".arco/tenant=local/workspace=main"

    def count(self, pattern: str) -> int:
        """How many files there are of a kind."""
        return sum(1 for _ in self.root.glob(pattern))

    def payloads(self, kind: str) -> Iterator[dict[str, Any]]:
        """What the events of one kind say, in the order of the log."""
        return (each["payload"] for each in self.events() if each["type"].endswith(f".{kind}"))

    def events(self) -> Iterator[dict[str, Any]]:
        """Every event of the log, in its order."""
        for path in sorted(self.root.glob("log/*/*.json")):
            commit = json.loads(path.read_text())
            reference = commit.get("events_payload")
            if reference is not None:
                yield from json.loads((self.root / reference["name"]).read_text())
            yield from commit.get("events", ())


def killed_after(store: Store, pattern: str, *, more: int, delay_seconds: float) -> list[str]:
    """What a leader said that was killed once `more` files of a kind had appeared."""
    wanted = store.count(pattern) + more
    command = [sys.executable, leader_program.__file__, str(store.project)]
    leader = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while store.count(pattern) < wanted and leader.poll() is None:
        assert time.monotonic() < end, (pattern, more)
        time.sleep(0.001)
    time.sleep(delay_seconds)
    children = children_of(leader.pid)
    leader.kill()
    said, _ = leader.communicate(timeout=10)
    assert leader.returncode in (0, -signal.SIGKILL), "the leader failed on its own"
    assert gone(children), "workers outlived their leader"
    return said.decode().splitlines()


def moments() -> Iterator[tuple[str, int, float]]:
    """Kinds of files, how many of them, and how long after."""
    yield "warehouse/*/_prepared/*.json", 1, 0.0
    yield "warehouse/*/_delta_log/*.json", 1, 0.0
    yield "warehouse/*/_delta_log/*.json", 2, 0.0
    yield "warehouse/*/*.parquet", 1, 0.0
    yield "warehouse/*/_prepared/*.json", 3, 0.0
    yield "warehouse/*/_delta_log/*.json", 3, 0.0
    yield "warehouse/*/_delta_log/*.json", 3, 0.01
    yield "data/engine/*/index.json", 1, 0.0
    for step in count():
        yield "log/*/*.json", 1 + step * 5 % 12, DELAYS_SECONDS[step % len(DELAYS_SECONDS)]


async def deploy(project: Path) -> None:
    """The project's code is what its workspace runs."""
    async with opened(project):
        pass


async def finish(store: Store, triggered: list[str]) -> list[str]:
    """Where the tables are, once a last leader has brought every run to its end."""
    async with opened(store.project) as system:
        await system.lead()
        for run_id in triggered:
            assert (await system.ended(run_id)).state is RunState.SUCCEEDED
        asked = system.database.asked
        for left in (DISPATCHES, PUBLISHING, WAITING_PUBLICATIONS):
            assert await asked(lambda state, left=left: list(state.range(left))) == []
        assert await system.findings() == ()
        tables = await asked(lambda state: [row.table_id for row in state.range(TABLES)])
        return [str(store.root / "warehouse" / table_id) for table_id in tables]


def expect_everything_once(store: Store, triggered: list[str]) -> None:
    """Each task succeeded once and each run was published once, by the log."""
    succeeded = Counter(
        (each["run_id"], each["index"]) for each in store.payloads("task_succeeded")
    )
    indexes = range(PARTITIONS * ASSETS)
    assert succeeded == Counter((run_id, index) for run_id in triggered for index in indexes)
    published = [each["run_id"] for each in store.payloads("run_published")]
    assert sorted(published) == sorted(triggered)


@pytest.mark.timeout(110)
def test_leaders_killed_at_any_moment_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    project = write_project(tmp_path / "p", CODE)
    store = Store(project)
    said: list[str] = []
    play(lambda: deploy(project))
    for _, (pattern, more, delay_seconds) in zip(range(KILLS), moments(), strict=False):
        said += killed_after(store, pattern, more=more, delay_seconds=delay_seconds)
    triggered = [each["run_id"] for each in store.payloads("run_triggered")]
    assert len(triggered) >= 3
    assert {line.split()[1] for line in said if line.startswith("triggered")} <= set(triggered)
    locations = play(lambda: finish(store, triggered))
    assert workers() == []
    expect_everything_once(store, triggered)
    assert len(locations) == ASSETS
    for location in locations:
        table = DeltaTable(location)
        assert table.version() == len(triggered) - 1
        rows = Counter(table.to_pyarrow_table()["run"].to_pylist())
        assert rows == Counter(dict.fromkeys(triggered, PARTITIONS))


ENDLESS = """
import multiprocessing, time

def sleep_on(name):
    proof(name)
    time.sleep(600)

@asset(namespace="n")
def busy():
    for program in (["sleep", "600"], ["sh", "-c", "trap '' TERM HUP INT; sleep 600 & wait"]):
        subprocess.Popen(program)
    multiprocessing.get_context("fork").Process(target=sleep_on, args=("forked",)).start()
    time.sleep(0.2)
    proof("begun")
    time.sleep(600)
"""


def family_of(pid: int) -> set[int]:
    """The process and whatever it started, directly or not."""
    return {pid}.union(*(family_of(child) for child in children_of(pid)))


@pytest.mark.parametrize("victim", ["leader", "worker"])
def test_what_user_code_started_dies_with_a_killed_leader_and_with_a_killed_worker(
    victim: str, tmp_path: Path
) -> None:
    project = write_project(tmp_path / "p", ENDLESS)
    play(lambda: deploy(project))
    command = [sys.executable, leader_program.__file__, str(project)]
    leader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: (project / "begun").exists() and (project / "forked").exists())
        (worker,) = (pid for pid in children_of(leader.pid) if family_of(pid) != {pid})
        family = family_of(worker)
        assert len(family) >= 5, "the worker, and four that user code started"
        os.kill(leader.pid if victim == "leader" else worker, signal.SIGKILL)
        assert gone(list(family)), "user code outlived its worker"
    finally:
        leader.kill()
        leader.wait()
