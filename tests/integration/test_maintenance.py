"""Tables are kept small beside readers, runs and other programs: the same rows, all or nothing,
whoever stops in the middle.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from arco.engine.past import state_at
from arco.errors import Conflict, Invalid
from arco.execution.maintaining import Maintaining
from arco.formats import delta, reading
from arco.formats.maintaining import (
    ANOTHER_WROTE,
    begin_compaction,
    ended_compaction,
    needs_of,
    write_checkpoint,
)
from arco.formats.merging import refuse_other_base
from arco.orchestration.definitions import MaintenancePolicy
from arco.orchestration.maintenance import CHECKPOINTS, COMPACTIONS, Compaction
from arco.orchestration.rows import Pin
from arco.orchestration.states import RunState
from arco.orchestration.tables import PINS, PUBLISHING
from arco.service import loop
from arco.store.port import Store
from tests.integration.delta_table import Table
from tests.integration.dying_command import dies
from tests.integration.leading_workspace import System, opened, play, write_project
from tests.integration.test_publication_faults import Meddling, creates, location, runs_in

CODE = """
@asset(namespace="n", write_mode="append")
def first(context): return [{"run": context.run_id}]
"""
POLICY = MaintenancePolicy(files_min=3)
FIRST = "n.first"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(loop, "PUBLISH_RETRY_SECONDS", 0.02)
    return write_project(tmp_path / "p", CODE)


@asynccontextmanager
async def with_files(project: Path, count: int) -> AsyncIterator[tuple[System, Meddling]]:
    """A leader, a table of so many files, and what gets in the way."""
    meddling: list[Meddling] = []

    def wrap(disk: Store) -> Store:
        meddling.append(Meddling(disk))
        return meddling[0]

    async with opened(project, wrap) as system:
        await system.lead()
        for _ in range(count):
            assert (await system.done(FIRST)).state is RunState.SUCCEEDED
        yield system, meddling[0]


async def pin_of(system: System, asset: str = FIRST) -> Pin:
    pin = await system.database.asked(lambda state: state.get(PINS, asset))
    assert pin is not None
    return pin


async def over(system: System, compaction_id: str) -> Compaction:
    """The compaction once it has ended, however it did."""
    async with asyncio.timeout(40):
        while True:
            row = await system.database.asked(lambda state: state.get(COMPACTIONS, compaction_id))
            assert row is not None
            if row.ended_at is not None:
                return row
            await asyncio.sleep(0.01)


def test_direct_readers_see_the_same_rows_in_fewer_files_and_an_old_version_stays_readable(
    project: Path,
) -> None:
    async def story() -> None:
        async with with_files(project, 4) as (system, _):
            path, before = await location(system, FIRST), await pin_of(system)
            rows, slot = await runs_in(system, FIRST), system.database.seq
            assert (await needs_of(system.workspace, FIRST, policy=POLICY)).small_files == 4
            done = await over(
                system, await begin_compaction(system.workspace, FIRST, policy=POLICY)
            )
            assert (done.message, done.version, done.files_removed) == ("", 4, 4)
            table = DeltaTable(path)
            assert (table.version(), len(table.file_uris())) == (4, 1)
            assert await runs_in(system, FIRST) == rows
            assert (await pin_of(system)).version == 4
            assert len(delta.snapshot(path, before.version).files) == 4
            past = await state_at(system.database, slot)
            assert await past.asked(lambda state: state.get(PINS, FIRST)) == before
            assert reading.dataset(path, before.version).count_rows() == 4
            assert await begin_compaction(system.workspace, FIRST, policy=POLICY) == "", (
                "nothing is left"
            )
            await system.done(FIRST)
            assert len(await runs_in(system, FIRST)) == 5
            assert await system.findings() == ()

    play(story)


def test_a_version_of_another_program_in_between_ends_the_compaction_and_stays(
    project: Path,
) -> None:
    async def story() -> None:
        async with with_files(project, 3) as (system, meddling):
            path, before = await location(system, FIRST), await pin_of(system)

            async def appended() -> None:
                rows = pa.table({"run": ["foreign"]})
                await asyncio.to_thread(write_deltalake, path, rows, mode="append")

            meddling.when = creates(f"{Path(path).name}/_delta_log/")
            meddling.what = appended
            done = await over(
                system, await begin_compaction(system.workspace, FIRST, policy=POLICY)
            )
            assert done.message == ANOTHER_WROTE
            with pytest.raises(Conflict, match="another program wrote"):
                ended_compaction(system.database.state, done.compaction_id)
            assert await pin_of(system) == before
            assert "foreign" in await runs_in(system, FIRST)
            assert (
                "another program" in (await needs_of(system.workspace, FIRST, policy=POLICY)).busy
            )
            assert await begin_compaction(system.workspace, FIRST, policy=POLICY) == ""
            await system.done(FIRST)
            again = await over(
                system, await begin_compaction(system.workspace, FIRST, policy=POLICY)
            )
            assert (again.message, again.files_removed) == ("", 5)
            assert len(await runs_in(system, FIRST)) == 5
            assert await system.findings() == ()

    play(story)


@pytest.mark.parametrize("stands", [False, True], ids=["before-its-entry", "after-its-entry"])
def test_a_compaction_that_its_leader_leaves_in_the_middle_is_finished_by_the_next(
    project: Path, stands: bool
) -> None:
    async def story() -> None:
        async with with_files(project, 3) as (system, meddling):
            path = await location(system, FIRST)
            stuck = asyncio.Event()

            async def stop_here() -> None:
                stuck.set()
                await asyncio.sleep(60)

            name = f"{Path(path).name}/_delta_log/"

            async def then_stop() -> None:
                meddling.when, meddling.what = creates("/log/0"), stop_here

            meddling.when = creates(name)
            meddling.what = then_stop if stands else stop_here
            begun = await begin_compaction(system.workspace, FIRST, policy=POLICY)
            await stuck.wait()
            assert len(DeltaTable(path).file_uris()) == (1 if stands else 3)
            assert (await pin_of(system)).version == 2
            assert system.leader is not None
            stopping, system.leader = system.leader, None
            await stopping.stop()
        async with opened(project) as system:
            await system.lead()
            assert (await over(system, begun)).message == ""
            assert (await pin_of(system)).version == 3
            assert len(await runs_in(system, FIRST)) == 3
            assert await system.database.asked(lambda state: list(state.range(PUBLISHING))) == []
            assert await system.findings() == ()

    play(story)


def test_a_command_that_is_killed_anywhere_is_finished_by_the_next(
    project: Path, tmp_path: Path
) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write("[tool.arco.maintenance]\nfiles_min = 3\ncheckpoint_versions = 2\n")

    async def written() -> list[str]:
        async with with_files(project, 3) as (system, _):
            return await runs_in(system, FIRST)

    rows = play(written)
    for nth in range(1, 20):
        folder = shutil.copytree(project, tmp_path / str(nth) / project.name)
        survived = not dies(folder, "maintain", verb="create", nth=nth)
        path = next(folder.glob(".arco/tenant=local/workspace=main/warehouse/*"))
        assert sorted(DeltaTable(path).to_pyarrow_table()["run"].to_pylist()) == rows
        if survived:
            break
        assert play(lambda folder=folder: maintained(folder)) == (3, 1, 3)
        assert sorted(DeltaTable(path).to_pyarrow_table()["run"].to_pylist()) == rows
    assert survived and nth >= 6


async def maintained(folder: Path) -> tuple[int, int, int]:
    """What another process finishes and begins: the version, its files, and its checkpoint."""
    async with opened(folder) as system:
        await system.lead()
        for row in await system.database.asked(lambda state: list(state.range(COMPACTIONS))):
            await over(system, row.compaction_id)
        begun = await begin_compaction(system.workspace, FIRST, policy=POLICY)
        if begun:
            await over(system, begun)
        checkpoint = await write_checkpoint(system.workspace, FIRST)
        files = len(DeltaTable(await location(system, FIRST)).file_uris())
        assert await system.findings() == ()
        return (await pin_of(system)).version, files, checkpoint


def test_a_merge_stands_on_rows_and_not_on_the_files_that_hold_them(tmp_path: Path) -> None:
    table = Table(tmp_path)
    for number in range(3):
        table.publish(table.stage([{"run": f"{number}"}]), mode="append")
    merged = table.stage([{"run": "all of them"}])
    DeltaTable(table.location).optimize.compact()
    refuse_other_base(table.location, [merged], base=2, before=delta.snapshot(table.location, 3))
    write_deltalake(table.location, pa.table({"run": ["foreign"]}), mode="append")
    with pytest.raises(Invalid, match="another run or program wrote"):
        refuse_other_base(
            table.location, [merged], base=2, before=delta.snapshot(table.location, 4)
        )


def test_a_checkpoint_saves_readers_the_entries_before_it(project: Path) -> None:
    async def story() -> None:
        async with with_files(project, 4) as (system, _):
            path, rows = await location(system, FIRST), await runs_in(system, FIRST)
            assert (
                await needs_of(
                    system.workspace, FIRST, policy=MaintenancePolicy(checkpoint_versions=3)
                )
            ).checkpoint_is_due
            assert await write_checkpoint(system.workspace, FIRST) == 3
            assert await write_checkpoint(system.workspace, FIRST) == 3
            known = await system.database.asked(lambda state: state.get(CHECKPOINTS, FIRST))
            assert known is not None and known.version == 3
            for version in range(3):
                (Path(path) / f"_delta_log/{version:020d}.json").rename(
                    Path(path) / f"{version}.aside"
                )
            assert await runs_in(system, FIRST) == rows
            for version in range(3):
                (Path(path) / f"{version}.aside").rename(
                    Path(path) / f"_delta_log/{version:020d}.json"
                )
            await system.done(FIRST)
            assert len(await runs_in(system, FIRST)) == 5
            assert await write_checkpoint(system.workspace, FIRST) == 4
            assert await system.findings() == ()

    play(story)


def test_a_leader_keeps_tables_small_as_the_project_says(project: Path) -> None:
    said = "[tool.arco.maintenance]\nfiles_min = 3\ncheckpoint_versions = 2\n"
    with (project / "pyproject.toml").open("a") as file:
        file.write(said)

    async def story() -> None:
        async with with_files(project, 2) as (system, _):
            duty = Maintaining(system.workspace, project)
            await duty.start()
            assert await duty.turn() == 0, "two files are few"
            await system.done(FIRST)
            assert await duty.turn() == 1
            begun = [row.compaction_id for row in system.database.state.range(COMPACTIONS)]
            assert [(await over(system, each)).message for each in begun] == [""]
            known = await system.database.asked(lambda state: state.get(CHECKPOINTS, FIRST))
            assert known is not None and known.version == 2
            assert (await pin_of(system)).version == 3
            assert await duty.turn() == 0, "it was looked at a moment ago"
            await duty.close()

    play(story)
