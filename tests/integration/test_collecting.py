"""Garbage of real runs: old versions, failed runs, logs; and what must survive it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from arco.engine.collect import Pass
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.garbage import collection_of
from arco.engine.pins import CreatePin, create_pin
from arco.engine.verify import Verifier
from arco.formats import reading
from arco.formats.collecting import collect_garbage, survey_garbage
from arco.formats.inspecting import inspect_tables
from arco.ids import new_ulid
from arco.model import State
from arco.orchestration.commands.reruns import RerunRun, rerun_run
from arco.orchestration.expiry import expired_through
from arco.orchestration.states import RunState
from arco.orchestration.tables import NEWEST_RUNS, PINS, TASKS
from arco.service import loop
from arco.service.retention import PROFILES, Retention
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, Workspace, open_workspace
from arco.store import keys
from tests.integration.leading_workspace import System, opened, play, write_project
from tests.unit.garbage_world import MovedClock

DEFAULT = PROFILES["default"]
CODE = """
@asset(namespace="n")
def numbers():
    print("numbers")
    proof("numbers")
    size = os.path.getsize(os.path.join(os.path.dirname(__file__), "numbers"))
    return [{"x": x} for x in range(size)]

@asset(namespace="n")
def broken(numbers):
    raise ValueError("never")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "p", CODE)


@asynccontextmanager
async def later(project: Path, **ahead: float) -> AsyncIterator[Workspace]:
    """The same workspace as a process sees it after a while."""
    clock = MovedClock()
    clock.ahead = timedelta(**ahead)
    yield await open_workspace(Settings(directory=project), clock)


async def lived(project: Path) -> System:
    """A workspace with three versions of a table and a failed run, its leader gone."""
    async with opened(project) as system:
        await system.lead()
        for _ in range(3):
            run = await system.done("n.numbers")
            assert run.state is RunState.SUCCEEDED
        failed = await system.done("n.numbers", "n.broken")
        assert failed.state is RunState.FAILED
    return system


async def swept(project: Path, days: float, *, retention: Retention = DEFAULT) -> Pass:
    """What two passes a while apart did, the first `days` from now."""
    async with later(project, days=days) as workspace:
        await collect_garbage(workspace, retention)
    async with later(project, days=days + 2) as workspace:
        return await collect_garbage(workspace, retention)


async def table_of(workspace: Workspace) -> str:
    """Where the only table is."""
    pin = await workspace.database.asked(lambda state: state.get(PINS, "n.numbers"))
    assert pin is not None
    return workspace.store.location(keys.warehouse(pin.table_id).rstrip("/"))


async def problems(workspace: Workspace) -> list[str]:
    """What verifying everything finds."""
    verifier = Verifier(workspace.store, workspace.runtime, (*DOMAINS, ENGINE))
    report = await verifier.run()
    tables = await inspect_tables(workspace.store, workspace.runtime, state=verifier.tables)
    return [finding.problem for finding in (*report.findings, *tables.findings)]


def test_a_week_later_only_the_newest_version_has_files_and_everything_verifies(
    project: Path,
) -> None:
    async def story() -> None:
        system = await lived(project)
        location = await table_of(system.workspace)
        before = sorted(Path(location).glob("*.parquet"))
        assert len(before) == 4
        done = await swept(project, 8)
        assert done.deleted >= 3
        left = sorted(Path(location).glob("*.parquet"))
        assert len(left) == 1
        assert reading.dataset(location, 2).to_table().num_rows == 3
        assert not list(Path(location).glob("_prepared/*"))
        assert len(list(Path(location).glob("_delta_log/*.json"))) == 3
        async with later(project, days=10) as workspace:
            assert await problems(workspace) == []

    play(story)


def test_within_the_week_nothing_of_tables_and_runs_is_touched(project: Path) -> None:
    async def story() -> None:
        system = await lived(project)
        location = Path(await table_of(system.workspace))
        before = sorted(location.rglob("*"))
        async with later(project, days=6) as workspace:
            await collect_garbage(workspace, DEFAULT)
        assert sorted(location.rglob("*")) == before

    play(story)


def test_a_pin_keeps_the_table_version_of_its_slot_and_only_that(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            await system.done("n.numbers")
            pin = CreatePin(name="first", slot=system.database.seq)
            await system.database.transact(create_pin(pin))
            for _ in range(2):
                await system.done("n.numbers")
        location = await table_of(system.workspace)
        await swept(project, 8)
        assert reading.dataset(location, 0).to_table().num_rows == 1
        assert reading.dataset(location, 2).to_table().num_rows == 3
        with pytest.raises(FileNotFoundError):
            reading.dataset(location, 1).to_table()

    play(story)


def test_a_failed_run_is_repeated_whole_once_its_staged_output_is_given_up(project: Path) -> None:
    async def story() -> None:
        await lived(project)
        await swept(project, 8)
        async with opened(project) as system:
            assert await system.database.asked(expired_through) == 4
            run_id = new_ulid(system.workspace.runtime)
            parent = await system.database.asked(newest_run)
            command = RerunRun(
                run_id=run_id, tenant="local", workspace="main", parent=parent, which="unsuccessful"
            )
            await system.database.transact(rerun_run(command))
            tasks = await system.database.asked(lambda s: list(s.range(TASKS, run_id)))
            assert [task.adopted_from for task in tasks] == ["", ""]

    play(story)


def test_a_failed_run_of_yesterday_still_has_what_it_staged(project: Path) -> None:
    async def story() -> None:
        await lived(project)
        await swept(project, 2)
        async with opened(project) as system:
            parent = await system.database.asked(newest_run)
            tasks = await system.database.asked(lambda s: list(s.range(TASKS, parent)))
            names = [file.key for task in tasks if task.output for file in task.output.files]
            assert names
            for name in names:
                assert await system.workspace.store.get(name) is not None

    play(story)


def test_a_dry_run_finds_what_a_pass_would_condemn(project: Path) -> None:
    async def story() -> None:
        await lived(project)
        async with later(project, days=8) as workspace:
            told = await survey_garbage(workspace, DEFAULT)
            done = await collect_garbage(workspace, DEFAULT)
        assert told.areas == done.areas
        found = {each.area: each.condemned for each in done.areas}
        assert found["table files"] == 3 and found["prepared entries"] == 3
        assert found["task logs"] == 0
        done = await swept(project, 40)
        assert done.deleted > 0 and not list(project.glob(".arco/*/*/logs/*/*/*"))

    play(story)


def test_a_foreign_file_in_a_table_folder_is_left_alone(project: Path) -> None:
    async def story() -> None:
        system = await lived(project)
        foreign = Path(await table_of(system.workspace)) / "part-00000-of-another-writer.parquet"
        foreign.write_bytes(b"not ours")
        await swept(project, 100)
        assert foreign.exists()

    play(story)


def test_a_table_whose_log_has_a_hole_keeps_every_file(project: Path) -> None:
    async def story() -> None:
        system = await lived(project)
        location = Path(await table_of(system.workspace))
        before = sorted(location.glob("*.parquet"))
        (location / "_delta_log" / f"{1:020d}.json").unlink()
        await swept(project, 8)
        assert sorted(location.glob("*.parquet")) == before

    play(story)


def test_a_leader_collects_by_itself_when_a_pass_is_due(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "COLLECT_CHECK_SECONDS", 0.05)
    monkeypatch.setattr(loop, "is_due", lambda state, now, retention: True)

    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            await system.done("n.numbers")
            async with asyncio.timeout(20):
                while not (await system.database.asked(collection_of)).passes:
                    await asyncio.sleep(0.02)
            assert await system.findings() == ()

    play(story)


def newest_run(state: State) -> str:
    """The id of the newest run."""
    return next(iter(state.range(NEWEST_RUNS))).run_id
