"""A foreign version that a run's data does not fit, written while the run is published: the run
fails, nothing of it is left in any table, and what others wrote stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from arco.orchestration.rows import Publication, Run
from arco.orchestration.states import RunState
from arco.orchestration.tables import PUBLICATIONS, PUBLISHING
from arco.service import loop
from arco.store.port import Store
from tests.integration.leading_workspace import System, opened, play, write_project
from tests.integration.test_publication_faults import Meddling, creates, location, runs_in

CODE = """
@asset(namespace="n", write_mode="append")
def first(context): return [{"run": context.run_id}]

@asset(namespace="n", write_mode="append", deps=["first"])
def second(context): return [{"run": context.run_id}]

@asset(namespace="n", deps=["second"])
def third(context): return [{"run": context.run_id}]
"""
ALTERED = pa.table({"run": [7], "more": ["foreign"]})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(loop, "PUBLISH_RETRY_SECONDS", 0.02)
    return write_project(tmp_path / "p", CODE)


@asynccontextmanager
async def meddled(project: Path) -> AsyncIterator[tuple[System, Meddling]]:
    """A leader's workspace, and what gets in its way."""
    meddling: list[Meddling] = []

    def wrap(disk: Store) -> Store:
        meddling.append(Meddling(disk))
        return meddling[0]

    async with opened(project, wrap) as system:
        await system.lead()
        yield system, meddling[0]


async def altered(path: str) -> None:
    """Another program replaces what the table is."""
    await asyncio.to_thread(
        write_deltalake, path, ALTERED, mode="overwrite", schema_mode="overwrite"
    )


async def started(system: System) -> list[Publication]:
    """Publications that are not over, and tables that nobody else may move."""
    asked = system.database.asked
    assert await asked(lambda state: list(state.range(PUBLISHING))) == []
    rows = await asked(lambda state: list(state.range(PUBLICATIONS)))
    return [row for row in rows if row.published_at is None]


def expect_refused(run: Run) -> None:
    """It says what happened and what to do next."""
    assert run.state is RunState.FAILED
    assert "SCHEMA_CHANGED: another program changed n.second" in run.message
    assert "schema_policy" in run.message


def test_a_run_whose_table_is_altered_while_it_is_published_fails_and_leaves_nothing(
    project: Path,
) -> None:
    async def story() -> None:
        async with meddled(project) as (system, meddling):
            before = (await system.done("*")).run_id
            path = await location(system, "n.second")
            meddling.when = creates(f"{Path(path).name}/_delta_log/")
            meddling.what = lambda: altered(path)
            refused = await system.done("*")
            expect_refused(refused)
            assert await started(system) == []
            assert DeltaTable(path).to_pyarrow_table().column_names == ["run", "more"]
            assert await runs_in(system, "n.second") == [7]
            for asset in ("n.first", "n.third"):
                assert await runs_in(system, asset) == [before]
                assert DeltaTable(await location(system, asset)).version() == 2
            assert (await system.done("n.first")).state is RunState.SUCCEEDED
            assert len(await runs_in(system, "n.first")) == 2
            assert await system.findings() == ()

    play(story)


def test_what_others_append_while_a_run_is_taken_back_stays(project: Path) -> None:
    async def story() -> None:
        async with meddled(project) as (system, meddling):
            before = (await system.done("*")).run_id
            path, beside = [await location(system, name) for name in ("n.second", "n.first")]

            async def appended() -> None:
                rows = pa.table({"run": ["foreign"]})
                await asyncio.to_thread(write_deltalake, beside, rows, mode="append")

            async def altered_and_then() -> None:
                await altered(path)
                meddling.when = creates(f"{Path(beside).name}/_delta_log/{2:020d}")
                meddling.what = appended

            meddling.when = creates(f"{Path(path).name}/_delta_log/")
            meddling.what = altered_and_then
            expect_refused(await system.done("*"))
            assert await runs_in(system, "n.first") == sorted([before, "foreign"])
            assert DeltaTable(beside).version() == 3
            assert await started(system) == []
            assert await system.findings() == ()

    play(story)


def test_a_leader_that_stops_while_it_takes_back_is_followed_by_one_that_goes_on(
    project: Path,
) -> None:
    async def story() -> None:
        async with meddled(project) as (system, meddling):
            before = (await system.done("*")).run_id
            path = await location(system, "n.second")
            stuck = asyncio.Event()

            async def stop_here() -> None:
                stuck.set()
                await asyncio.sleep(60)

            async def altered_and_then() -> None:
                await altered(path)
                meddling.when = creates(f"/_delta_log/{2:020d}")
                meddling.what = stop_here

            meddling.when = creates(f"{Path(path).name}/_delta_log/")
            meddling.what = altered_and_then
            run_id = await system.trigger("*")
            await asyncio.wait_for(stuck.wait(), 20)
            assert system.leader is not None
            await system.leader.stop()
            assert (await system.run_of(run_id)).state is RunState.RUNNING
            await system.lead()
            expect_refused(await system.ended(run_id))
            for asset in ("n.first", "n.third"):
                assert await runs_in(system, asset) == [before]
            assert await started(system) == []
            assert await system.findings() == ()

    play(story)
