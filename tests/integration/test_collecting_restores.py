"""The collector beside those who read the past: restores, exports, and what is gone already."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arco.engine import snapshot
from arco.engine.garbage import CONDEMNED, PINS
from arco.engine.holding import held
from arco.engine.package import read_package, unpack
from arco.engine.past import state_at
from arco.errors import ArcoError, Conflict
from arco.formats.collecting import collect_garbage, table_files
from arco.formats.exporting import export, table_contents
from arco.formats.restore_plans import plan_restore
from arco.formats.restoring import begin_restore, restore
from arco.ids import new_ulid
from arco.model import State
from arco.orchestration.commands.restores import StartRestore, start_restore
from arco.service.retention import PROFILES, begin
from arco.service.settings import Settings
from arco.service.workspace import Workspace, open_scope, open_workspace
from tests.integration.leading_workspace import opened, play, write_project
from tests.integration.test_collecting import DEFAULT, later, problems, swept
from tests.unit.garbage_world import MovedClock

CODE = """
@asset(namespace="n")
def numbers():
    proof("numbers")
    size = os.path.getsize(os.path.join(os.path.dirname(__file__), "numbers"))
    return [{"x": x} for x in range(size)]
"""
NAME = "n.numbers"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "p", CODE)


async def versions(project: Path, count: int) -> list[int]:
    """The slot after each of so many versions of the table; nobody leads afterwards."""
    slots = []
    async with opened(project) as system:
        await system.lead()
        for _ in range(count):
            await system.done(NAME)
            slots.append(system.database.seq)
    return slots


async def parquet_files(workspace: Workspace) -> list[str]:
    stand = [entry.key for entry in await workspace.store.list("warehouse/")]
    return [name for name in stand if name.endswith(".parquet")]


def condemned_names(state: State) -> list[str]:
    return [row.name for row in state.range(CONDEMNED) if row.name.startswith("warehouse/")]


def test_a_restore_that_started_keeps_the_old_files_until_it_ends(project: Path) -> None:
    async def story() -> None:
        one, *_ = await versions(project, 3)
        async with later(project) as workspace:
            plan = await plan_restore(workspace, [NAME], slot=one)
            restore_id = await begin_restore(workspace, plan, actor="ann")
        await swept(project, 8)
        async with later(project, days=11) as workspace:
            assert len(await parquet_files(workspace)) == 2
            await restore(workspace, restore_id)
            await snapshot.publish(workspace.database)
            again = await plan_restore(workspace, [NAME], slot=one)
            assert again.tables[0].is_unchanged and again.tables[0].rows_now == 1
        await swept(project, 30)
        async with later(project, days=33) as workspace:
            assert len(await parquet_files(workspace)) == 1
            assert await problems(workspace) == []

    play(story)


def test_a_restore_that_starts_while_garbage_is_marked_has_it_marked_again(project: Path) -> None:
    async def story() -> None:
        one, *_ = await versions(project, 3)
        async with later(project, days=8) as workspace:
            database = workspace.database
            plan = await plan_restore(workspace, [NAME], slot=one)
            await database.transact(begin(DEFAULT))
            area = table_files(workspace, DEFAULT)
            names = [entry.key for entry in await area.listed(database.asked)]
            judge = await area.mark(database.asked, names)
            doomed = await database.asked(lambda state: judge(state, names))
            assert doomed is not None and len(doomed) == 2
            await begin_restore(workspace, plan, actor="ann")
            assert await database.asked(lambda state: judge(state, names)) is None

    play(story)


def test_what_is_condemned_cannot_be_restored_and_what_is_gone_says_from_where_on_all_is_kept(
    project: Path,
) -> None:
    async def story() -> None:
        one, *_ = await versions(project, 3)
        async with later(project) as workspace:
            plan = await plan_restore(workspace, [NAME], slot=one)
        async with later(project, days=8) as workspace:
            await collect_garbage(workspace, DEFAULT)
            database = workspace.database
            with pytest.raises(ArcoError) as going:
                await begin_restore(workspace, plan, actor="ann")
            assert going.value.code == "FILES_GONE"
            condemned = await database.asked(condemned_names)
            late = StartRestore(
                restore_id=new_ulid(workspace.runtime),
                slot=one,
                versions={},
                tables=(),
                files=(condemned[0],),
            )
            with pytest.raises(Conflict) as refused:
                await database.transact(start_restore(late))
            assert refused.value.code == "NAME_CONDEMNED"
        floor = (await swept(project, 10)).floor
        async with later(project, days=13) as workspace:
            with pytest.raises(ArcoError) as gone:
                await plan_restore(workspace, [NAME], slot=one)
            assert gone.value.code == "FILES_GONE"
            assert f"from slot {floor} on everything is kept" in gone.value.hint
            past = await state_at(workspace.database, one)
            assert past.seq == one < floor

    play(story)


def test_what_an_export_needs_is_kept_until_it_ends(project: Path) -> None:
    async def story() -> None:
        await versions(project, 2)
        async with later(project) as workspace:
            async with held(workspace.database, "export") as slot:
                await versions(project, 1)
                await swept(project, 4, retention=PROFILES["cost"])
                tables = await table_contents(workspace, await state_at(workspace.database, slot))
                stand = {entry.key for entry in await workspace.store.list("warehouse/")}
                needed = {each.name for each in tables.contents if not each.is_spare}
                assert needed <= stand and len(await parquet_files(workspace)) == 2
                assert len(list(workspace.database.state.range(PINS))) == 1
            assert list(workspace.database.state.range(PINS)) == []

    play(story)


def test_a_package_of_a_collected_workspace_has_what_is_kept_and_says_what_is_not(
    project: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        await versions(project, 3)
        await swept(project, 8)
        async with later(project, days=11) as workspace:
            done = await export(workspace, tmp_path / "kept.tar")
            assert done.floor > 0 and done.incomplete == ()
        await versions(project, 2)
        async with later(project, days=11) as workspace:
            newest, *older = sorted(await parquet_files(workspace), key=modified(workspace))[::-1]
            await workspace.store.delete(older[0])
            done = await export(workspace, tmp_path / "cut.tar")
            assert done.incomplete == (NAME,)
            assert newest in {each.name for each in done.manifest.objects}
        await arrives(tmp_path / "kept.tar", tmp_path / "there")
        await arrives(tmp_path / "cut.tar", tmp_path / "elsewhere")

    play(story)


def modified(workspace: Workspace) -> Callable[[str], float]:
    return lambda name: Path(workspace.store.location(name)).stat().st_mtime


async def arrives(package: Path, folder: Path) -> None:
    """The package is a workspace there, and verifies."""
    clock = MovedClock()
    settings = Settings(directory=folder)
    store = open_scope(settings, clock)
    await unpack(store, clock, path=package, manifest=await read_package(clock, package))
    assert await problems(await open_workspace(settings, clock)) == []
