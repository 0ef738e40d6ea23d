"""A whole workspace in a bucket: the command line and its processes, on an emulator of S3."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from arco.execution.following import Follower
from arco.orchestration.states import RunState
from arco.orchestration.tables import PINS
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import Settings
from arco.service.workspace import open_workspace
from arco.store import keys
from tests.contract.emulators import BUCKET, S3_ENVIRONMENT, s3_service
from tests.integration.cli_project import Project, children, until

TAKEOVER_SECONDS_MAX = 5.0
ASSETS = """
import pyarrow as pa
from arco import asset

@asset(namespace="raw")
def orders():
    return pa.table({"order_id": [1, 2, 3], "amount": [10.0, 5.5, 7.0]})

@asset(namespace="mart")
def totals(orders):
    return pa.table({"orders": [orders.count_rows()]})
"""
ENDLESS_ONCE = """
import pathlib, time
from arco import asset

@asset(namespace="raw")
def slow():
    begun = pathlib.Path(__file__).with_name("begun")
    if not begun.exists():
        begun.touch()
        time.sleep(600)
    return [{"x": 1}]
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_service() as endpoint:
        yield endpoint


@pytest.fixture
def store(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty place in the bucket, which every process of the test is told."""
    url = f"s3://{BUCKET}/{tmp_path.name.replace('_', '-')}?endpoint={endpoint}"
    for name, value in {**S3_ENVIRONMENT, "ARCO_STORE": url}.items():
        monkeypatch.setenv(name, value)
    return url


def test_a_project_runs_and_is_read_from_a_bucket(store: str, tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", ASSETS)
    assert "succeeded: 2 succeeded, 4 rows" in project.arco("run").out
    assert project.tables() == {"raw.orders": 3, "mart.totals": 1}
    joined = "select sum(o.amount) s, any_value(t.orders) n from raw.orders o, mart.totals t"
    assert project.arco("sql", joined, "--json").json() == [{"s": 22.5, "n": 3}]
    assert "raw.orders" in project.arco("lineage", "mart.totals").out
    assert "everything is fresh" in project.arco("run").out
    project.write(ASSETS.replace("7.0]", "8.0]"))
    assert "succeeded" in project.arco("run").out
    pinned = "select amount from raw.orders at (version => 0) order by 1 desc limit 1"
    assert project.arco("sql", pinned, "--json").json() == [{"amount": 10.0}]
    assert project.arco("verify").out.endswith("clean\n")
    assert "nobody leads" in project.arco("status").out
    assert not (project.directory / ".arco").exists()
    run(entry_changed(project, store, name="mart.totals"))
    refused = project.arco("sql", "select * from mart.totals", code=1).err
    assert "TABLE_ENTRY_DAMAGED" in refused and "is not what was published" in refused
    assert project.arco("sql", "select count(*) n from raw.orders", "--json").json() == [{"n": 3}]


async def entry_changed(project: Project, store: str, *, name: str) -> None:
    """The newest log entry of the table is another one that can be replayed as well."""
    settings = Settings(directory=project.directory, store=store)
    workspace = await open_workspace(settings, AsyncioRuntime())
    pin = await workspace.database.asked(lambda state: state.get(PINS, name))
    assert pin is not None
    key = keys.delta_entry(pin.table_id, pin.version)
    whole = await workspace.store.get(key)
    assert whole is not None
    changed = whole.replace(b'"operation":"', b'"operation":"not ', 1)
    assert changed != whole
    await workspace.store.put(key, changed)


def test_sql_over_a_bucket_cannot_say_which_file_it_reads(store: str, tmp_path: Path) -> None:
    project = Project(tmp_path / "shop", ASSETS)
    project.arco("run")
    beside = f"select * from read_parquet('s3://{BUCKET}/*.parquet')"
    refused = project.arco("sql", beside, code=1)
    assert "read_parquet is not available" in refused.err
    assert S3_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"] not in refused.text


@asynccontextmanager
async def follower_of(project: Project, store: str) -> AsyncIterator[Follower]:
    """Another process's part in a project that somebody leads."""
    settings = Settings(directory=project.directory, store=store, workers=1)
    workspace = await open_workspace(settings, AsyncioRuntime())
    follower = Follower(workspace, project.directory)
    await follower.start()
    try:
        assert not follower.leads
        yield follower
    finally:
        await follower.stop()


async def took_over(follower: Follower) -> float:
    """Seconds until it leads."""
    began = time.monotonic()
    while not follower.leads:
        await asyncio.sleep(0.05)
        await follower.lead_again()
    return time.monotonic() - began


@pytest.mark.timeout(240)
def test_a_killed_leader_is_replaced_within_five_seconds(store: str, tmp_path: Path) -> None:
    project = Project(tmp_path / "p", ENDLESS_ONCE)
    first = project.start("run")
    until((project.directory / "begun").exists)
    workers = children(first)

    async def second() -> float:
        async with follower_of(project, store) as follower:
            (run_id,) = await follower.active_runs()
            os.kill(first.pid, signal.SIGKILL)
            took = await took_over(follower)
            ended = await follower.follow(run_id, lambda state: None)
            assert ended.state is RunState.SUCCEEDED
        return took

    assert run(second()) < TAKEOVER_SECONDS_MAX
    first.communicate()
    assert workers and not any(Path(f"/proc/{pid}").exists() for pid in workers)
    assert project.arco("verify").out.endswith("clean\n")


@pytest.mark.timeout(240)
def test_a_leader_that_sleeps_longer_than_its_lease_does_nothing_when_it_wakes_up(
    store: str, tmp_path: Path
) -> None:
    project = Project(tmp_path / "p", ENDLESS_ONCE)
    first = project.start("run")
    until((project.directory / "begun").exists)
    workers = children(first)

    async def second() -> None:
        async with follower_of(project, store) as follower:
            (run_id,) = await follower.active_runs()
            os.kill(first.pid, signal.SIGSTOP)
            assert await took_over(follower) < TAKEOVER_SECONDS_MAX
            ended = await follower.follow(run_id, lambda state: None)
            assert ended.state is RunState.SUCCEEDED
            os.kill(first.pid, signal.SIGCONT)
            # It still follows the run it was asked for, which another process has finished.
            out, _ = await asyncio.to_thread(first.communicate)
            assert first.returncode == 0 and "succeeded" in str(out)

    run(second())
    assert workers and not any(Path(f"/proc/{pid}").exists() for pid in workers)
    assert project.tables() == {"raw.slow": 1}
    published = "select count(*) n from system.commits where contains(event_types::varchar, '{}')"
    for event in ("run_published", "task_succeeded"):
        assert project.arco("sql", published.format(event), "--json").json() == [{"n": 1}]
    assert project.arco("verify").out.endswith("clean\n")
