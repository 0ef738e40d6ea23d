"""`arco pool` as a user types it: a closed pool holds a run back, an opened one lets it go."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli_project import Project, ended, until

ASSETS = """
import pyarrow as pa
from arco import asset

@asset(namespace="raw", pools={"gate": 1})
def orders() -> pa.Table:
    return pa.table({"order_id": [1, 2, 3]})
"""


def test_a_run_waits_for_a_closed_pool_and_goes_on_when_it_is_opened(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", ASSETS)
    project.arco("deploy")
    (pool,) = project.arco("pool", "list", "--json").json()
    assert (pool["name"], pool["slots"], pool["is_sized"], pool["assets"]) == ("gate", 1, False, 1)
    project.arco("pool", "set", "gate", "0")
    run = project.start("run", "--no-deploy")
    until(lambda: project.arco("runs", "--json").json())
    run_id = project.arco("runs", "--json").json()[0]["run_id"]
    assert "which is closed" in project.arco("why", run_id).out
    assert project.arco("pool", "list", "--json").json()[0]["waiting"] == 1
    assert "pool gate has 1 slot, 0 taken" in project.arco("pool", "set", "gate", "1").out
    ended(run, 0)
    assert project.tables() == {"raw.orders": 3}
    assert "one slot" in project.arco("pool", "unset", "gate").out
    refused = project.arco("pool", "unset", "gate", code=1)
    assert "Nobody gave a pool 'gate' a size" in refused.err
