"""`arco plan` and `arco partitions` as a user types them, before and after a run."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli_project import Project

ASSETS = """
import pyarrow as pa
from arco import StaticPartitions, asset

@asset(namespace="raw", partitions=StaticPartitions(["ams", "ber"], dimension="city"))
def orders() -> pa.Table:
    return pa.table({"order_id": [1]})
"""


def test_a_plan_and_the_partitions_tell_what_a_run_changed(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", ASSETS)
    project.arco("deploy")
    assert "it was never made" in project.arco("plan").out
    assert "2 missing" in project.arco("partitions", "raw.orders").out
    project.arco("run", "--no-deploy", "--partition", "ams")
    assert project.arco("partitions", "raw.orders", "--json").json()["counts"] == {
        "FRESH": 1,
        "MISSING": 1,
    }
    same = project.arco("plan", "--partition", "ams", "--diff").out
    assert same.startswith("the same plan as that of run")
    told = project.arco("plan", "--against", project.arco("runs", "--json").json()[0]["run_id"]).out
    assert "- raw.orders[ams]: it is fresh" in told
    assert "+ raw.orders[ber]: it was never made" in told
    assert "nothing to compare with" in project.arco("plan", "raw.orders", "--diff").out
