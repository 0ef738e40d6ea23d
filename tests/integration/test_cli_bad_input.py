"""What a user gets wrong: one clear message that says what to do, and the next command
continues.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli_project import Project

ONE = "import pyarrow as pa\nfrom arco import MonthlyPartitions, asset, check\n"
ORDERS = """
@asset(namespace="raw", schema_policy="strict")
def orders():
    return pa.table({"order_id": [1, 2, 3]})
"""
TOTALS = """
@asset(namespace="mart", partitions=MonthlyPartitions(start="2024-01", end="2024-04"))
def totals(orders: pa.Table):
    return pa.table({"orders": [orders.num_rows]})
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shop", ONE + ORDERS + TOTALS)


DEFINITIONS = {
    "a cycle": (
        "@asset(namespace='a')\ndef x(y): ...\n@asset(namespace='a')\ndef y(x): ...\n",
        ["a.x", "a.y", "assets.py:"],
    ),
    "a name that is taken": (
        "@asset(namespace='a')\ndef x(): ...\n@asset(namespace='a', name='x')\ndef z(): ...\n",
        ["a.x", "assets.py:3", "assets.py:5"],
    ),
    "an upstream that is not there": (
        "@asset(namespace='a')\ndef orders(): ...\n@asset(namespace='a')\ndef x(ordesr): ...\n",
        ["ordesr", "orders", "assets.py:5"],
    ),
    "code that cannot be imported": (
        "def helper():\n    return 1 / 0\nhelper()\n",
        ["ZeroDivisionError", 'File "assets.py", line 4'],
    ),
    "a module that exits": (
        "import os\nos._exit(3)\n",
        ["error PROJECT_CRASHED", "exit code 3"],
    ),
}


@pytest.mark.parametrize("kind", DEFINITIONS)
def test_definitions_that_are_refused_name_the_line(tmp_path: Path, kind: str) -> None:
    body, said = DEFINITIONS[kind]
    project = Project(tmp_path / "shop", ONE + body)
    ended = project.arco("deploy", code=1)
    assert all(text in ended.err for text in said), ended.err
    assert "hint: " in ended.err
    assert project.arco("status", "--json").json()["assets"] == []


def test_an_unknown_asset_is_answered_with_the_close_one(project: Project) -> None:
    err = project.arco("run", "raw.ordres", code=1).err
    assert "error ASSET_UNKNOWN" in err and "raw.orders" in err.partition("hint: ")[2]


def test_a_partition_that_does_not_exist_is_refused_before_anything_runs(project: Project) -> None:
    for text in ("2024-13", "2031-01", "banana"):
        err = project.arco("run", "mart.totals", "--partition", text, code=1).err
        assert "error PARTITION_UNKNOWN" in err and "hint: " in err
    assert project.arco("status", "--json").json()["runs"] == []


def test_a_missing_upstream_says_how_to_make_it_and_that_works(project: Project) -> None:
    failed = project.arco("run", "mart.totals", "--partition", "2024-01", code=1)
    assert "FAILED mart.totals[2024-01]" in failed.out and "raw.orders" in failed.out
    assert "arco run raw.orders" in failed.out.partition("hint: ")[2]
    project.arco("run", "+mart.totals", "--partition", "2024-01")
    assert project.tables() == {"mart.totals": 1, "raw.orders": 3}


def test_an_exception_shows_the_users_lines_and_the_next_run_continues(project: Project) -> None:
    good = ONE + ORDERS + TOTALS
    project.write(good.replace("[orders.num_rows]", "[rate(orders.num_rows)]") + RATE)
    failed = project.arco("run", code=1).out
    assert "FAILED mart.totals[2024-01]: ZeroDivisionError: division by zero" in failed
    assert 'File "assets.py", line' in failed and ", in rate" in failed
    assert "arco/execution" not in failed
    assert "--task 'mart.totals[2024-01]'" in failed
    assert project.tables() == {}
    project.write(good)
    project.arco("run")
    assert project.tables() == {"mart.totals": 3, "raw.orders": 3}


RATE = """
def rate(number):
    return number / 0
"""
BLOCKING = """
@check(asset=orders)
def at_least_four(data: pa.Table):
    return data.num_rows >= 4, f"only {data.num_rows}"
"""


def test_a_failing_check_keeps_the_published_version_readable(project: Project) -> None:
    project.arco("run", "raw.orders")
    project.write(ONE + ORDERS.replace("[1, 2, 3]", "[1]") + BLOCKING)
    failed = project.arco("run", "raw.orders", code=1).out
    assert "FAILED raw.orders" in failed and "at_least_four" in failed and "only 1" in failed
    assert project.tables() == {"raw.orders": 3}
    project.write(ONE + ORDERS.replace("[1, 2, 3]", "[1, 2, 3, 4]") + BLOCKING)
    project.arco("run", "raw.orders")
    assert project.tables() == {"raw.orders": 4}


def test_a_changed_schema_shows_the_difference(project: Project) -> None:
    project.arco("run", "raw.orders")
    project.write(ONE + ORDERS.replace('{"order_id"', '{"number"') + TOTALS)
    failed = project.arco("run", "raw.orders", code=1).out
    assert "order_id" in failed and "number" in failed and "hint: " in failed
    assert project.tables() == {"raw.orders": 3}


def test_a_folder_that_is_not_empty_is_not_written_into(tmp_path: Path) -> None:
    project = Project(tmp_path / "mine")
    err = project.arco("init", ".", code=1).err
    assert "error FOLDER_NOT_EMPTY" in err
    assert "not an empty folder" in err or "holds something else" in err
    demo = project.arco("demo", "--dir", ".", "--no-serve", code=1).err
    assert "hint: name a new folder" in demo
