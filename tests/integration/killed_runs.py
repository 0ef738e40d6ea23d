"""Runs of 1,000 tasks whose leaders and workers are killed at random points, and what must hold.

`python -m tests.integration.killed_runs --points 200 --seed 7` kills that often; `make kills` does.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from arco.ids import sha256
from arco.orchestration.invariants import violations
from arco.orchestration.states import RunState
from arco.orchestration.tables import DISPATCHES
from tests.integration import leader_program
from tests.integration.leading_workspace import (
    children_of,
    gone,
    opened,
    play,
    workers,
    write_project,
)
from tests.integration.served import Served
from tests.integration.test_leading_kills import Store
from tests.integration.test_worker_service import Site, run, site_in
from tests.integration.worker_services import until

ASSETS, PARTITIONS = 10, 100
TASKS = ASSETS * PARTITIONS
PATIENCE_SECONDS = 60
VICTIMS = ("leader", "worker")
COMMITS_MAX = 30
"""A process is killed after at most so many more commits."""
DELAY_MS_MAX = 20
CODE = """
from arco import StaticPartitions
parts = StaticPartitions([f"p{number:02d}" for number in range(100)])

def made(number):
    upstream = [f"n.a{number - 1}"] if number else []
    @asset(namespace="n", name=f"a{number}", partitions=parts, deps=upstream)
    def rows():
        return [{"x": 1}] if number == 9 else None
    return rows

made_all = [made(number) for number in range(10)]
for each in made_all:
    globals()[each.__name__ + str(id(each))] = each
"""


SERVED_CODE = """
from arco import StaticPartitions, asset
parts = StaticPartitions([f"p{number:04d}" for number in range(TASKS)])

@asset(namespace="n", partitions=parts)
def rows():
    return [{"x": 1}]
"""


class Dice:
    """Numbers that follow from a seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rolls = 0

    def roll(self, sides: int) -> int:
        """The next of 0 to `sides` - 1."""
        self._rolls += 1
        return int(sha256(f"{self._seed}:{self._rolls}".encode()), 16) % sides


class Hunt:
    """One project, whose processes are killed again and again."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.store = Store(write_project(folder, CODE))
        self.killed: Counter[str] = Counter()
        self._dice = Dice(seed)

    def prepare(self) -> None:
        """The project is deployed."""
        play(self._deploy)

    async def _deploy(self) -> None:
        async with opened(self.store.project):
            pass

    def kill(self) -> None:
        """A leader is started and killed, and before it, sometimes, one of its workers."""
        command = [sys.executable, leader_program.__file__, str(self.store.project)]
        leader = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._wait(leader)
            if self._dice.roll(2) and self._kill_worker(leader):
                self._wait(leader)
        finally:
            children = children_of(leader.pid)
            if leader.poll() is None:
                leader.kill()
                self.killed["leader"] += 1
            leader.wait()
        assert leader.returncode in (0, -signal.SIGKILL), "the leader failed on its own"
        assert gone(children), "workers outlived their leader"

    def _wait(self, leader: subprocess.Popen[bytes]) -> None:
        """Some commits later, or at the leader's end."""
        wanted = self.store.count("log/*/*.json") + 1 + self._dice.roll(COMMITS_MAX)
        end = time.monotonic() + PATIENCE_SECONDS
        while self.store.count("log/*/*.json") < wanted and leader.poll() is None:
            assert time.monotonic() < end, "nothing moves"
            time.sleep(0.002)
        time.sleep(self._dice.roll(DELAY_MS_MAX) / 1000)

    def _kill_worker(self, leader: subprocess.Popen[bytes]) -> bool:
        children = sorted(children_of(leader.pid))
        if not children or leader.poll() is not None:
            return False
        with suppress(ProcessLookupError):
            os.kill(children[self._dice.roll(len(children))], signal.SIGKILL)
            self.killed["worker"] += 1
        return True

    def finish(self) -> list[str]:
        """The runs there were, once a last leader has brought each to its end."""
        triggered = [each["run_id"] for each in self.store.payloads("run_triggered")]
        play(lambda: self._finished(triggered))
        assert workers() == []
        return triggered

    async def _finished(self, triggered: list[str]) -> None:
        async with opened(self.store.project) as system:
            await system.lead()
            for run_id in triggered:
                run = await system.ended(run_id)
                assert (run.state, run.succeeded) == (RunState.SUCCEEDED, run.total), run
            asked = system.database.asked
            assert await asked(lambda state: list(state.range(DISPATCHES))) == []
            assert await asked(violations) == []
            assert await system.findings() == ()


class Services:
    """A server and a worker service, each killed again and again while a run goes on."""

    def __init__(self, folder: Path, *, tasks: int, seed: int) -> None:
        self._folder = folder
        self._store = Store(folder)
        self.killed: Counter[str] = Counter()
        self._tasks = tasks
        self._dice = Dice(seed)

    def hunt(self, *, points: int) -> None:
        """They were killed at so many points of as many runs as that takes."""
        with site_in(self._folder) as site:
            site.project.write(SERVED_CODE.replace("TASKS", str(self._tasks)))
            site.project.arco("deploy", **site.common)
            triggered: list[str] = []
            url, worker = site.worker("w")
            served = site.serve(url)
            while self.killed.total() < points:
                triggered.append(run(served))
                while self.killed.total() < points and not served.succeeds(triggered[-1]):
                    served, worker = self._kill(site, served, worker=worker, url=url)
            until(lambda: all(served.succeeds(run_id) for run_id in triggered))
        expect_everything_once(self._store, triggered, tasks=self._tasks)

    def _kill(
        self, site: Site, served: Served, *, worker: subprocess.Popen[str], url: str
    ) -> tuple[Served, subprocess.Popen[str]]:
        """The server and the service, of which one was killed and started again."""
        self._wait()
        victim = VICTIMS[self._dice.roll(len(VICTIMS))]
        process = served.process if victim == "leader" else worker
        process.kill()
        process.wait()
        self.killed[victim] += 1
        if victim == "leader":
            return site.serve(url), worker
        return served, site.worker("w", "--listen", url.removeprefix("http://"))[1]

    def _wait(self) -> None:
        """Some commits later, or when nothing is left to commit."""
        wanted = self._store.count("log/*/*.json") + 1 + self._dice.roll(COMMITS_MAX)
        end = time.monotonic() + 1
        while self._store.count("log/*/*.json") < wanted and time.monotonic() < end:
            time.sleep(0.002)


def expect_everything_once(store: Store, triggered: list[str], *, tasks: int) -> None:
    """Each task succeeded once and was never handed out again, each run was published once."""
    succeeded: Counter[tuple[str, int]] = Counter()
    published: Counter[str] = Counter()
    for event in store.events():
        payload, kind = event["payload"], event["type"].rpartition(".")[2]
        if kind == "task_succeeded":
            succeeded[payload["run_id"], payload["index"]] += 1
        elif kind == "run_published":
            published[payload["run_id"]] += 1
        elif kind == "tasks_dispatched":
            again = [each for each, _ in payload["tasks"] if succeeded[payload["run_id"], each]]
            assert again == [], "a task that had succeeded was handed out again"
    assert +succeeded == Counter((run_id, index) for run_id in triggered for index in range(tasks))
    assert published == Counter(triggered)


def hunt(folder: Path, *, points: int, seed: int) -> Hunt:
    """Processes were killed at `points` points, and everything happened once.

    Raises: AssertionError.
    """
    hunted = Hunt(folder, seed)
    hunted.prepare()
    while hunted.killed.total() < points or len(hunted.killed) < len(VICTIMS):
        hunted.kill()
    expect_everything_once(hunted.store, hunted.finish(), tasks=TASKS)
    return hunted


def main() -> None:
    """Kill as often as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    share = chosen.points // 4
    with tempfile.TemporaryDirectory() as folder:
        hunted = hunt(Path(folder) / "pool", points=chosen.points - share, seed=chosen.seed)
        print(f"seed {chosen.seed}: killed {dict(hunted.killed)}; everything happened once")
        services = Services(Path(folder) / "http", tasks=TASKS, seed=chosen.seed)
        services.hunt(points=share)
        print(f"seed {chosen.seed}: killed {dict(services.killed)}; everything happened once")


if __name__ == "__main__":
    main()

__all__ = ["Dice", "Hunt", "Services", "expect_everything_once", "hunt"]
