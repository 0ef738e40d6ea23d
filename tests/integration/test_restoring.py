"""Restoring tables: the old content in a new version, all tables or none, whatever dies."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from arco.cli.restoring import finished, left_behind
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.verify import Finding, Verifier
from arco.errors import ArcoError, Conflict
from arco.formats.inspecting import inspect_tables
from arco.formats.restore_plans import plan_restore
from arco.formats.restoring import begin_restore, restore
from arco.orchestration.invariants import violations
from arco.orchestration.restores import RESTORES
from arco.orchestration.states import PublicationState
from arco.orchestration.tables import ASSETS, PINS
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, open_scope
from tests.integration.cli_project import Project
from tests.integration.dying_command import dies
from tests.integration.leading_workspace import System, opened, play, write_project

CODE = """
from arco import StaticPartitions
@asset(namespace="n", partitions=StaticPartitions(["x", "y"]))
def first(context): return [{"round": open("round").read(), "run": context.run_id}]

@asset(namespace="n")
def second(first): return [{"round": open("round").read()}]
"""
PLAIN = CODE.replace(', partitions=StaticPartitions(["x", "y"])', "")
NAMES = ["n.first", "n.second"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_project(tmp_path / "p", CODE.replace('"round")', f'"{tmp_path}/round")'))


async def rounds(system: System, *numbers: str) -> list[int]:
    """The slot after each round of runs."""
    slots = []
    for number in numbers:
        Path("round").write_text(number)
        await system.done("*")
        slots.append(system.database.seq)
    return slots


async def location(system: System, name: str) -> str:
    row = await system.database.asked(lambda state: state.get(ASSETS, name))
    assert row is not None
    return str(system.project / ".arco/tenant=local/workspace=main/warehouse" / row.table_id)


async def seen(system: System, name: str) -> list[str]:
    """The rounds that readers of the pinned version see, by a library that is not ours."""
    pin = await system.database.asked(lambda state: state.get(PINS, name))
    assert pin is not None
    table = DeltaTable(await location(system, name), version=pin.version)
    return sorted(set(table.to_pyarrow_table()["round"].to_pylist()))


async def restored(system: System, slot: int, *names: str) -> str:
    plan = await plan_restore(system.workspace, names or NAMES, slot=slot)
    restore_id = await begin_restore(system.workspace, plan, actor="ann")
    await restore(system.workspace, restore_id)
    return restore_id


async def expect_clean(system: System) -> None:
    assert await system.findings() == ()
    inspection = await inspect_tables(
        system.workspace.store, system.workspace.runtime, state=system.database.state
    )
    assert inspection.findings == ()
    assert violations(system.database.state) == []


def test_tables_come_back_together_and_the_way_back_is_open(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            one, two = await rounds(system, "1", "2")
            await restored(system, one)
            assert [await seen(system, name) for name in NAMES] == [["1"], ["1"]]
            third = system.database.seq
            await restored(system, two, "n.first")
            assert [await seen(system, name) for name in NAMES] == [["2"], ["1"]]
            await restored(system, third)
            assert [await seen(system, name) for name in NAMES] == [["1"], ["1"]]
            assert await restored(system, third) == ""
            await rounds(system, "3")
            assert [await seen(system, name) for name in NAMES] == [["3"], ["3"]]
            await expect_clean(system)

    play(story)


def test_a_leader_finishes_what_somebody_started(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            leader = await system.lead()
            one, _ = await rounds(system, "1", "2")
            await leader.stop()
            plan = await plan_restore(system.workspace, NAMES, slot=one)
            restore_id = await begin_restore(system.workspace, plan, actor="ann")
            assert await seen(system, "n.first") == ["2"]
            with pytest.raises(Conflict, match="is publishing"):
                await begin_restore(system.workspace, plan, actor="bob")
            await system.lead()
            row: Any = None
            async with asyncio.timeout(20):
                while row is None or row.state is not PublicationState.PUBLISHED:
                    await asyncio.sleep(0.02)
                    row = await system.database.asked(lambda state: state.get(RESTORES, restore_id))
            assert [await seen(system, name) for name in NAMES] == [["1"], ["1"]]
            await expect_clean(system)

    play(story)


def test_a_foreign_version_in_between_is_built_upon(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            leader = await system.lead()
            one, _ = await rounds(system, "1", "2")
            await leader.stop()
            plan = await plan_restore(system.workspace, ["n.second"], slot=one)
            restore_id = await begin_restore(system.workspace, plan, actor="ann")
            foreign = pa.table({"round": ["foreign"]})
            write_deltalake(await location(system, "n.second"), foreign, mode="append")
            await restore(system.workspace, restore_id)
            assert await seen(system, "n.second") == ["1"]
            pin = await system.database.asked(lambda state: state.get(PINS, "n.second"))
            assert pin is not None and pin.version == 3
            await expect_clean(system)

    play(story)


def guard_rows(path: str) -> None:
    """Another program asks whoever writes the table for more than we do."""
    DeltaTable(path).alter.add_constraint({"any_round": "round <> 'never'"})


@pytest.mark.parametrize("which", [0, 1])
def test_a_restore_that_a_foreign_version_made_impossible_ends_and_leaves_nothing(
    project: Path, which: int
) -> None:
    """`which`: the table that is altered, before or after the other one has its entry."""

    async def story() -> None:
        async with opened(project) as system:
            leader = await system.lead()
            one, _ = await rounds(system, "1", "2")
            await leader.stop()
            plan = await plan_restore(system.workspace, NAMES, slot=one)
            restore_id = await begin_restore(system.workspace, plan, actor="ann")
            altered = await location(system, NAMES[which])
            await asyncio.to_thread(guard_rows, altered)
            with pytest.raises(Conflict) as given_up:
                await finished(system.workspace, restore_id)
            assert given_up.value.code == "RESTORE_ABANDONED"
            assert f"another program changed {NAMES[which]}" in given_up.value.message
            assert "DELTA_FEATURE_UNSUPPORTED" in given_up.value.message
            row = await system.database.asked(lambda state: state.get(RESTORES, restore_id))
            assert row is not None and row.abandoned_at is not None and row.restored_at is None
            assert [await seen(system, name) for name in NAMES] == [["2"], ["2"]]
            table = DeltaTable(await location(system, NAMES[1 - which]))
            assert set(table.to_pyarrow_table()["round"].to_pylist()) == {"2"}
            assert await left_behind(system.workspace) == []
            await restored(system, one, NAMES[1 - which])
            assert await seen(system, NAMES[1 - which]) == ["1"]
            await expect_clean(system)

    play(story)


def test_what_cannot_be_restored_is_refused_before_anything_moves(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            start = system.database.seq
            one, _ = await rounds(system, "1", "2")
            before = system.database.seq
            with pytest.raises(ArcoError) as absent:
                await plan_restore(system.workspace, NAMES, slot=start)
            assert absent.value.code == "TABLE_ABSENT_THEN"
            with pytest.raises(ArcoError) as unknown:
                await plan_restore(system.workspace, ["n.third"], slot=one)
            assert unknown.value.code == "TABLE_NOT_FOUND"
            for file in Path(await location(system, "n.second")).glob("*.parquet"):
                if "1" in pa.parquet.read_table(file)["round"].to_pylist():
                    file.unlink()
            with pytest.raises(ArcoError) as gone:
                await plan_restore(system.workspace, NAMES, slot=one)
            assert gone.value.code == "FILES_GONE" and "from slot 0 on" in gone.value.hint
            assert system.database.seq == before

    play(story)


def test_another_partitioning_than_the_deployed_one_is_refused(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            (one,) = await rounds(system, "1")
        folder = project.parent
        overwrite = '(namespace="n", schema_policy="overwrite")'
        code = PLAIN.replace('"round")', f'"{folder}/round")').replace('(namespace="n")', overwrite)
        write_project(project, code)
        async with opened(project) as system:
            await system.lead()
            await rounds(system, "2")
            with pytest.raises(ArcoError) as refused:
                await plan_restore(system.workspace, ["n.first"], slot=one)
            assert refused.value.code == "PARTITIONING_CHANGED"
            assert "deploy the asset" in refused.value.hint

    play(story)


SHOP = """
import pathlib
import pyarrow as pa
from arco import asset
ROUND = pathlib.Path(__file__).with_name("round").read_text()

@asset(namespace="n")
def first() -> pa.Table: return pa.table({"round": [ROUND], ROUND: [1]})

@asset(namespace="n")
def second(first: pa.Table) -> pa.Table: return pa.table({"round": [ROUND] * 2})
"""


@pytest.fixture(scope="module")
def twice_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("restore") / "shop"
    project = Project(folder, SHOP)
    for number in ("a", "b"):
        (folder / "round").write_text(number)
        project.arco("run", "--all")
    return folder


async def found_in(folder: Path) -> tuple[Finding, ...]:
    runtime = AsyncioRuntime()
    store = open_scope(Settings(directory=folder), runtime)
    verifier = Verifier(store, runtime, (*DOMAINS, ENGINE))
    report = await verifier.run([violations])
    inspection = await inspect_tables(store, runtime, state=verifier.tables)
    return (*report.findings, *inspection.findings)


def table_rounds(project: Project) -> list[str]:
    query = "select (select min(round) from n.first) || (select min(round) from n.second) as rounds"
    return [row["rounds"] for row in project.arco("sql", query, "--json").json()]


def test_a_restore_that_is_killed_anywhere_is_finished_by_the_next_command(
    twice_run: Path, tmp_path: Path
) -> None:
    survived = False
    for nth in range(1, 20):
        folder = tmp_path / str(nth)
        shutil.copytree(twice_run, folder)
        project = Project(folder, SHOP)
        slot = project.arco("history", "n.first", "--json").json()[-1]["slot"]
        arguments = ("restore", *NAMES, "--to", str(slot), "--yes")
        if not dies(folder, *arguments, verb="create", nth=nth):
            survived = True
            break
        assert table_rounds(project) in (["aa"], ["bb"])
        project.arco(*arguments)
        assert table_rounds(project) == ["aa"]
        assert run(found_in(folder)) == ()
    assert survived and nth >= 7


def test_the_command_asks_first_and_says_what_is_stale(twice_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(twice_run, folder)
    project = Project(folder, SHOP)
    asked = project.arco("restore", "n.first", "--to", "v0", code=1)
    assert "version 1 becomes what 0 was" in asked.out and "Aborted" in asked.err
    assert table_rounds(project) == ["bb"]
    done = project.arco("restore", "n.first", "--to", "v0", "--yes").out
    assert "restored 1 table" in done and "stale: n.second, 1 partition\n" in done
    again = project.arco("restore", "n.first", "--to", "v0", "--yes", "--json")
    assert again.json()["restore_id"] == ""
    assert "never saw a version 9" in project.arco("restore", "n.first", "--to", "v9", code=1).err
    both = project.arco("restore", *NAMES, "--to", "v0", code=1)
    assert "error MOMENT_INVALID" in both.err
