"""`arco limit` and `arco prioritize` as a user types them: a run waits, tells why, is let in."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli_project import Project, ended, until

ASSETS = """
import pyarrow as pa
from arco import asset

@asset(namespace="raw", tags={"team": "sales"})
def orders() -> pa.Table:
    return pa.table({"order_id": [1, 2, 3]})
"""


def test_a_run_waits_under_a_limit_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", ASSETS)
    project.arco("deploy")
    assert "no limit" in project.arco("limit", "list").out
    project.arco("limit", "set", "tag:team=sales", "0")
    run = project.start("run", "--no-deploy", "--priority", "3")
    until(lambda: project.arco("limit", "list", "--json").json()[0]["waiting"])
    (told,) = project.arco("runs", "--json").json()
    assert (told["state"], told["queued_for"]) == ("TRIGGERED", ["tag:team=sales"])
    assert "queued: tag:team=sales" in project.arco("runs").out
    assert "which is 0: no such run starts" in project.arco("why", told["run_id"]).out
    assert "it waits in the queue" in project.arco("prioritize", told["run_id"], "-2").out
    assert "is 1 run" in project.arco("limit", "set", "tag:team=sales", "1").out
    ended(run, 0)
    assert project.tables() == {"raw.orders": 3}
    assert "no limit tag:team=sales" in project.arco("limit", "unset", "tag:team=sales").out
    refused = project.arco("limit", "set", "everything", "1", code=1)
    assert "A limit is * (every run)" in refused.err
