"""A run with settings of its own, as a user asks for it: real processes, one project."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cli_project import Project

PAGED = """
import msgspec
import pyarrow as pa
from arco import asset

class Source(msgspec.Struct):
    pages: int = 2

@asset(namespace="raw")
def orders(source: Source) -> pa.Table:
    return pa.table({"page": list(range(source.pages))})
"""
RUNS_SQL = "select settings from system.orchestration.runs order by number"


def test_a_run_with_settings_of_its_own_is_told_kept_and_made_good(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", PAGED)
    refused = project.arco("run", "--set", "source.pages=many", code=1)
    assert "source.pages of raw.orders: expected integer, given 'many'" in refused.err
    own = project.arco("run", "--set", "source.pages=3", "--no-deploy")
    assert "with source.pages=3" in own.out
    assert project.tables() == {"raw.orders": 3}
    assert "it was made with other settings" in project.arco("plan").out
    plain = project.arco("run", "--no-deploy", ARCO_CONFIG__SOURCE__PAGES="1")
    assert "succeeded" in plain.out
    assert project.tables() == {"raw.orders": 1}
    kept = project.arco("sql", RUNS_SQL, "--json").json()
    assert "pages" in str(kept[0]) and "pages" not in str(kept[1]), kept
