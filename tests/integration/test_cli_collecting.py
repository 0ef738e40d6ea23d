"""`arco gc` and `arco pin` as a user types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli_project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("gc") / "shop")
    for _ in range(2):
        project.arco("run", "raw.orders", "--all")
    return project


def objects(project: Project) -> list[Path]:
    return sorted(path for path in (project.directory / ".arco").rglob("*") if path.is_file())


def test_a_dry_run_changes_nothing_and_says_what_it_found(project: Project) -> None:
    before = objects(project)
    out = project.arco("gc", "--dry-run").out
    assert "would be condemned" in out and "table files" in out
    told = project.arco("gc", "--dry-run", "--profile", "dev", "--json").json()
    assert {each["area"] for each in told["areas"]} == {
        "snapshots",
        "table files",
        "prepared entries",
        "task logs",
        "purged files",
        "fact batches",
    }
    assert objects(project) == before


def test_a_pass_says_what_it_did_and_leaves_a_store_that_verifies(project: Project) -> None:
    done = project.arco("gc", "--json").json()
    assert done["is_complete"] and done["deleted"] == 0
    assert "stays readable" in project.arco("gc").out
    assert project.arco("verify").out.endswith("clean\n")
    assert project.tables() == {"raw.orders": 3}


def test_pins_are_created_listed_and_dropped(project: Project) -> None:
    out = project.arco("pin", "create", "audit", "--expires", "30d", "--reason", "year end").out
    assert "audit" in out and "year end" in out
    (pin,) = project.arco("pin", "list", "--json").json()
    assert pin["name"] == "audit" and pin["expires_at"]
    rows = project.arco("sql", "select name, slot from system.engine.pins", "--json").json()
    assert rows == [{"name": "audit", "slot": pin["slot"]}]
    taken = project.arco("pin", "create", "audit", "--slot", "1", code=1)
    assert "PIN_NAME_TAKEN" in taken.err
    assert project.arco("pin", "drop", "audit").out == "dropped audit\n"
    assert "no pins" in project.arco("pin", "list").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("pin", "drop", "nothing"), "PIN_NOT_FOUND"),
        (("pin", "create", "-x"), "No such option"),
        (("pin", "create", "a/b"), "PIN_NAME_INVALID"),
        (("pin", "create", "late", "--slot", "100000"), "SLOT_NOT_FOUND"),
        (("pin", "create", "soon", "--expires", "tomorrow"), "AGE_INVALID"),
        (("gc", "--profile", "never"), "Invalid value"),
    ],
)
def test_what_cannot_be_is_refused_with_the_next_step(
    project: Project, arguments: tuple[str, ...], code: str
) -> None:
    expected = 2 if " " in code else 1
    ended = project.arco(*arguments, code=expected)
    assert code in ended.err
    assert expected == 2 or "hint:" in ended.err


def test_a_version_whose_files_are_gone_is_told_and_never_half_read(project: Project) -> None:
    first = "select * from raw.orders at (version => 0)"
    assert len(project.arco("sql", first, "--json").json()) == 3
    files = sorted(
        (project.directory / ".arco").rglob("att_*.parquet"), key=lambda path: path.stat().st_mtime
    )
    kept = files[0].read_bytes()
    files[0].unlink()
    ended = project.arco("sql", first, code=1)
    assert "SNAPSHOT_EXPIRED" in ended.err and "arco pin create" in ended.err
    files[0].write_bytes(kept)
