"""`arco rerun`, and `arco why` before it: what succeeded is not done twice."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli_project import Project

BROKEN = """
import pyarrow as pa
from arco import asset

@asset(namespace="raw")
def orders() -> pa.Table:
    print("orders were made")
    return pa.table({"order_id": [1, 2, 3]})

@asset(namespace="mart")
def totals(orders: pa.Table) -> pa.Table:
    raise ValueError("not today")
"""
MENDED = BROKEN.replace(
    'raise ValueError("not today")', 'return pa.table({"n": [orders.num_rows]})'
)


def test_what_failed_says_why_and_is_found_by_its_state(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", BROKEN)
    failed = project.arco("run", "--json", code=1).json()["run"]["run_id"]
    assert project.tables() == {}
    assert "never made" in project.arco("why", "mart.totals").out
    assert "ValueError: not today" in project.arco("why", failed[-6:], "--task", "mart.totals").out
    assert project.arco("runs", "--state", "failed", "--json").json()[0]["run_id"] == failed
    stale = project.arco("status", "--stale", "--json").json()["groups"]
    assert [group["asset"] for group in stale] == ["raw.orders", "mart.totals"]
    project.arco("rerun", failed, "--from-failure", "--only", "raw.orders", code=2)
    assert project.arco("checks").out == "no check has run yet\n"


def test_a_mended_run_goes_on_from_where_it_failed(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", BROKEN)
    failed = project.arco("run", "--json", code=1).json()["run"]["run_id"]
    project.write(MENDED)
    said = project.arco("rerun", failed[-6:], "--from-failure", "--run-key", "mend")
    assert f"run {failed} again, 2 tasks, of which 1 stand as they were" in said.out
    assert project.tables() == {"raw.orders": 3, "mart.totals": 1}
    repeated = project.arco("rerun", failed, "--from-failure", "--run-key", "mend", "--json").json()
    status = project.arco("status", repeated["run"]["run"]["run_id"])
    assert "taken over" in status.out and f"it runs run {failed} again" in status.out
    assert repeated["rerun"]["adopted"] == 1
    whole = project.arco("rerun", failed, "--only", "mart.totals", "--no-deploy", "--json").json()
    assert [task["asset"] for task in whole["run"]["tasks"]] == ["raw.orders", "mart.totals"]
    refused = project.arco("rerun", whole["rerun"]["run_id"], "--from-failure", code=1)
    assert "nothing of it is left to run" in refused.err
