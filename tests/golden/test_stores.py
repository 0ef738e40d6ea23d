"""Workspaces of earlier releases: today's code opens, verifies, reads and continues them."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from arco.engine import snapshot
from arco.engine.database import Database
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.feed import Feed
from arco.engine.lanes.ingest import Ingester
from arco.engine.pasts import Pasts
from arco.engine.verify import Verifier
from arco.formats.inspecting import inspect_tables
from arco.orchestration.commands.deployments import (
    ChangeDynamicPartitions,
    add_dynamic_partitions,
)
from arco.orchestration.invariants import violations
from arco.runtime import AsyncioRuntime, run
from arco.service.authority import Authority
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, Workspace, open_scope
from tests.golden.folders import STORES, named
from tests.golden.states import folded, lines
from tests.golden.stores import user_rows

RUNTIME = AsyncioRuntime()


@pytest.fixture(params=named(STORES), ids=lambda path: path.name)
def golden(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def settings(golden: Path, tmp_path: Path) -> Settings:
    shutil.copytree(golden / "store", tmp_path / ".arco")
    return Settings(directory=tmp_path)


async def opened(settings: Settings) -> Workspace:
    store = open_scope(settings, RUNTIME)
    database = await Database.open(store, RUNTIME, domains=DOMAINS, writer="test")
    return Workspace(
        settings=settings,
        runtime=RUNTIME,
        store=store,
        database=database,
        ingester=Ingester(database),
        authority=Authority(database),
        pasts=Pasts(database),
        feed=Feed(database),
    )


async def found_by_verify(settings: Settings) -> list[str]:
    store = open_scope(settings, RUNTIME)
    verifier = Verifier(store, RUNTIME, (*DOMAINS, ENGINE))
    report = await verifier.run([violations])
    assert report.snapshot_rows
    inspection = await inspect_tables(store, RUNTIME, state=verifier.tables)
    assert inspection.files
    return [str(finding) for finding in (*report.findings, *inspection.findings)]


def test_snapshot_and_tail_of_an_earlier_release_are_its_state(
    golden: Path, settings: Settings
) -> None:
    async def main() -> None:
        workspace = await opened(settings)
        assert workspace.database.replay.damage is None
        assert workspace.database.replay.index is not None
        text = await workspace.database.asked(lambda state: "".join(lines(state)))
        assert text == (golden / "state.ndjson").read_text("utf-8")
        assert text == await folded(workspace.store, RUNTIME)

    run(main())


def test_a_store_of_an_earlier_release_verifies(settings: Settings) -> None:
    assert run(found_by_verify(settings)) == []


def test_tables_of_an_earlier_release_are_read_at_their_pins(
    golden: Path, settings: Settings
) -> None:
    async def main() -> None:
        rows = await user_rows(await opened(settings))
        assert rows == msgspec.json.decode((golden / "rows.json").read_bytes())

    run(main())


def test_a_store_of_an_earlier_release_is_continued(settings: Settings) -> None:
    async def main() -> list[str]:
        workspace = await opened(settings)
        before = workspace.database.seq
        change = ChangeDynamicPartitions(name="regions", values=("later",))
        receipt = await workspace.database.transact(add_dynamic_partitions(change))
        assert receipt.seq == before + 1
        assert await snapshot.publish(workspace.database)
        return await found_by_verify(settings)

    assert run(main()) == []
