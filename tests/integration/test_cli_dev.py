"""`arco init` and `arco dev`: a project that works at once, served and reloaded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.integration.cli_project import SOURCES, Project, ended, start
from tests.integration.development import Development

BROKEN = "\ndef broken(:\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    directory = tmp_path_factory.mktemp("dev") / "my-shop"
    process = start(["init", str(directory)], directory.parent)
    assert f"cd {directory}" in ended(process, 0).out
    found = Project.__new__(Project)
    found.directory = directory
    return found


@pytest.fixture(scope="module")
def dev(project: Project) -> Iterator[Development]:
    development = Development(project)
    development.line("deployed my_shop: 2 assets (2 new)")
    yield development
    if development.process.poll() is None:
        development.process.kill()
    development.process.communicate()


def test_a_new_project_passes_its_own_test(project: Project) -> None:
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project.directory,
        env={**os.environ, "PYTHONPATH": SOURCES},
        check=True,
        capture_output=True,
    )


def test_the_server_knows_who_leads(dev: Development) -> None:
    health = dev.get("/api/v1/health")
    assert health["status"] == "ok" and health["leader"]["epoch"] == 1


def test_a_run_beside_it_is_performed_by_it(dev: Development) -> None:
    assert "succeeded: 4 succeeded" in dev.project.arco("run").out
    overview = dev.project.arco("status", "--json").json()
    assert overview["address"] == dev.address and overview["led_by"]
    assert len(dev.get("/api/v1/runs")["runs"]) == 1
    assert dev.project.tables() == {"my_shop.orders": 4, "my_shop.revenue": 3}
    assert dev.project.arco("verify").out.endswith("clean\n")


def test_a_second_one_says_where_the_first_is(dev: Development) -> None:
    assert dev.address in dev.project.arco("dev").out


def test_an_edit_is_deployed_and_what_is_broken_changes_nothing(dev: Development) -> None:
    file = dev.project.directory / "assets.py"
    good = file.read_text()
    file.write_text(good.replace("99.9", "99.5"))
    dev.line("deployed my_shop: 2 assets (1 changed)")
    assert "succeeded: 4 succeeded" in dev.project.arco("run", "--no-deploy").out
    total = dev.project.arco("sql", "select sum(amount) s from my_shop.orders", "--json").json()
    assert total == [{"s": 167.0}]
    file.write_text(good + BROKEN)
    assert dev.process.stderr is not None
    assert "error DEFINITIONS_INVALID" in dev.process.stderr.readline()
    assert len(dev.get("/api/v1/assets")["assets"]) == 2
    file.write_text(good)
    dev.line("deployed my_shop: 2 assets (1 changed)")


def test_a_file_in_a_new_folder_is_noticed(dev: Development) -> None:
    folder = dev.project.directory / "more"
    folder.mkdir()
    (folder / "notes.py").write_text("NOTE = 1\n")
    dev.line("2 assets, unchanged")


def test_being_told_to_stop_is_no_failure(dev: Development) -> None:
    dev.process.send_signal(signal.SIGTERM)
    assert "stopped; what was acknowledged is stored" in ended(dev.process, 0).out
    assert "nobody leads" in dev.project.arco("status").out
