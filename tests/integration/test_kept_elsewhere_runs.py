"""External tables and assets without data, with real workers: versions, reads, what is shown."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from tests.integration.cli_project import Project

ASSETS = """
from arco import Url, asset, external_asset

events = external_asset("raw.events", location="lake/events")

@asset(namespace="shop")
def total(raw_events: list):
    return [{"n": sum(row["n"] for row in raw_events)}]

@asset(namespace="shop", format="none", deps=["shop.total"])
def told(context):
    context.add_metadata(report=Url("https://example.com/r"))
    return "done"
"""


def test_an_external_table_moves_what_is_below_and_a_step_without_data_says_its_facts(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path, ASSETS)
    lake = str(project.directory / "lake" / "events")
    write_deltalake(lake, pa.table({"n": [1, 2]}))
    first = project.arco("run")
    assert "shop.told: report: https://example.com/r" in first.out
    write_deltalake(lake, pa.table({"n": [10]}), mode="append")
    project.arco("run", "raw.events", "--all")
    project.arco("run")
    rows = project.arco("sql", "--json", "select n from shop.total").json()
    assert "13" in str(rows)
    facts = project.arco(
        "sql", "--json", "select observation->>'data_version' as v from system.orchestration.tasks"
    )
    assert "value:done" in facts.out and "delta:1:" in facts.out
