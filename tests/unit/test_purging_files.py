"""What was dropped long enough ago: gone for good, and its files with it once nobody can see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from arco.access.callers import local_owner
from arco.catalog.changes import CatalogChange
from arco.catalog.finding import find
from arco.catalog.kinds import Kind
from arco.catalog.tables import DROPPED, PURGED
from arco.engine.pins import CreatePin, create_pin, drop_pin
from arco.engine.retention import Policy
from arco.formats.collecting import collect_garbage
from arco.runtime import AsyncioRuntime
from arco.service.changing import Changing
from arco.service.retention import Retention
from arco.service.settings import Settings
from arco.service.workspace import Workspace, open_workspace
from arco.store import keys

NOTHING = timedelta(0)
AT_ONCE = Retention(
    every=NOTHING,
    policy=Policy(
        window=NOTHING, snapshots_newest=1, snapshots_daily=0, grace=NOTHING, delay=NOTHING
    ),
    staged=NOTHING,
    logs=NOTHING,
)


async def ask(workspace: Workspace, *bodies: dict[str, Any]) -> None:
    """The changes as one commit."""
    changes: list[Any] = msgspec.convert(bodies, list[CatalogChange])
    changing = Changing(workspace, changes, caller=local_owner("local", "main"))
    await workspace.database.transact(changing.decide)


async def collect(workspace: Workspace) -> None:
    """Passes until nothing is left to do."""
    for _ in range(4):
        await collect_garbage(workspace, AT_ONCE)


def with_a_file(directory: Path, *, undrop_days: float, story: Callable[..., Any]) -> None:
    """The story of `sales.orders`, which has one file."""

    async def told() -> None:
        settings = Settings(directory=directory, fsync=False, undrop_days=undrop_days)
        workspace = await open_workspace(settings, AsyncioRuntime())
        await ask(
            workspace,
            {"change": "create_namespace", "name": "sales"},
            {"change": "create_table", "name": "sales.orders"},
        )
        found = find(workspace.database.state, Kind.TABLE, name="sales.orders")
        name = keys.warehouse(found.object_id) + "_delta_log/00000000000000000000.json"
        await workspace.store.create(name, b"{}")
        await story(workspace, found.object_id, name=name)

    asyncio.run(told())


def test_files_go_with_a_table_that_cannot_come_back(tmp_path: Path) -> None:
    async def story(workspace: Workspace, table_id: str, *, name: str) -> None:
        await ask(workspace, {"change": "drop", "kind": "table", "name": "sales.orders"})
        await collect(workspace)
        state = workspace.database.state
        assert await workspace.store.get(name) is None
        assert state.get(DROPPED, table_id) is None
        assert state.get(PURGED, table_id) is None

    with_a_file(tmp_path, undrop_days=0, story=story)


def test_files_stay_while_a_table_can_come_back(tmp_path: Path) -> None:
    async def story(workspace: Workspace, table_id: str, *, name: str) -> None:
        await ask(workspace, {"change": "drop", "kind": "table", "name": "sales.orders"})
        await collect(workspace)
        assert await workspace.store.get(name) is not None
        await ask(workspace, {"change": "undrop", "kind": "table", "name": "sales.orders"})
        assert find(workspace.database.state, Kind.TABLE, name="sales.orders")

    with_a_file(tmp_path, undrop_days=1, story=story)


def test_files_stay_while_a_pin_shows_their_table(tmp_path: Path) -> None:
    async def story(workspace: Workspace, table_id: str, *, name: str) -> None:
        database = workspace.database
        pin = CreatePin(name="audit", slot=database.seq, reason="", actor="test")
        await database.transact(create_pin(pin))
        await ask(workspace, {"change": "drop", "kind": "table", "name": "sales.orders"})
        await collect(workspace)
        assert database.state.get(PURGED, table_id) is not None
        assert await workspace.store.get(name) is not None
        await database.transact(drop_pin("audit", "test"))
        await collect(workspace)
        assert await workspace.store.get(name) is None

    with_a_file(tmp_path, undrop_days=0, story=story)
