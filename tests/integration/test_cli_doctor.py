"""`arco doctor` as people and scripts use it: what it prints, and its exit code."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.emulators import BUCKET, S3_ENVIRONMENT, s3_service
from tests.integration.cli_project import SOURCES, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shop")


def test_a_project_is_examined_before_and_after_its_first_run(project: Project) -> None:
    before = project.arco("doctor")
    assert "nothing stands at" in before.out
    assert not (project.directory / ".arco").exists()
    project.arco("run")
    after = project.arco("doctor")
    assert "local/main stands at slot" in after.out
    assert after.out.endswith("healthy\n")
    assert project.arco("verify").out.endswith("clean\n")


def test_a_script_reads_json_and_the_exit_code(project: Project) -> None:
    found = project.arco("doctor", "ftp://lake", "--json", code=1).json()
    assert found["healthy"] is False
    (problem,) = [each for each in found["findings"] if each["outcome"] == "failed"]
    assert problem["check"] == "store"
    assert problem["fix"]


def test_the_rule_of_a_bucket_is_printed_as_it_has_to_be_set(project: Project) -> None:
    with s3_service() as endpoint:
        url = f"s3://{BUCKET}/a?endpoint={endpoint}"
        asked = ("doctor", url, "--origin", "https://arco.example")
        found = project.arco(*asked, code=0, **S3_ENVIRONMENT)
        assert f"aws s3api put-bucket-cors --bucket {BUCKET}" in found.out
        assert '"AllowedOrigins": [' in found.out
        assert found.out.endswith("healthy, 1 warning\n")
        environment = {**S3_ENVIRONMENT, "AWS_SECRET_ACCESS_KEY": "forgotten"}
        denied = project.arco(*asked, code=1, **environment)
        assert "credentials of the provider" in denied.out
        assert "forgotten" not in denied.text


def test_what_is_no_origin_is_refused_before_anything_is_asked(project: Project) -> None:
    assert "ORIGIN_INVALID" in project.arco("doctor", "--origin", "arco", code=1).err


def test_a_terminal_shows_that_it_works_and_every_line(project: Project) -> None:
    project.directory.joinpath("store").mkdir()
    ours, theirs = pty.openpty()
    plain = dict.fromkeys(("CI", "NO_COLOR"), "")
    process = subprocess.Popen(
        [sys.executable, "-c", "from arco.cli import main; main()", "doctor", "store"],
        cwd=project.directory,
        env={**os.environ, **plain, "PYTHONPATH": SOURCES, "TERM": "xterm", "COLUMNS": "300"},
        stdout=theirs,
    )
    assert process.wait(60) == 0
    os.close(theirs)
    shown = os.read(ours, 1_000_000).decode()
    os.close(ours)
    assert "examining" in shown
    assert "what was written for this trial is gone" in shown
    assert shown.endswith("healthy\r\n")
