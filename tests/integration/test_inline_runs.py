"""Runs without workers: user code in the command's own process, where a debugger reaches it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.cli_project import PROGRAM, SOURCES, Project

ASSETS = """
import os
from arco import asset

@asset(namespace="shop")
def orders():
    amount = 41
    breakpoint()
    return [{"pid": os.getpid(), "amount": amount}]

@asset(namespace="shop", retries=1)
def totals(orders: list):
    return [{"same": orders[0]["pid"] == os.getpid(), "amount": orders[0]["amount"]}]

@asset(namespace="other")
def broken():
    raise ValueError("boom")
"""


def test_a_run_stops_where_the_debugger_is_asked_for_and_goes_on_as_it_says(tmp_path: Path) -> None:
    project = Project(tmp_path, ASSETS)
    debugged = subprocess.run(
        [sys.executable, *PROGRAM, "run", "shop.*", "--inline"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": SOURCES},
        input="amount = 42\ncontinue\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert debugged.returncode == 0, debugged.stdout + debugged.stderr
    assert "(Pdb)" in debugged.stdout
    rows = project.arco("sql", "--json", "select same, amount from shop.totals").text
    assert "true" in rows.lower() and "42" in rows
    failed = project.arco("run", "other.broken", "--inline", code=1)
    assert "boom" in failed.out and "assets.py" in failed.out


VIEWED = """
from arco import asset

@asset(namespace="raw")
def orders():
    return [{COLUMNS}]
"""


def test_a_run_that_gives_a_table_other_columns_traces_the_views_that_read_it(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path, VIEWED.replace("COLUMNS", "'amount': 1"))
    project.arco("run", "raw.orders", "--inline")
    project.arco("view", "create", "raw.all_orders", "--sql", "select * from raw.orders")
    project.arco("view", "create", "raw.sums", "--sql", "select sum(fee) as fee from all_orders")
    assert project.arco("impact", "raw.orders.amount", "--json").json()["affected"][0] == {
        "hop": 1,
        "dataset": "raw.all_orders",
        "column": "amount",
        "effect": "VALUES",
        "because_of": "raw.orders.amount",
        "kind": "view",
    }
    project.write(VIEWED.replace("COLUMNS", "'amount': 1, 'fee': 2"))
    project.arco("run", "raw.orders", "--inline")
    told = project.arco("impact", "raw.orders.fee").text
    assert "raw.all_orders" in told and "raw.sums" in told
    assert "raw.sums" in project.arco("lineage", "raw.orders").text
    way = project.arco("lineage", "raw.orders", "--to", "raw.sums").text
    assert "its text reads it" in way
    assert "raw.orders" in project.arco("lineage", "raw.sums.fee").text
