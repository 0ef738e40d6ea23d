"""Commands that are interrupted, killed, starved of disk or damaged: nothing acknowledged is
lost, and the next command continues.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cli_project import SOURCES, Project, children, ended, interrupt, until

SLOW = """
import os, time
import pyarrow as pa
from arco import asset

@asset(namespace="raw")
def first():
    return pa.table({"n": [1]})

@asset(namespace="raw")
def second(first: pa.Table):
    open("begun", "a").write("x")
    while os.path.exists("hold"):
        time.sleep(0.01)
    return pa.table({"n": [2]})
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shop", SLOW)


@pytest.fixture
def held(project: Project) -> subprocess.Popen[str]:
    """A run whose second task waits for a file to go away."""
    (project.directory / "hold").touch()
    process = project.start("run")
    until((project.directory / "begun").exists)
    return process


def let_go(project: Project) -> None:
    (project.directory / "hold").unlink()


def test_an_interrupt_says_what_remains_and_the_next_run_continues(
    project: Project, held: subprocess.Popen[str]
) -> None:
    stopped = interrupt(held, 130)
    assert "stands at 1 of 2 tasks; none is lost" in stopped.err
    assert "`arco run` continues it" in stopped.err and "arco cancel" in stopped.err
    let_go(project)
    out = project.arco("run").out
    assert "which an earlier process left in flight" in out
    assert "everything is fresh" in out
    assert project.tables() == {"raw.first": 1, "raw.second": 1}


def test_a_killed_run_takes_its_workers_along_and_is_continued(
    project: Project, held: subprocess.Popen[str]
) -> None:
    workers = children(held)
    assert workers
    held.kill()
    held.communicate()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    assert project.tables() == {}
    let_go(project)
    assert "which an earlier process left in flight" in project.arco("run").out
    assert project.tables() == {"raw.first": 1, "raw.second": 1}
    assert project.arco("verify").out.endswith("clean\n")


def test_a_killed_worker_is_replaced_and_its_task_performed_again(
    project: Project, held: subprocess.Popen[str]
) -> None:
    for pid in children(held):
        os.kill(pid, signal.SIGKILL)
    until(lambda: (project.directory / "begun").read_text() == "xx")
    let_go(project)
    ended(held, 0)
    assert project.tables() == {"raw.first": 1, "raw.second": 1}


def test_a_run_left_behind_can_be_given_up(project: Project, held: subprocess.Popen[str]) -> None:
    interrupt(held, 130)
    run_id = project.arco("status", "--json").json()["runs"][0]["run_id"]
    assert f"run {run_id} cancelled" in project.arco("cancel", run_id).out
    assert project.tables() == {}
    assert f"run {run_id} cancelled" in project.arco("cancel", run_id[-6:]).out


def test_a_second_run_beside_the_first_follows_it_and_takes_over_when_it_dies(
    project: Project, held: subprocess.Popen[str]
) -> None:
    second = project.start("run", "raw.first", "--all", ARCO_POLL_SECONDS="0.02")
    runs = lambda: project.arco("status", "--json").json()["runs"]  # noqa: E731
    until(lambda: len(runs()) == 2)
    held.kill()
    held.communicate()
    let_go(project)
    assert "succeeded: 1 succeeded" in ended(second, 0).out
    project.arco("run")
    assert project.tables() == {"raw.first": 1, "raw.second": 1}


def test_damaged_snapshot_files_are_told_and_the_log_still_answers(project: Project) -> None:
    project.arco("run")
    snapshots = list((project.directory / ".arco").rglob("data/*/*/*.parquet"))
    assert snapshots
    for file in snapshots:
        file.chmod(0o644)
        file.write_bytes(b"nonsense")
    status = project.arco("status")
    assert "raw.second" in status.out
    assert "warning OBJECT_DAMAGED" in status.err and "arco verify" in status.err
    verified = project.arco("verify", code=1)
    assert "FOUND snapshot" in verified.out
    project.arco("run", "raw.first", "--all")
    assert project.arco("verify").out.endswith("clean\n")


def test_a_disk_without_room_is_named_and_the_run_continues_with_room(project: Project) -> None:
    project.arco("deploy")
    command = [sys.executable, "-c", "from arco.cli import main; main()", "run", "--no-deploy"]
    process = subprocess.Popen(
        command,
        cwd=project.directory,
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The kernel refuses larger files, as a full disk does.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600)),
    )
    assert process.stderr is not None
    said = next(line for line in process.stderr if "nothing can be written now" in line)
    assert "File too large" in said
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    project.arco("run")
    assert project.tables() == {"raw.first": 1, "raw.second": 1}
    assert project.arco("verify").out.endswith("clean\n")
