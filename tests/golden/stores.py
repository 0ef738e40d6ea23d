"""Writing a golden store: a workspace as today's code leaves it after a run in real workers.

It has base files in pages, delta runs, a dropped row, a tail behind the snapshot, and a hint that
is stale.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import msgspec

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.sizes import Sizes
from arco.execution.deploying import deploy_project
from arco.execution.following import Follower
from arco.formats import reading
from arco.ids import new_ulid
from arco.orchestration.commands.deployments import (
    ChangeDynamicPartitions,
    add_dynamic_partitions,
    remove_dynamic_partitions,
)
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.states import RunState
from arco.orchestration.tables import PINS
from arco.runtime import AsyncioRuntime
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, Workspace, open_scope, workspace_of
from arco.store import keys
from tests.golden.folders import STORES, fresh
from tests.golden.states import folded

PROJECT = '[project]\nname = "shop"\nversion = "0"\n[tool.arco]\nmodules = ["assets"]\n'
ASSETS = '''
import pyarrow as pa
import pyarrow.compute as pc

from arco import StaticPartitions, asset, check


@asset(namespace="shop")
def orders() -> pa.Table:
    """What was sold."""
    print("three orders")
    return pa.table({"region": ["eu", "us", "eu"], "amount": [20, 35, 12]})


@asset(namespace="shop", partitions=StaticPartitions(["eu", "us"], dimension="region"))
def totals(context, orders: pa.Table) -> pa.Table:
    """What was sold in one region."""
    mine = orders.filter(pc.equal(orders["region"], context.partition["region"]))
    return pa.table({"orders": [mine.num_rows], "amount": [pc.sum(mine["amount"]).as_py()]})


@check(asset=totals)
def is_positive(data: pa.Table) -> bool:
    """Nothing was sold for less than nothing."""
    return pc.min(data["amount"]).as_py() > 0
'''
SMALL = Sizes(rows_per_group=4, rows_per_file=4, fan_out=2, inline_files=1)
"""So that a few rows are several files, which stand in pages."""
Rows = dict[str, list[dict[str, object]]]


async def write(name: str) -> None:
    """The folder `stores/{name}`: the store, the state it folds to, and the rows of its tables."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "pyproject.toml").write_text(PROJECT, "utf-8")
        (project / "assets.py").write_text(ASSETS, "utf-8")
        workspace = await _opened(project)
        await _fill_base(workspace)
        await _run(workspace)
        await _add_tail(workspace)
        text = await folded(workspace.store, workspace.runtime)
        rows = await user_rows(workspace)
        target = fresh(STORES / name)
        # Temporary files and locks are a matter of the moment, not of the store.
        shutil.copytree(
            project / ".arco", target / "store", ignore=shutil.ignore_patterns(".arco-*")
        )
    (target / "state.ndjson").write_text(text, "utf-8")
    (target / "rows.json").write_bytes(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")


async def user_rows(workspace: Workspace) -> Rows:
    """The rows of every published table at the version that readers see, sorted."""
    pins = await workspace.database.asked(lambda state: list(state.range(PINS)))
    found: Rows = {}
    for pin in pins:
        location = workspace.store.location(keys.warehouse(pin.table_id).rstrip("/"))
        rows = reading.dataset(location, pin.version).to_table().to_pylist()
        found[pin.asset] = sorted(rows, key=str)
    return found


async def _opened(project: Path) -> Workspace:
    settings = Settings(directory=project, workers=1, fsync=False, snapshot_age_seconds=86_400)
    runtime = AsyncioRuntime()
    store = open_scope(settings, runtime)
    database = await Database.open(store, runtime, domains=DOMAINS, writer="golden", sizes=SMALL)
    return workspace_of(settings, runtime, store=store, database=database)


async def _fill_base(workspace: Workspace) -> None:
    """Two snapshots of four more rows each: together they become base files."""
    for first in (0, 4):
        await workspace.database.transact(add_dynamic_partitions(_values(first, first + 4)))
        assert await snapshot.publish(workspace.database)
    await workspace.database.transact(remove_dynamic_partitions(_value(0)))


async def _run(workspace: Workspace) -> None:
    """Both assets, made in a worker process; leaving publishes a snapshot and a hint."""
    follower = Follower(workspace, workspace.settings.directory)
    await follower.start()
    try:
        await deploy_project(workspace, workspace.settings.directory, actor="golden")
        run_id = new_ulid(workspace.runtime)
        command = TriggerRun(run_id=run_id, tenant="local", workspace="main", actor="golden")
        await workspace.database.transact(trigger_run(command))
        run = await follower.follow(run_id, lambda state: None)
        assert run.state is RunState.SUCCEEDED, run
    finally:
        await follower.stop()


async def _add_tail(workspace: Workspace) -> None:
    """Two commits that no snapshot and no hint knows."""
    await workspace.database.transact(add_dynamic_partitions(_value(8)))
    await workspace.database.transact(remove_dynamic_partitions(_value(1)))


def _value(number: int) -> ChangeDynamicPartitions:
    return _values(number, number + 1)


def _values(start: int, stop: int) -> ChangeDynamicPartitions:
    names = tuple(f"r{number}" for number in range(start, stop))
    return ChangeDynamicPartitions(name="regions", values=names, actor="golden")
