"""Backfills as users meet them: made, followed, killed in the middle, retried, and by a server."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

import arco
from arco.wire.backfills import BackfillRequest
from tests.integration.cli_project import SECONDS_MAX, Project
from tests.integration.development import Development

CODE = """
from pathlib import Path

import pyarrow as pa
from arco import AssetContext, DailyPartitions, asset

DAYS = DailyPartitions(start="2026-01-01", end="2026-01-13")
HERE = Path(__file__).parent


@asset(namespace="raw", partitions=DAYS)
def orders(context: AssetContext) -> pa.Table:
    day = context.partition["date"].day
    if day == 4 and not (HERE / "mended").exists():
        raise ValueError("no orders on the fourth")
    with (HERE / "made").open("a") as made:
        made.write(f"{day}\\n")
    return pa.table({"day": [day]})


@asset(namespace="mart", partitions=DAYS)
def totals(orders: pa.Table) -> pa.Table:
    return orders
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("shop"), CODE)
    project.arco("deploy")
    return project


@pytest.fixture(scope="module")
def served(project: Project) -> Iterator[Development]:
    development = Development(project)
    yield development
    development.process.send_signal(signal.SIGINT)
    development.process.communicate(timeout=SECONDS_MAX)


def newest(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = project.arco("backfill", "list", "--json").json()[0]
    return found


def test_killed_in_the_middle_it_goes_on_and_what_failed_is_retried_alone(
    project: Project,
) -> None:
    follows = project.start("backfill", "create", "--max-runs", "2", "--follow")
    made = project.directory / "made"
    deadline = time.monotonic() + SECONDS_MAX
    while not made.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    follows.kill()
    follows.communicate()
    interrupted = newest(project)
    assert (interrupted["state"], interrupted["total"]) == ("RUNNING", 12)
    name = interrupted["backfill_id"][-6:]
    went_on = project.arco("backfill", "resume", name, "--follow", code=1)
    assert "1 of 12 partitions failed" in went_on.out
    shown = project.arco("backfill", "show", name).out
    assert "arco backfill retry" in shown
    (project.directory / "mended").touch()
    made.unlink()
    retried = project.arco("backfill", "retry", name, "--follow", "--json").json()
    assert (retried["state"], retried["succeeded"]) == ("SUCCEEDED", 12)
    assert made.read_text().split() == ["4"], "nothing else was made again"


def test_a_filter_that_leaves_nothing_and_assets_that_disagree_are_refused(
    project: Project,
) -> None:
    nothing = project.arco("backfill", "create", "--which", "missing", code=1)
    assert "None of the 12 partitions is missing" in nothing.err
    unknown = project.arco("backfill", "create", "--partition", "region=eu", code=1)
    assert "PARTITION_UNKNOWN" in unknown.err
    assert "arco backfill list" in project.arco("backfill", "show", "nothing", code=1).err


def test_a_server_carries_it_out_and_stops_when_it_is_told(served: Development) -> None:
    with arco.Client(served.address) as client:
        request = BackfillRequest(selection=("raw.orders",), partitions=("2026-01-01..2026-01-03",))
        made = client.backfills.create(request)
        assert made.total == 3
        assert client.backfills.wait(made.backfill_id).state == "SUCCEEDED"
        (chunk,) = client.backfills.chunks(made.backfill_id[-6:])
        assert (chunk.succeeded, chunk.state) == (3, "SUCCEEDED")
        stopped = client.backfills.create(BackfillRequest(runs_per="chunk", chunk_size=1))
        client.backfills.set(stopped.backfill_id, concurrency=1)
        client.backfills.cancel(stopped.backfill_id, reason="wrong code")
        ended = client.backfills.wait(stopped.backfill_id)
        assert (ended.state, ended.message) == ("CANCELLED", "wrong code")
        listed = list(client.backfills.list())
        assert [row.backfill_id for row in listed[:2]] == [
            stopped.backfill_id,
            made.backfill_id,
        ]
