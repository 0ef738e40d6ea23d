"""Writing a golden history of catalog objects: every event of the catalog's domain happens once.

What is asked for is made up; the decisions are the real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from arco.catalog.changes import CatalogChange
from arco.catalog.commands import PublishedVersion, PublishVersions, publish_versions
from arco.catalog.decisions.asking import Asker, Surveyed
from arco.catalog.decisions.deciding import decide
from arco.catalog.decisions.purging import purge_dropped
from arco.catalog.events import FilesPurged, PublishedColumn
from arco.catalog.tables import PURGED
from arco.engine.database import Database
from arco.ids import new_uuid7
from arco.model import Decision, Event, State
from arco.store import keys
from tests.golden.clocks import RepeatingRuntime

LAKE = "s3://lake/returns"
CHANGES: Sequence[dict[str, Any]] = (
    {"change": "create_namespace", "name": "sales", "comment": "What is sold."},
    {"change": "create_catalog", "name": "archive", "properties": {"cold": "yes"}},
    {"change": "create_namespace", "name": "sales.eu"},
    {"change": "create_table", "name": "sales.returns", "location": LAKE, "tags": {"pii": "no"}},
    {"change": "create_view", "name": "sales.newest", "texts": {"duckdb": "select 1"}},
    {"change": "create_volume", "name": "sales.eu.scans"},
    {
        "change": "create_function",
        "name": "sales.gross",
        "parameters": [{"name": "net", "type": "double"}],
        "returns": "double",
        "texts": {"duckdb": "net * 1.19"},
    },
    {
        "change": "alter",
        "kind": "table",
        "name": "sales.returns",
        "owner": "bob",
        "column_comments": {"id": "Counts."},
    },
    {"change": "move", "kind": "namespace", "name": "sales.eu", "to": "archive.eu"},
    {"change": "drop", "kind": "catalog", "name": "archive", "contents": "drop"},
    {"change": "undrop", "kind": "catalog", "name": "archive", "to": "vault"},
    {"change": "drop", "kind": "volume", "name": "vault.eu.scans"},
)


async def story(database: Database, runtime: RepeatingRuntime) -> None:
    """Objects are made, changed, dropped and purged."""
    for decision in (*(asked(change, runtime) for change in CHANGES), published(runtime)):
        runtime.wait(1)
        await database.transact(decision)
    runtime.wait(30 * 86_400)
    await database.transact(purge_dropped)
    await database.transact(files_purged)


def asked(change: dict[str, Any], runtime: RepeatingRuntime) -> Decision:
    """The decision about one change."""
    command: Any = msgspec.convert(change, CatalogChange)
    columns = (PublishedColumn("id", "long", nullable=False),)
    asker = Asker(
        actor="ann",
        owner="ann",
        mint=lambda name: new_uuid7(runtime),
        folder=keys.warehouse,
        surveyed={LAKE: Surveyed(columns=columns, version=3, rows=2, size_bytes=64, files=1)},
    )
    return lambda state, now: decide(command, asker, state=state, now=now)


def published(runtime: RepeatingRuntime) -> Decision:
    """A run publishes the first version of a managed table."""

    def decided(state: State, now: datetime) -> Sequence[Event]:
        version = PublishedVersion(
            table_id="0190-orders",
            namespace="shop",
            name="orders",
            version=0,
            columns=(PublishedColumn("amount", "long"),),
            rows=2,
            size_bytes=512,
            files=1,
            location=keys.warehouse("0190-orders"),
            tags={"layer": "gold"},
        )
        command = PublishVersions(
            versions=(version,), run_id="r", actor="", mint=lambda name: new_uuid7(runtime)
        )
        return publish_versions(command, state, now=now)

    return decided


def files_purged(state: State, now: datetime) -> Sequence[Event]:
    """No file of what was purged is left."""
    ids = tuple(row.object_id for row in state.range(PURGED))
    return (Event(FilesPurged(object_ids=ids, purged_at=now)),)
