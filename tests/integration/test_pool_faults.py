"""The pool with real workers that die, lie, hang, fall silent or never come."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from arco.execution import child as children
from arco.execution import pool as pools
from arco.execution.pool import Pool
from arco.execution.routing import Executors
from arco.orchestration.outcomes import ErrorCategory
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.tables import DISPATCHES
from arco.service.loop import Leader
from tests.integration.leading_workspace import (
    System,
    gone,
    opened,
    play,
    workers,
    write_project,
)

CODE = """
@asset(namespace="n")
def quick(): proof("quick")

@asset(namespace="n")
def dies_once():
    proof("dies_once")
    if os.path.getsize(os.path.join(os.path.dirname(__file__), "dies_once")) == 1:
        os.kill(os.getpid(), signal.SIGKILL)

@asset(namespace="n")
def always_dies(): os._exit(7)

@asset(namespace="n", timeout_seconds=1)
def too_slow():
    proof("too_slow")
    time.sleep(60)

@asset(namespace="n")
def hangs():
    proof("hangs")
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

@asset(namespace="n")
def leaves_a_child():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(os.path.join(os.path.dirname(__file__), "child"), "w") as file:
        file.write(str(child.pid))
    proof("left")
    time.sleep(60)
"""

LIAR = """
import datetime, json, os, socket, sys

number = int(sys.argv[sys.argv.index("--fd") + 1])
project = sys.argv[sys.argv.index("--project") + 1]
line = socket.socket(fileno=number)
now = "2026-01-01T00:00:00Z"

def send(**message):
    body = json.dumps(message).encode()
    line.sendall(len(body).to_bytes(4, "big") + body)

def take():
    size = int.from_bytes(line.recv(4, socket.MSG_WAITALL), "big")
    return json.loads(line.recv(size, socket.MSG_WAITALL)) if size else sys.exit(0)

def completed(dispatch_id, **completion):
    send(type="completed", dispatch_id=dispatch_id, started_at=now, ended_at=now,
         completion=completion)

failure = {"category": "USER_CODE", "message": "a lie"}
send(type="ready", pid=os.getpid())
lies = 0
while True:
    message = take()
    if message["type"] != "dispatch":
        continue
    mine = message["envelope"]["dispatch_id"]
    LIE
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "p", CODE)


def lying(lie: str, monkeypatch: pytest.MonkeyPatch, *, folder: Path) -> None:
    """Workers run this program from now on."""
    program = folder / "liar.py"
    program.write_text(LIAR.replace("LIE", lie.strip().replace("\n", "\n    ")))
    wrapper = folder / "python"
    wrapper.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} {program} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr(children.sys, "executable", str(wrapper))


def pool_of(leader: Leader) -> Pool:
    executors = leader._executor
    assert isinstance(executors, Executors)
    pool = executors.named["pool"]
    assert isinstance(pool, Pool)
    return pool


async def error_of(system: System, run_id: str) -> tuple[TaskState, ErrorCategory | None, str]:
    (task,) = await system.tasks(run_id)
    error = task.error
    return task.state, error.category if error else None, error.message if error else ""


def test_a_killed_worker_costs_one_attempt_and_the_next_one_succeeds(project: Path) -> None:
    async def story() -> None:
        async with opened(project, workers=1) as system:
            await system.lead()
            ended = await system.done("n.dies_once")
            (task,) = await system.tasks(ended.run_id)
            assert (ended.state, task.attempt, task.infra_attempts) == (RunState.SUCCEEDED, 2, 1)

    play(story)


def test_a_task_that_always_kills_its_worker_fails_when_its_budget_is_spent(project: Path) -> None:
    async def story() -> None:
        async with opened(project, workers=1) as system:
            await system.lead()
            ended = await system.done("n.always_dies")
            state, category, message = await error_of(system, ended.run_id)
            assert (ended.state, state) == (RunState.FAILED, TaskState.FAILED)
            assert category is ErrorCategory.INFRASTRUCTURE
            assert "exited with code 7" in message
            assert (await system.done("n.quick")).state is RunState.SUCCEEDED

    play(story)


def test_a_task_past_its_timeout_is_ended_and_says_so(project: Path) -> None:
    async def story() -> None:
        async with opened(project, workers=1) as system:
            await system.lead()
            ended = await system.done("n.too_slow")
            state, category, message = await error_of(system, ended.run_id)
            assert (state, category) == (TaskState.FAILED, ErrorCategory.TIMEOUT)
            assert "1 seconds" in message
            assert (await system.done("n.quick")).state is RunState.SUCCEEDED

    play(story)


def test_a_silent_worker_is_lost_and_its_process_is_gone(project: Path) -> None:
    async def story() -> None:
        async with opened(project, workers=1, heartbeat_timeout_seconds=1.5) as system:
            await system.lead()
            run_id = await system.trigger("n.hangs")
            await system.until(lambda: system.proved("hangs"))
            stopped = workers()
            os.kill(stopped[0], signal.SIGSTOP)
            await system.until(lambda: system.proved("hangs") == 2)
            assert gone(stopped)
            (task,) = await system.tasks(run_id)
            assert task.infra_attempts == 1

    play(story)


def test_a_cancelled_task_that_does_not_listen_is_ended_after_its_grace(project: Path) -> None:
    async def story() -> None:
        async with opened(project, workers=1, cancel_grace_seconds=0.5) as system:
            await system.lead()
            run_id = await system.trigger("n.hangs", "n.quick")
            await system.until(lambda: system.proved("hangs") or system.proved("quick"))
            began = time.monotonic()
            await system.cancel(run_id)
            assert (await system.ended(run_id)).state is RunState.CANCELLED
            assert time.monotonic() - began < 10
            assert (await system.done("n.quick")).state is RunState.SUCCEEDED

    play(story)


def test_a_run_cancelled_while_nobody_led_is_not_performed_by_the_next_leader(
    project: Path,
) -> None:
    async def story() -> None:
        async with opened(project, workers=1) as system:
            leader = await system.lead()
            run_id = await system.trigger("n.hangs")
            await system.until(lambda: system.proved("hangs"))
            await leader.stop()
            await system.cancel(run_id)
            await system.lead()
            assert (await system.ended(run_id)).state is RunState.CANCELLED
            assert system.proved("hangs") == 1

    play(story)


def test_what_user_code_started_beside_a_worker_ends_with_it(project: Path) -> None:
    async def story() -> int:
        async with opened(project, workers=1) as system:
            await system.lead()
            await system.trigger("n.leaves_a_child")
            await system.until(lambda: system.proved("left"))
            return int((project / "child").read_text())

    assert gone([play(story)])
    assert workers() == []


def test_an_answer_about_another_attempt_counts_for_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie = """
completed("dispatch:else:1", error=failure)
send(type="started", dispatch_id="dispatch:else:1", started_at=now)
completed(mine)
completed(mine, error=failure)
"""

    async def story() -> None:
        async with opened(project, workers=1) as system:
            lying(lie, monkeypatch, folder=tmp_path)
            await system.lead()
            assert (await system.done("*")).succeeded == 6

    play(story)


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ('line.sendall(b"\\0\\0\\0\\4junk")', "no message"),
        ('line.sendall(b"\\xff" * 4)', "no message"),
        ('[completed("dispatch:else:1") for _ in range(1000)]', "attempts that it does not have"),
        ("line.close(); import time; time.sleep(30)", "closed its line"),
        ("sys.exit(0)", "exited with code 0"),
    ],
)
def test_a_worker_that_talks_nonsense_is_replaced(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, lie: str, told: str
) -> None:
    once = f"""
if not os.path.exists(project + "/lied"):
    open(project + "/lied", "w").close()
    {lie}
else:
    completed(mine)
"""

    async def story() -> None:
        async with opened(project, workers=1) as system:
            lying(once, monkeypatch, folder=tmp_path)
            monkeypatch.setattr(children, "LAST_WORDS_SECONDS", 0.3)
            await system.lead()
            run_id = await system.trigger("n.quick")
            lost = ""
            async with asyncio.timeout(20):
                while told not in lost:
                    (task,) = await system.tasks(run_id)
                    lost = task.error.message if task.error else lost
                    await asyncio.sleep(0.001)
            assert (await system.ended(run_id)).state is RunState.SUCCEEDED

    play(story)


def test_a_project_that_broke_after_its_deployment_fails_its_tasks_and_works_once_mended(
    project: Path,
) -> None:
    async def story() -> None:
        async with opened(project, workers=2) as system:
            leader = await system.lead()
            good = (project / "assets.py").read_text()
            (project / "assets.py").write_text("import not_installed_here\n")
            ended = await system.done("n.quick")
            state, category, message = await error_of(system, ended.run_id)
            assert (state, category) == (TaskState.FAILED, ErrorCategory.CONFIGURATION)
            assert "exited with code 2" in message
            await system.until(lambda: workers() == [])
            (project / "assets.py").write_text(good)
            pool_of(leader).reload()
            assert (await system.done("n.quick")).state is RunState.SUCCEEDED

    play(story)


def test_a_machine_that_refuses_processes_is_not_the_projects_fault(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with opened(project, workers=1) as system:
            monkeypatch.setattr(children.sys, "executable", str(project / "not-there"))
            await system.lead()
            run_id = await system.trigger("n.quick")
            async with asyncio.timeout(20):
                while (await system.tasks(run_id))[0].error is None:
                    await asyncio.sleep(0.01)
            _, category, message = await error_of(system, run_id)
            assert category is ErrorCategory.INFRASTRUCTURE
            assert "no worker could be started" in message
            monkeypatch.undo()

    play(story)


def test_an_attempt_that_cannot_be_described_fails_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = pools.build_envelope

    def broken(state: object, dispatch: object, *, now: object) -> object:
        if "quick" in dispatch.dispatch_id:  # type: ignore[attr-defined]
            raise KeyError("a bug")
        return describe(state, dispatch, now=now)  # type: ignore[arg-type]

    async def story() -> None:
        async with opened(project, workers=1) as system:
            monkeypatch.setattr(pools, "build_envelope", broken)
            await system.lead()
            ended = await system.done("n.quick")
            state, category, _ = await error_of(system, ended.run_id)
            assert (state, category) == (TaskState.FAILED, ErrorCategory.INFRASTRUCTURE)
            assert (await system.done("n.dies_once")).state is RunState.SUCCEEDED

    play(story)


def test_workers_load_the_project_anew_after_a_reload_even_when_all_are_busy(
    project: Path,
) -> None:
    async def story() -> None:
        async with opened(project, workers=1) as system:
            leader = await system.lead()
            await system.done("n.quick")
            before = workers()
            run_id = await system.trigger("n.too_slow")
            await system.until(lambda: system.proved("too_slow"))
            assert workers() == before
            pool_of(leader).reload()
            assert (await system.ended(run_id)).state is RunState.FAILED
            assert (await system.done("n.quick")).state is RunState.SUCCEEDED
            assert before[0] not in workers()

    play(story)


def test_a_stopped_leader_leaves_no_process_and_its_work_to_the_next(project: Path) -> None:
    async def story() -> None:
        async with opened(project, workers=2) as system:
            leader = await system.lead()
            run_id = await system.trigger("n.dies_once", "n.too_slow")
            await system.until(lambda: system.proved("too_slow"))
            before = workers()
            await leader.stop()
            assert gone(before)
            assert workers() == []
            out = await system.database.asked(lambda state: len(list(state.range(DISPATCHES))))
            assert out >= 1
            await system.lead()
            await system.ended(run_id)
            assert [task.infra_attempts <= 1 for task in await system.tasks(run_id)] == [True] * 2
            assert await system.findings() == ()

    play(story)


def test_a_relative_project_and_store_mean_the_same_place_to_workers(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.parent)
    code = '@asset(namespace="n")\ndef made(): return [{"x": 1}]\n'
    write_project(project, code)

    async def story() -> None:
        async with opened(Path("p"), workers=1, store="state") as system:
            await system.lead()
            ended = await system.done("n.made")
            assert (ended.state, ended.message) == (RunState.SUCCEEDED, "")

    play(story)
    assert (project.parent / "state").is_dir()
    assert not (project / "state").exists()
