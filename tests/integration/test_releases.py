"""Two releases on one store at once, in processes of their own, on a store of the first release."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.golden.folders import STORES
from tests.integration import later_release
from tests.integration.cli_project import SOURCES, Project, children, start, until
from tests.integration.release_program import EARLIER, LATER
from tests.integration.served import ASSETS, serving, triggered
from tests.tidy.source import ROOT

REFUSED = {"refused": "EVENT_UNKNOWN"}


class LaterProject(Project):
    """The project, in the hands of the later release."""

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        sources = f"{SOURCES}{os.pathsep}{ROOT}"
        program = ("-m", later_release.__name__)
        given = {"PYTHONPATH": sources, **environment}
        return start(arguments, self.directory, program=program, **given)


class Process:
    """A process of one release that is asked line by line."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program

    def ask(self, line: str) -> Any:
        """The whole answer to one command."""
        assert self._program.stdin is not None and self._program.stdout is not None
        print(line, file=self._program.stdin, flush=True)
        return json.loads(self._program.stdout.readline())

    def told(self, line: str) -> Any:
        """What it answers, which is no refusal."""
        return self.ask(line)["answer"]


@contextmanager
def process(release: str, project: Path) -> Iterator[Process]:
    """A running process."""
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.release_program", release, str(project)],
        env={**os.environ, "PYTHONPATH": f"{SOURCES}{os.pathsep}{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        yield Process(program)
    assert program.returncode == 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A workspace that the first release wrote."""
    shutil.copytree(STORES / "0.1" / "store", tmp_path / ".arco")
    return tmp_path


def test_old_and_new_release_commit_side_by_side_until_the_first_event_that_the_old_one_lacks(
    project: Path,
) -> None:
    with process(EARLIER, project) as old, process(LATER, project) as new:
        assert old.told("read") == new.told("read")
        for number in range(3):
            assert new.told(f"add new-{number}") == old.told(f"add old-{number}") - 1
        assert old.told("snapshot") and new.told("add more") and new.told("snapshot")
        assert old.told("read") == new.told("read")
        assert old.told("verify") == new.told("verify") == []

        wished = new.told("wish peace")
        before = old.told("read")
        assert before["seq"] == wished
        assert old.ask("add too-late") == REFUSED
        assert old.told("snapshot") is False
        new.told("add after")
        assert old.told("read")["values"] == sorted([*before["values"], "after"])
        assert old.ask("add too-late") == REFUSED
        assert new.told("read")["wishes"] == ["peace"]
        assert new.told("verify") == []


def test_a_process_that_starts_from_a_snapshot_of_a_newer_release_reads_on_and_never_builds_on_it(
    project: Path,
) -> None:
    with process(LATER, project) as new:
        new.told("wish peace")
        assert new.told("snapshot")
        for number in range(3):
            new.told(f"add {number}")
        values = new.told("read")["values"]
    with process(EARLIER, project) as old:
        # The event itself stands behind the snapshot: only its index can tell.
        assert old.told("read")["values"] == values
        assert old.ask("add too-late") == REFUSED
        assert old.told("snapshot") is False
    with process(LATER, project) as upgraded:
        upgraded.told("add in-time")
        assert upgraded.told("snapshot")
        seen = upgraded.told("read")
        assert seen["wishes"] == ["peace"] and seen["values"] == sorted([*values, "in-time"])
        assert upgraded.told("verify") == []


def test_a_rolling_upgrade_loses_nothing(project: Path) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(process(EARLIER, project)) for _ in range(3)]
        done = []
        for turn in range(9):
            if turn % 3 == 2:
                processes.append(stack.enter_context(process(LATER, project)))
            for number, each in enumerate(processes):
                answer = each.ask(f"add {turn}-{number}")
                assert "answer" in answer or answer == REFUSED
                done += [f"{turn}-{number}"] if "answer" in answer else []
            if turn == 5:
                processes[-1].told("wish rest")
        seen = processes[-1].told("read")
        assert set(done) <= set(seen["values"]) and seen["wishes"] == ["rest"]
        assert processes[-1].told("snapshot") and processes[-1].told("verify") == []


def test_a_server_of_an_earlier_release_makes_way_for_a_later_one_and_goes_on_reading(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path / "shop", ASSETS)
    project.arco("deploy")
    with serving(project) as old:
        until(old.leads)
        with serving(LaterProject(project.directory, ASSETS)) as later:
            for served in (old, later):
                run_id = triggered(served)
                until(lambda run_id=run_id: old.succeeds(run_id) and later.succeeds(run_id))
            assert old.leads() and children(old.process)
            with process(LATER, project.directory) as wisher:
                wisher.told("wish peace")
            until(later.leads)
            until(lambda: not children(old.process))
            run_id = triggered(later)
            until(lambda: later.succeeds(run_id) and old.succeeds(run_id))
            status, answer = old.ask("/api/v1/runs", {"which": "all"})
            assert (status, answer["error"]["code"]) == (503, "EVENT_UNKNOWN")
            assert old.ask("/ready") == (503, {"status": "read_only"})
            assert not old.leads()
