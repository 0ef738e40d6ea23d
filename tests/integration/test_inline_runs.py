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
