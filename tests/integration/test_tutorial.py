"""The tutorial, step by step: what it tells a newcomer to type has the effects it promises."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.integration.lakehouse import arco, demo, rows_of

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
LATE = 'late = pl.col("departure_delay") > '
IN_MONTH = "def in_month"
CHECKS_FAILED = "airports found: EWR, JFK"
COUNT_BY_AIRPORT = "select origin, count(*) as flights from staging.flights group by all order by 1"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tutorial") / "arco-demo"
    demo(directory)
    return directory


def snippet(start: str) -> str:
    """The tutorial's Python block that starts so."""
    blocks = TUTORIAL.split("```python\n")[1:]
    found = [block.split("```")[0] for block in blocks]
    return next(block for block in found if textwrap.dedent(block).startswith(start))


def stale(project: Path) -> dict[str, str]:
    """Asset -> its fresh partitions of all, of those that `arco status` shows as stale."""
    lines = arco("status", within=project).split("\n\n")[1].splitlines()[1:]
    shown = {line.split()[0]: line.split()[1] for line in lines}
    return {key: fresh for key, fresh in shown.items() if len(set(fresh.split("/"))) > 1}


def test_the_tutorial_holds_what_it_promises(project: Path) -> None:
    change_an_asset(project)
    add_a_check(project)
    kept = break_it(project)
    mend_it(project, kept)


def change_an_asset(project: Path) -> None:
    marts = project / "flights_demo" / "marts.py"
    edited = marts.read_text().replace(f"    {LATE}15\n", snippet(LATE))
    marts.write_text(edited)
    assert "~ marts.daily_delays" in arco("deploy", within=project)
    assert stale(project) == {"marts.daily_delays": "0/12"}
    marts.write_text(edited.replace("How late the flights", "# remarks\n    How late the flights"))
    arco("deploy", within=project)
    assert stale(project) == {"marts.daily_delays": "0/12"}
    assert "12 tasks in 1 asset" in arco("run", within=project)
    versions = "select count(*) as rows from marts.daily_delays at (version => 0)"
    assert rows_of(project, versions) == [{"rows": 1_095}]


def add_a_check(project: Path) -> None:
    checks = project / "flights_demo" / "checks.py"
    checks.write_text(checks.read_text() + "\n\n" + snippet("@check"))
    assert "1 task in 1 asset" in arco(
        *("run", "staging.flights", "--partition", "2013-01"), within=project
    )
    select = (
        "select partition_key, passed from system.orchestration.checks "
        "where name = 'flights_leave_from_three_airports'"
    )
    assert rows_of(project, select) == [{"partition_key": "month=d:2013-01-01", "passed": True}]
    assert stale(project) == {}


def break_it(project: Path) -> str:
    staging = project / "flights_demo" / "staging.py"
    whole = staging.read_text()
    before = rows_of(project, COUNT_BY_AIRPORT)
    head, _, rest = whole.partition(IN_MONTH)
    tail = rest[rest.index("\n\n\n") :]
    staging.write_text(head + snippet(IN_MONTH).rstrip() + tail)
    printed = arco("run", within=project, fails=True)
    assert "28 tasks in 6 assets" in printed
    assert CHECKS_FAILED in printed
    assert rows_of(project, COUNT_BY_AIRPORT) == before
    return whole


def mend_it(project: Path, kept: str) -> None:
    (project / "flights_demo" / "staging.py").write_text(kept)
    assert "everything is fresh" in arco("run", within=project)
    assert "clean" in arco("verify", within=project)


def test_a_store_that_was_moved_goes_on(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("pyproject.toml", "flights_demo", ".arco"):
        (project / name).rename(copy / name)
    assert "clean" in arco("verify", within=copy)
    assert "everything is fresh" in arco("run", within=copy)
