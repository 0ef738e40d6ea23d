"""Schedules as a user meets them: declared, deployed, fired by a server, seen by CLI and API."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli_project import SECONDS_MAX, Project
from tests.integration.development import Development

CODE = """
import pandas as pd
from arco import asset, schedule


@schedule("* * * * * *", overlap="queue_one")
@asset("shop.prices")
def prices() -> pd.DataFrame:
    return pd.DataFrame({"price": [1.0, 2.0]})


@asset("shop.total")
def total(prices: pd.DataFrame) -> pd.DataFrame:
    return prices.sum().to_frame().T


yearly = schedule(
    "30 2 31 3 *", name="yearly", timezone="Europe/Berlin", select=total, enabled=False,
    description="Once a year.",
)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("shop"), CODE)
    project.arco("deploy")
    return project


@pytest.fixture
def served(project: Project) -> Iterator[Development]:
    development = Development(project)
    yield development
    if development.process.poll() is None:
        development.process.send_signal(signal.SIGINT)
        development.process.communicate(timeout=SECONDS_MAX)


def ticks_of(development: Development, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = development.get(f"/api/v1/schedules/{name}/ticks")["ticks"]
    return found


def waited_for(development: Development, *, started: int) -> list[dict[str, Any]]:
    """The ticks once so many of them started runs that have ended."""
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        ticks = ticks_of(development, "shop.prices")
        done = [tick for tick in ticks if tick["outcome"] == "STARTED" and ended(development, tick)]
        if len(done) >= started:
            return done
        time.sleep(0.1)
    raise AssertionError(ticks)


def actors(project: Project) -> set[str]:
    """Who asked for runs so far."""
    question = "SELECT DISTINCT actor FROM system.orchestration.runs"
    return {row["actor"] for row in project.arco("sql", "--json", question).json()}


def ended(development: Development, tick: dict[str, Any]) -> bool:
    run = development.get(f"/api/v1/runs/{tick['run_id']}")["run"]
    return run["state"] == "SUCCEEDED"


def test_a_command_starts_nothing_that_nobody_asked_for(project: Project) -> None:
    time.sleep(1.1)
    project.arco("run", "+shop.total")
    assert actors(project) == {"cli"}


def test_a_server_fires_the_schedule_and_each_tick_has_one_run(
    project: Project, served: Development
) -> None:
    done = waited_for(served, started=2)
    assert len({tick["run_id"] for tick in done}) == len(done)
    assert "schedule:shop.prices" in actors(project)


def test_a_killed_server_leaves_every_tick_decided_once(project: Project) -> None:
    first = Development(project)
    waited_for(first, started=2)
    first.process.kill()
    first.process.communicate()
    time.sleep(2.5)
    second = Development(project)
    try:
        waited_for(second, started=4)
        ticks = ticks_of(second, "shop.prices")
        assert len({tick["scheduled_for"] for tick in ticks}) == len(ticks)
        assert any(tick.get("missed") for tick in ticks), "the pause is on record"
        keys = (
            "SELECT run_key, count(*) AS n FROM system.orchestration.runs GROUP BY 1 HAVING n > 1"
        )
        doubled = project.arco("sql", "--json", keys).json()
        assert not [row for row in doubled if row["run_key"]]
    finally:
        second.process.send_signal(signal.SIGINT)
        second.process.communicate(timeout=SECONDS_MAX)


def test_the_command_line_lists_shows_and_switches(project: Project) -> None:
    listed = {row["name"]: row for row in project.arco("schedule", "list", "--json").json()}
    assert listed.keys() == {"shop.prices", "yearly"}
    assert listed["yearly"]["enabled"] is False
    shown = project.arco("schedule", "show", "yearly").out
    assert "Once a year." in shown
    assert "03:00:00  (20" in shown or "02:30:00  (20" in shown
    assert "is on; it fires next at" in project.arco("schedule", "enable", "yearly").out
    assert "is off" in project.arco("schedule", "disable", "yearly").out
    refused = project.arco("schedule", "show", "monthly", code=1)
    assert "arco schedule list" in refused.err


def test_the_command_line_does_the_same_through_a_server(
    project: Project, served: Development
) -> None:
    at = ("--server", served.address, "--json")
    assert len(project.arco("schedule", "list", *at).json()) == 2
    assert not project.arco("schedule", "disable", "yearly", *at).json()["schedule"]["enabled"]
    fired = project.arco("schedule", "tick", "yearly", *at).json()
    assert fired["tick"]["outcome"] in {"STARTED", "FRESH"}
    assert fired["run"] is None or fired["run"]["run"]["state"] == "SUCCEEDED"


def test_a_schedule_is_fired_by_hand_and_followed(project: Project) -> None:
    fired = project.arco("schedule", "tick", "yearly", "--json").json()
    assert fired["tick"]["actor"] == "cli"
    if fired["run"] is not None:
        assert fired["run"]["run"]["state"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('schedule("0 25 * * *", name="n")', "'25' is no hour"),
        ('schedule("@daily")', "it needs a name"),
        ('schedule("@daily", name="n", timezone="Mars/Olympus")', "is no time zone"),
        ('schedule("0 0 30 2 *", name="n")', "never fires"),
        ('schedule("@daily", name="n", select="nothing.*")', "No asset matches"),
        ('schedule("@daily", name="n", overlap="both")', "overlap"),
        ('schedule("@daily", name="n", zone="UTC")', "no option 'zone'"),
    ],
)
def test_a_schedule_that_cannot_work_is_refused_with_its_line(
    tmp_path: Path, line: str, says: str
) -> None:
    project = Project(tmp_path / "shop", f"from arco import schedule\n\nx = {line}\n")
    refused = project.arco("deploy", code=1)
    assert says in refused.text
    assert "assets.py" in refused.text
