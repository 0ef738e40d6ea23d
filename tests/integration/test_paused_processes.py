"""A process is stopped in the middle of its work, for as long as others need to move on, and goes
on later: nothing acknowledged is lost, nothing is done twice, and it catches up.

Real processes on a real disk: a writer, a collector and a follower are stopped in turn, at moments
that nobody chose, while another writer and another collector take away everything they stood on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.fold import decode
from arco.engine.verify import Verifier
from arco.runtime import AsyncioRuntime, run
from arco.store.local import LocalStore
from arco.testing.registry import NAMES, REGISTRY, NameTaken
from tests.tidy.source import ROOT

PROGRAM = "tests.integration.paused_program"
PAUSES = 3
SECONDS_MAX = 60.0
RUNTIME = AsyncioRuntime()


class Process:
    """One process, and what it has told so far."""

    def __init__(self, folder: Path, role: str, *, me: str) -> None:
        self._told = folder / f"{me}.lines"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
        command = [sys.executable, "-m", PROGRAM, str(folder / "store"), role, me]
        with self._told.open("wb") as lines:
            self._process = subprocess.Popen(command, env=environment, stdout=lines)

    @property
    def told(self) -> list[dict[str, Any]]:
        """Every line that is complete."""
        lines = self._told.read_bytes().split(b"\n")
        return [json.loads(line) for line in lines[:-1]]

    @property
    def newest(self) -> dict[str, Any]:
        """The last line."""
        return self.told[-1] if self.told else {"seq": -1, "deleted": 0}

    def send(self, number: signal.Signals) -> None:
        """The process gets the signal."""
        assert self._process.poll() is None, "it ended by itself"
        self._process.send_signal(number)

    def end(self) -> None:
        """It dies, stopped or not."""
        self._process.kill()
        self._process.wait()


def wait(holds: Callable[[], bool], what: str) -> None:
    """Until it holds; a test that waits for ever says for what."""
    until = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < until, f"waited in vain: {what}"
        time.sleep(0.02)


@contextmanager
def processes(folder: Path, role: str) -> Iterator[tuple[Process, Process, Process]]:
    """The one that is stopped, a writer and a collector that are not."""
    started: list[Process] = []
    try:
        for what, me in ((role, "paused"), ("writer", "busy"), ("collector", "tidy")):
            started.append(Process(folder, what, me=me))
            wait(lambda: bool(started[-1].told), f"{me} begins")
        paused, busy, tidy = started
        yield paused, busy, tidy
    finally:
        for each in started:
            each.end()


def paused_for_long(paused: Process, *, busy: Process, tidy: Process) -> None:
    """It is stopped until what it stood on is gone, goes on, and reaches what the others did."""
    lines = len(paused.told)
    wait(lambda: len(paused.told) > lines + 1, "it works before it is stopped")
    paused.send(signal.SIGSTOP)
    acknowledged, deleted = len(busy.told), tidy.newest["deleted"]
    wait(lambda: len(busy.told) > acknowledged + 40, "the other writer moves on")
    wait(lambda: tidy.newest["deleted"] > deleted + 10, "the other collector deletes")
    reached = busy.newest["seq"]
    paused.send(signal.SIGCONT)
    wait(lambda: paused.newest["seq"] > reached, "it catches up")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("role", ["writer", "collector", "follower"])
def test_a_process_that_was_stopped_catches_up_and_nothing_is_lost_or_done_twice(
    role: str, tmp_path: Path
) -> None:
    with processes(tmp_path, role) as (paused, busy, tidy):
        for _ in range(PAUSES):
            paused_for_long(paused, busy=busy, tidy=tidy)
        told = {"paused": paused.told, "busy": busy.told}
    run(judge(tmp_path / "store", role, told=told))


async def judge(place: Path, role: str, *, told: dict[str, list[dict[str, Any]]]) -> None:
    """The log against what each process was told."""
    store = LocalStore(place, RUNTIME)
    assert (await Verifier(store, RUNTIME, [REGISTRY, ENGINE]).run()).findings == ()
    database = await Database.open(store, RUNTIME, domains=[REGISTRY], writer="judge")
    slots: Counter[str] = Counter()
    at: dict[str, int] = {}
    async for slot in database.replay.slots(0, database.seq):
        known, _ = decode(database.registry, await database.replay.events(slot.commit))
        names = [each.payload.name for each in known if isinstance(each.payload, NameTaken)]
        slots.update(names)
        at |= dict.fromkeys(names, slot.commit.seq)
    assert max(slots.values()) == 1
    rows = await database.asked(lambda state: {row.name for row in state.range(NAMES)})
    assert rows == set(slots)
    writers = told.values() if role == "writer" else [told["busy"]]
    for line in (line for lines in writers for line in lines):
        assert at[line["name"]] <= line["seq"]
    if role == "follower":
        for line in told["paused"]:
            assert line["count"] == sum(1 for seq in at.values() if seq <= line["seq"])
