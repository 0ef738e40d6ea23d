"""Tables of plain Parquet files: versions are whole or not there, whoever reads, writes or dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from arco.cli.asking import owner_of
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.pins import CreatePin, create_pin
from arco.engine.verify import Verifier
from arco.errors import ArcoError, Invalid, NotFound
from arco.execution.deploying import deploy_project
from arco.formats import file_lists, reading
from arco.formats.collecting import collect_garbage
from arco.formats.inspecting import inspect_tables
from arco.formats.maintaining import begin_compaction, needs_of
from arco.formats.restore_plans import plan_restore
from arco.formats.restoring import begin_restore, restore
from arco.formats.versions import PublishedVersion
from arco.orchestration.definitions import MaintenancePolicy
from arco.orchestration.published import recorded_entry
from arco.orchestration.states import RunState
from arco.orchestration.tables import PINS
from arco.query.pool import QueryPool
from arco.query.protocol import Ask, Format
from arco.query.provider import provider_for
from arco.service import loop
from arco.service.past import past_at
from arco.service.retention import PROFILES
from arco.service.settings import Settings
from arco.service.workspace import DOMAINS, open_workspace
from arco.store.port import Store
from arco.testing.stores import Fault, FaultyStore
from tests.integration.leading_workspace import HEAD, PROOF, System, opened, play, write_project
from tests.integration.test_maintenance import over
from tests.integration.test_publication_faults import Meddling, Strike, creates, location
from tests.unit.garbage_world import MovedClock

CODE = """
from arco import StaticPartitions
HERE = os.path.dirname(__file__)
def said(name):
    path = os.path.join(HERE, name)
    return open(path).read() if os.path.exists(path) else "1"

@asset(namespace="n", format="parquet", partitions=StaticPartitions(["x", "y"]))
def parts(context): return [{"round": said("round"), "n": n} for n in range(2)]

@asset(namespace="n", format="parquet", write_mode="append")
def log(context): return [{"run": context.run_id}]

@asset(namespace="n")
def counted(parts, log):
    return [{"rows": parts.count_rows() * 100 + log.count_rows()}]

@asset(namespace="n", format="parquet", write_mode="merge", merge_keys=["id"])
def merged(context): return [{"id": int(said("round")), "run": context.run_id}]
"""
POLICY = MaintenancePolicy(files_min=3)
KEPT = ["n.parts", "n.log", "n.counted", "n.merged"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(loop, "PUBLISH_RETRY_SECONDS", 0.02)
    return write_project(tmp_path / "p", CODE)


@asynccontextmanager
async def sql(system: System) -> AsyncIterator[Callable[..., Awaitable[list[Any]]]]:
    """What answers statements as our SQL endpoint does."""
    workspace = system.workspace
    pool = QueryPool(workspace.runtime, size=1)

    async def rows(text: str, moment: str = "") -> list[Any]:
        past = await past_at(workspace, moment) if moment else None
        provide = provider_for(workspace, past, caller=owner_of(workspace))
        answer = await pool.run(Ask(text, format=Format.JSON), provide)
        return msgspec.json.decode(answer.body)

    try:
        yield rows
    finally:
        await pool.close()


async def pinned(system: System, asset: str) -> PublishedVersion:
    pin = await system.database.asked(lambda state: state.get(PINS, asset))
    assert pin is not None
    return PublishedVersion(pin.version, format="parquet")


async def recorded(system: System) -> PublishedVersion:
    """What readers see of the log, with the hash that was recorded."""
    found = await pinned(system, "n.log")
    entry = await system.database.asked(
        lambda state: recorded_entry(state, "n.log", version=found.number)
    )
    return msgspec.structs.replace(found, entry=entry)


async def seen(system: System, asset: str, *, column: str) -> list[Any]:
    """What readers of the pinned version see."""
    place = await location(system, asset)
    found = reading.dataset(place, await pinned(system, asset)).to_table()
    return sorted(found[column].to_pylist())


async def problems(system: System) -> list[str]:
    """What verifying everything finds."""
    workspace = system.workspace
    verifier = Verifier(workspace.store, workspace.runtime, (*DOMAINS, ENGINE))
    report = await verifier.run()
    tables = await inspect_tables(workspace.store, workspace.runtime, state=verifier.tables)
    findings = (*report.findings, *tables.findings)
    return [each.problem for each in findings]


async def round_of(system: System, number: str, *selection: str) -> None:
    (system.project / "round").write_text(number)
    ended = await system.done(*selection)
    assert ended.state is RunState.SUCCEEDED, ended.message


def listed_by_duckdb(place: str, version: int, *, what: str) -> list[tuple[Any, ...]]:
    """What a reader without our code sees: the page of the format says how."""
    page = Path("docs/how-to/choose-a-format.md").read_text("utf-8")
    sql = page.split("```sql\n")[1].split("```")[0]
    reader = duckdb.connect()
    name = f"{place}/_file_lists/{version:020d}.json"
    for statement in sql.replace("LIST", name).replace("FOLDER", place).split(";")[:-1]:
        answer = reader.execute(statement.replace("SELECT *", f"SELECT {what}"))
    return sorted(answer.fetchall())


def test_a_version_is_what_its_list_names_whoever_reads_it(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            await round_of(system, "1", *KEPT)
            first = system.database.seq
            await round_of(system, "2", "n.parts", "n.counted")
            place = await location(system, "n.parts")
            assert not (Path(place) / "_delta_log").exists()
            (Path(place) / "stranger.parquet").write_bytes(b"no version names it")
            every = [(part, "2", n) for part in "xy" for n in (0, 1)]
            assert listed_by_duckdb(place, 1, what="_partition, round, n") == every
            async with sql(system) as rows:
                text = "SELECT round, count(*) AS n FROM n.parts{} GROUP BY round"
                assert await rows(text.format("")) == [{"round": "2", "n": 4}]
                old = await rows(text.format(" AT (VERSION => 0)"))
                assert old == [{"round": "1", "n": 4}]
                assert await rows(text.format(""), moment=str(first)) == old
                assert await rows("SELECT rows FROM n.counted") == [{"rows": 401}]
                facts = "SELECT name, format, rows FROM system.catalog.tables ORDER BY name"
                assert await rows(facts) == [
                    {"name": "counted", "format": "delta", "rows": 1},
                    {"name": "log", "format": "parquet", "rows": 1},
                    {"name": "merged", "format": "parquet", "rows": 1},
                    {"name": "parts", "format": "parquet", "rows": 4},
                ]
            with pytest.raises(NotFound, match="does not exist: its newest version is 1"):
                file_lists.snapshot(place, 7)
            assert await problems(system) == []

    play(story)


def test_a_question_or_an_answer_lost_at_any_call_publishes_every_row_once(project: Path) -> None:
    async def story() -> None:
        strike = Strike()
        async with opened(project, lambda disk: FaultyStore(disk, strike)) as system:
            await system.lead()
            runs = [(await system.done("n.log")).run_id]
            strike.arm(0, Fault.LOST)
            runs.append((await system.done("n.log")).run_id)
            calls = strike.asked
            assert calls >= 3
            for kind in (Fault.LOST, Fault.UNANSWERED):
                for nth in range(1, calls + 1):
                    strike.arm(nth, kind)
                    ended = await system.done("n.log")
                    assert ended.state is RunState.SUCCEEDED, (kind, nth, ended.message)
                    runs.append(ended.run_id)
            assert await seen(system, "n.log", column="run") == sorted(runs)
            assert (await pinned(system, "n.log")).number == len(runs) - 1
            assert await problems(system) == []

    play(story)


def test_two_tables_of_a_run_appear_together(project: Path) -> None:
    """Their publisher dies when one list stands and the other does not."""

    async def story() -> None:
        meddling: list[Meddling] = []

        def wrap(disk: Store) -> Store:
            meddling.append(Meddling(disk))
            return meddling[0]

        both = "SELECT (SELECT count(*) FROM n.log) AS log, (SELECT count(*) FROM n.parts) AS parts"
        async with opened(project, wrap) as system:
            await system.lead()
            await round_of(system, "1", "n.parts", "n.log")
            stuck = asyncio.Event()

            async def stop_here() -> None:
                stuck.set()
                await asyncio.sleep(60)

            folder = Path(await location(system, "n.parts")).name
            meddling[0].when = creates(f"{folder}/_file_lists/")
            meddling[0].what = stop_here
            run_id = await system.trigger("n.log", "n.parts")
            await stuck.wait()
            lists = Path(await location(system, "n.log")) / "_file_lists"
            assert len(list(lists.iterdir())) == 2, "the first list of the two stands"
            assert len(await seen(system, "n.log", column="run")) == 1
            assert system.leader is not None
            stopping, system.leader = system.leader, None
            await stopping.stop()
        async with opened(project) as system, sql(system) as rows:
            assert await rows(both) == [{"log": 1, "parts": 4}]
            await system.lead()
            assert (await system.ended(run_id)).state is RunState.SUCCEEDED
            assert await rows(both) == [{"log": 2, "parts": 4}]
            assert await problems(system) == []

    play(story)


def test_runs_of_one_table_at_once_lose_no_row(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            started = [await system.trigger("n.log") for _ in range(4)]
            for run_id in started:
                assert (await system.ended(run_id)).state is RunState.SUCCEEDED
            assert await seen(system, "n.log", column="run") == sorted(started)
            assert (await pinned(system, "n.log")).number == 3
            assert await problems(system) == []

    play(story)


def test_a_list_in_the_place_of_ours_is_kept_and_the_publication_follows_it(project: Path) -> None:
    """As after a log that was brought back from a backup while its tables were not."""

    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            first = await system.done("n.log")
            place = Path(await location(system, "n.log")) / "_file_lists"
            standing = msgspec.json.decode((place / f"{0:020d}.json").read_bytes())
            foreign = msgspec.json.encode({**standing, "version": 1, "made_by": "somebody"})
            (place / f"{1:020d}.json").write_bytes(foreign)
            second = await system.done("n.log")
            assert second.state is RunState.SUCCEEDED, second.message
            assert (await pinned(system, "n.log")).number == 2
            assert (place / f"{1:020d}.json").read_bytes() == foreign
            assert await seen(system, "n.log", column="run") == sorted(
                [first.run_id, second.run_id]
            )
            assert await problems(system) == []

    play(story)


def test_tables_come_back_and_rows_are_merged_by_key(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            await round_of(system, "1", "n.merged", "n.parts")
            slot = system.database.seq
            for number in "221":
                await round_of(system, number, "n.merged", "n.parts")
            assert await seen(system, "n.merged", column="id") == [1, 2]
            plan = await plan_restore(system.workspace, ["n.merged", "n.parts"], slot=slot)
            restored = await begin_restore(system.workspace, plan, actor="ann")
            await restore(system.workspace, restored)
            assert await seen(system, "n.merged", column="id") == [1]
            assert (await pinned(system, "n.merged")).number == 4
            assert await begin_restore(system.workspace, plan, actor="ann") != restored
            assert await problems(system) == []

    play(story)


def test_small_files_become_one_and_a_merge_still_stands_on_its_rows(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            for _ in range(4):
                await system.done("n.log")
            before = await seen(system, "n.log", column="run")
            found = await needs_of(system.workspace, "n.log", policy=POLICY)
            assert (found.small_files, found.checkpoint_is_due) == (4, False)
            done = await over(
                system, await begin_compaction(system.workspace, "n.log", policy=POLICY)
            )
            assert (done.message, done.version, done.files_removed) == ("", 4, 4)
            assert await seen(system, "n.log", column="run") == before
            place = await location(system, "n.log")
            assert not file_lists.moves_rows(place, 4, of={})
            assert file_lists.moves_rows(place, 3, of={})
            assert len(file_lists.snapshot(place, 3).files) == 4
            await system.done("n.log")
            assert await problems(system) == []

    play(story)


def test_files_of_old_versions_go_and_those_of_a_pin_stay(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            for number in "123":
                await round_of(system, number, "n.parts")
                if number == "1":
                    pin = CreatePin(name="first", slot=system.database.seq)
                    await system.database.transact(create_pin(pin))
            place = await location(system, "n.parts")
        assert len(list(Path(place).glob("*.parquet"))) == 6
        clock = MovedClock()
        for days in (8, 10):
            clock.ahead = timedelta(days=days)
            workspace = await open_workspace(Settings(directory=project), clock)
            await collect_garbage(workspace, PROFILES["default"])
        assert len(list(Path(place).glob("*.parquet"))) == 4
        for version, number in ((0, "1"), (2, "3")):
            kept = reading.dataset(place, PublishedVersion(version, format="parquet"))
            assert set(kept.to_table()["round"].to_pylist()) == {number}
        async with opened(project) as system:
            assert await problems(system) == []

    play(story)


def test_damage_is_found_and_never_read(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            await system.done("n.log")
            place = Path(await location(system, "n.log"))
            entry, data = place / f"_file_lists/{0:020d}.json", next(place.glob("*.parquet"))
            whole = entry.read_bytes()
            entry.write_bytes(whole.replace(b'"rows":1', b'"rows":7'))
            assert any("is not the entry" in each for each in await problems(system))
            with pytest.raises(ArcoError, match="is not what was published"):
                reading.dataset(str(place), await recorded(system))
            entry.write_bytes(whole[:-9])
            assert any("cannot be read" in each for each in await problems(system))
            outside = whole.replace(b'"path":"', b'"path":"../')
            with pytest.raises(ArcoError, match="outside its table"):
                file_lists.listed(outside, "it")
            entry.write_bytes(whole)
            data.write_bytes(data.read_bytes()[::-1])
            assert any(
                "does not hold what was published" in each for each in await problems(system)
            )
            data.unlink()
            assert any("is missing" in each for each in await problems(system))

    play(story)


def test_a_table_keeps_its_format(project: Path) -> None:
    code = (project / "assets.py").read_text()

    async def deployed(system: System, format: str) -> None:
        text = CODE.replace('format="parquet", write_mode="append"', format)
        text = text.replace("def counted(parts, log)", "def counted(parts)")
        text = text.replace("* 100 + log.count_rows()", "")
        (project / "assets.py").write_text(HEAD + PROOF + text)
        await deploy_project(system.workspace, project)

    async def story() -> None:
        async with opened(project) as system:
            await deployed(system, 'write_mode="append"')
            await deployed(system, 'format="parquet", write_mode="append"')
            await system.lead()
            await system.done("n.log")
            with pytest.raises(Invalid, match="is parquet, the asset declares delta"):
                await deployed(system, 'write_mode="append"')
            await deployed(system, 'format="none"')
            with pytest.raises(Invalid, match="declares delta"):
                await deployed(system, 'write_mode="append"')
            (project / "assets.py").write_text(code)
            await deploy_project(system.workspace, project)
            assert (await system.done("n.log")).state is RunState.SUCCEEDED
            assert len(await seen(system, "n.log", column="run")) == 2
            assert await problems(system) == []

    play(story)
