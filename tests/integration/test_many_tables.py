"""One function, two tables, with real workers: a worker that dies between them leaves neither."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli_project import Project

ASSETS = """
import os, pathlib, signal
from arco import Output, asset, check, multi_asset

DIED = pathlib.Path(__file__).with_name("died")

@asset(namespace="shop")
def export():
    return [{"id": 1, "items": ["tea", "jam"]}, {"id": 2, "items": ["tea"]}]

@multi_asset(namespace="shop", outputs=["orders", Output("lines", tags=["fine"])])
def split(export: list):
    print("splitting")
    yield "orders", [{"id": each["id"]} for each in export]
    if not DIED.exists():
        DIED.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    yield "lines", [{"id": each["id"], "item": i} for each in export for i in each["items"]]

@check("shop.lines")
def has_items(lines: list):
    return len(lines) == 3

@asset(namespace="mart")
def report(orders: list, lines: list):
    return [{"orders": len(orders), "lines": len(lines)}]
"""


def test_a_worker_that_dies_between_two_tables_leaves_neither_and_the_next_makes_both(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path, ASSETS)
    project.arco("deploy")
    plan = project.arco("plan", "shop.orders").out
    assert "it was never made; made by shop/lines:materialize" in plan
    ran = project.arco("run", "--json").json()
    tasks = {each["asset"]: each for each in ran["tasks"]}
    assert tasks["shop.lines"]["attempt"] == 2
    assert tasks["shop.orders"]["made_by"] == tasks["shop.lines"]["index"]
    assert project.tables() == {
        "mart.report": 1,
        "shop.export": 2,
        "shop.lines": 3,
        "shop.orders": 2,
    }
    run = ran["run"]["run_id"]
    assert "splitting" in project.arco("logs", run, "--task", "shop.orders").out
    shown = project.arco("status", run).out
    assert f"made by task {tasks['shop.lines']['index']}" in shown
    assert "shop.export" in project.arco("lineage", "shop.orders").out
    failed = project.arco("sql", "--json", "select asset from system.orchestration.attempts").text
    assert "shop.orders" not in failed
    again = project.arco("run", "shop.orders").text
    assert "fresh" in again
