"""Memoized assets in a real project: workers, files and a table's log."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli_project import Project

PROJECT = """
import pyarrow as pa
from arco import StaticPartitions, asset

REGIONS = StaticPartitions(("eu", "us"), dimension="region")

@asset(namespace="raw")
def orders() -> pa.Table:
    return pa.table({"amount": [3, 4]})

@asset(namespace="mart", memoize=True, partitions=REGIONS)
def totals(context, orders: pa.Table) -> pa.Table:
    return pa.table({"orders": [orders.num_rows]})

@asset(namespace="mart", memoize=True)
def report(totals: pa.Table) -> pa.Table:
    return pa.table({"lines": [totals.num_rows]})
"""


def test_a_second_run_performs_only_what_has_to_be_looked_at(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", PROJECT)
    assert "4 succeeded," in project.arco("run").out
    planned = project.arco("plan", "--all").out
    assert planned.count("if what it reads comes out alike") == 3
    again = project.arco("run", "--all", "--json").json()
    assert [task.get("memoized_from", "") != "" for task in again["tasks"]] == [
        False,
        True,
        True,
        True,
    ]
    status = project.arco("status", again["run"]["run_id"]).out
    assert status.count("unchanged") == 4 and "3 of them unchanged" in status
    afresh = project.arco("run", "--all", "--afresh").out
    assert "4 succeeded" in afresh and "unchanged" not in afresh
