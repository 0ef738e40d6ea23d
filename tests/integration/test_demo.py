"""`arco demo` end to end: real data, real processes, and strangers who read what it left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.integration.flights_truth import dependants
from tests.integration.lakehouse import (
    ROWS,
    Content,
    arco,
    catalogued,
    command,
    contents,
    demo,
    rows_of,
    tables,
    worker_processes,
    workspace,
)

KILLS = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
"""When to kill, as a share of the time that a whole demo takes."""


class Lakehouse(msgspec.Struct, frozen=True):
    """A finished demo: where it is, what was printed, how long it took, and what it holds."""

    directory: Path
    printed: str
    seconds: float
    contents: dict[str, Content]


@pytest.fixture(scope="module")
def lakehouse(tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    directory = tmp_path_factory.mktemp("demo") / "flights"
    start = time.monotonic()
    printed = demo(directory)
    return Lakehouse(directory, printed, time.monotonic() - start, contents(directory))


def test_the_tables_have_the_rows_of_the_source(lakehouse: Lakehouse) -> None:
    assert {name: found.rows for name, found in lakehouse.contents.items()} == ROWS


def test_every_table_is_a_delta_table_at_its_first_version(lakehouse: Lakehouse) -> None:
    found = tables(lakehouse.directory)
    assert {table.version() for table in found.values()} == {0}
    partitioned = {name for name, table in found.items() if table.metadata().partition_columns}
    assert partitioned == {"staging.flights", "marts.daily_delays"}


def test_each_month_is_one_partition(lakehouse: Lakehouse) -> None:
    found = tables(lakehouse.directory)["staging.flights"]
    months = {row["month"] for row in found.partitions()}
    assert {str(month)[:10] for month in months} == {f"2013-{n:02}-01" for n in range(1, 13)}


def test_the_end_says_what_exists_and_what_to_try(lakehouse: Lakehouse) -> None:
    for name in ROWS:
        assert name in lakehouse.printed
    assert lakehouse.printed.count("arco sql") >= 3
    assert "336,776" in lakehouse.printed


def test_february_was_published_with_a_warning(lakehouse: Lakehouse) -> None:
    select = "select * from system.orchestration.checks"
    checks = rows_of(lakehouse.directory, select)
    assert len(checks) == 24
    failed = [check for check in checks if not check["passed"]]
    assert [check["name"] for check in failed] == ["share_of_cancelled_flights"]
    assert "2013-02" in failed[0]["partition_key"]
    assert "share_of_cancelled_flights" in lakehouse.printed


def test_lineage_is_what_the_runs_read(lakehouse: Lakehouse) -> None:
    select = "select distinct upstream, downstream from system.lineage.edges"
    edges = {(row["upstream"], row["downstream"]) for row in rows_of(lakehouse.directory, select)}
    assert edges == {
        ("raw.flights", "staging.flights"),
        ("raw.weather", "staging.weather"),
        ("staging.flights", "marts.daily_delays"),
        ("staging.flights", "marts.route_stats"),
        ("raw.airports", "marts.route_stats"),
        ("staging.flights", "marts.carrier_scorecard"),
        ("raw.airlines", "marts.carrier_scorecard"),
        ("staging.flights", "marts.weather_impact"),
        ("staging.weather", "marts.weather_impact"),
        ("staging.flights", "marts.plane_age"),
        ("raw.planes", "marts.plane_age"),
    }


@pytest.mark.parametrize("column", ["dep_delay", "arr_delay", "distance"])
def test_impact_names_every_column_that_depends_on_another_and_no_other(
    lakehouse: Lakehouse, column: str
) -> None:
    printed = arco("impact", f"raw.flights.{column}", "--json", within=lakehouse.directory)
    found = json.loads(printed)["affected"]
    assert {(each["effect"], each["kind"]) for each in found} == {("VALUES", "asset")}
    named = {f"{each['dataset']}.{each['column']}" for each in found}
    assert named == dependants(column)


def test_a_bad_month_is_found_in_the_report_that_used_it(lakehouse: Lakehouse) -> None:
    asked = ("impact", "staging.flights", "--partition", "2013-05", "--json")
    within = lakehouse.directory
    (used,) = json.loads(arco(*asked, "--into", "marts.daily_delays", within=within))["affected"]
    assert "2013-05" in used["partition_key"] and used["upstream_version"] == 0
    everywhere = json.loads(arco(*asked, within=within))["affected"]
    assert {each["dataset"] for each in everywhere} == {
        "marts.carrier_scorecard",
        "marts.daily_delays",
        "marts.plane_age",
        "marts.route_stats",
        "marts.weather_impact",
    }
    asked = ("impact", "raw.flights", "--version", "1", "--json")
    assert json.loads(arco(*asked, within=within))["affected"] == []


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("flights", {"main.staging.flights", "main.raw.flights"}),
        ("raw.flights", {"main.raw.flights"}),
        ("dep_delay", {"main.raw.flights"}),
        ("weahter", {"main.raw.weather", "main.staging.weather"}),
        ("carrier scorecard", {"main.marts.carrier_scorecard"}),
        ("late_share", {"main.marts.daily_delays"}),
    ],
)
def test_search_finds_the_obvious_first(lakehouse: Lakehouse, words: str, first: set[str]) -> None:
    hits = json.loads(arco("search", words, "--json", within=lakehouse.directory))["hits"]
    assert {hit["full_name"] for hit in hits[: len(first)]} == first


def test_everything_became_visible_in_one_commit(lakehouse: Lakehouse) -> None:
    select = "select seq from system.commits where contains(event_types::varchar, 'run_published')"
    assert len(rows_of(lakehouse.directory, select)) == 1


def test_a_second_demo_changes_nothing_and_is_faster(lakehouse: Lakehouse) -> None:
    start = time.monotonic()
    printed = demo(lakehouse.directory)
    assert time.monotonic() - start < lakehouse.seconds
    assert "fresh" in printed
    assert contents(lakehouse.directory) == lakehouse.contents


def test_verify_finds_nothing_wrong(lakehouse: Lakehouse) -> None:
    arco("verify", within=lakehouse.directory)


@pytest.fixture
def killed(lakehouse: Lakehouse, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The folder of a demo that was killed after the given share of its time."""
    directory = tmp_path / "flights"
    process = subprocess.Popen(
        command("demo", "--no-serve", "--dir", str(directory)),
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(lakehouse.seconds * request.param)
    process.send_signal(signal.SIGKILL)
    process.wait()
    yield directory


@pytest.mark.parametrize("killed", KILLS, indirect=True)
def test_a_killed_demo_publishes_nothing_by_halves_and_ends_the_same(
    lakehouse: Lakehouse, killed: Path
) -> None:
    if (workspace(killed) / "log").exists():
        assert catalogued(killed) in ({}, ROWS)
    demo(killed)
    finished = contents(killed)
    assert {name: (found.rows, found.hash) for name, found in finished.items()} == {
        name: (found.rows, found.hash) for name, found in lakehouse.contents.items()
    }
    assert {found.version for found in finished.values()} == {0}
    assert not worker_processes(killed)
    arco("verify", within=killed)
