"""Publishing while the store loses questions and answers, others write and people change their
mind: every row once, every version whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from arco.errors import Conflict
from arco.formats import steps
from arco.orchestration.rows import Publication
from arco.orchestration.states import PublicationState, RunState
from arco.orchestration.tables import ASSETS, PUBLICATIONS, PUBLISHING
from arco.service import loop
from arco.store.port import Store
from arco.testing.stores import Call, Fault, FaultyStore, WrappedStore
from tests.integration.leading_workspace import System, opened, play, write_project

T = TypeVar("T")
CODE = """
@asset(namespace="n", write_mode="append")
def first(context): return [{"run": context.run_id}]

@asset(namespace="n", write_mode="append", deps=["first"])
def second(context): return [{"run": context.run_id}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(loop, "PUBLISH_RETRY_SECONDS", 0.02)
    return write_project(tmp_path / "p", CODE)


class Strike:
    """The `nth` question about a table from now on meets the fault."""

    def __init__(self) -> None:
        self.asked = 0
        self.nth = 0
        self.kind = Fault.LOST

    def arm(self, nth: int, kind: Fault) -> None:
        """Count anew."""
        self.asked, self.nth, self.kind = 0, nth, kind

    def fault(self, call: Call) -> Fault | None:
        if "/warehouse/" not in call.key:
            return None
        self.asked += 1
        return self.kind if self.asked == self.nth else None


class Meddling(WrappedStore):
    """Something happens, once, just before a matching question is asked."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.when: Callable[[Call], bool] = lambda call: False
        self.what: Callable[[], Awaitable[object]] | None = None

    async def around(self, call: Call, answer: Callable[[], Awaitable[T]]) -> T:
        if self.what is not None and self.when(call):
            what, self.what = self.what, None
            await what()
        return await answer()


def creates(part: str) -> Callable[[Call], bool]:
    return lambda call: call.verb == "create" and part in call.key


async def location(system: System, asset: str) -> str:
    row = await system.database.asked(lambda state: state.get(ASSETS, asset))
    assert row is not None
    return str(system.project / ".arco/tenant=local/workspace=main/warehouse" / row.table_id)


async def runs_in(system: System, asset: str) -> list[str]:
    """What the table's rows say, read by a library that is not ours."""
    return sorted(DeltaTable(await location(system, asset)).to_pyarrow_table()["run"].to_pylist())


async def publication_of(system: System, run_id: str) -> Publication | None:
    return await system.database.asked(lambda state: state.get(PUBLICATIONS, run_id))


def test_a_question_or_an_answer_lost_at_any_call_publishes_every_row_once(project: Path) -> None:
    async def story() -> None:
        strike = Strike()
        async with opened(project, lambda disk: FaultyStore(disk, strike)) as system:
            await system.lead()
            runs = [(await system.done("*")).run_id]
            strike.arm(0, Fault.LOST)
            runs.append((await system.done("*")).run_id)
            calls = strike.asked
            assert calls >= 6
            for kind in (Fault.LOST, Fault.UNANSWERED):
                for nth in range(1, calls + 1):
                    strike.arm(nth, kind)
                    ended = await system.done("*")
                    assert ended.state is RunState.SUCCEEDED, (kind, nth, ended.message)
                    runs.append(ended.run_id)
            for asset in ("n.first", "n.second"):
                assert await runs_in(system, asset) == sorted(runs)
                assert DeltaTable(await location(system, asset)).version() == len(runs) - 1
            assert await system.findings() == ()

    play(story)


def test_a_bug_while_publishing_delays_the_run_and_does_not_strand_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = steps.written
    broken = 0

    def breaks_twice(entry: object, before: object) -> steps.Step:
        nonlocal broken
        broken += 1
        if broken <= 2:
            raise KeyError("a bug")
        return written(entry, before)  # type: ignore[arg-type]

    async def story() -> None:
        async with opened(project) as system:
            monkeypatch.setattr(steps, "written", breaks_twice)
            await system.lead()
            assert (await system.done("n.first")).state is RunState.SUCCEEDED
            assert broken == 3

    play(story)


def test_versions_that_others_write_meanwhile_are_kept_and_the_publication_follows_them(
    project: Path,
) -> None:
    meddling: list[Meddling] = []

    def wrap(disk: Store) -> Store:
        meddling.append(Meddling(disk))
        return meddling[0]

    async def story() -> None:
        async with opened(project, wrap) as system:
            await system.lead()
            before = (await system.done("*")).run_id
            path = await location(system, "n.second")

            async def foreign() -> None:
                data = pa.table({"run": ["foreign"]})
                await asyncio.to_thread(write_deltalake, path, data, mode="append")

            meddling[0].when = creates(f"{Path(path).name}/_delta_log/")
            meddling[0].what = foreign
            ended = await system.done("*")
            assert ended.state is RunState.SUCCEEDED, ended.message
            expected = sorted([before, ended.run_id, "foreign"])
            assert await runs_in(system, "n.second") == expected
            assert await runs_in(system, "n.first") == sorted([before, ended.run_id])
            publication = await publication_of(system, ended.run_id)
            assert publication is not None
            assert sorted(table.version for table in publication.tables) == [1, 2]
            last = (await system.done("*")).run_id
            assert await runs_in(system, "n.second") == sorted([*expected, last])
            assert await system.findings() == ()

    play(story)


def test_runs_that_publish_one_table_at_once_follow_each_other(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            runs = [await system.trigger("*") for _ in range(6)]
            for run_id in runs:
                assert (await system.ended(run_id)).state is RunState.SUCCEEDED
            assert await runs_in(system, "n.first") == sorted(runs)
            assert await runs_in(system, "n.second") == sorted(runs)
            claims = await system.database.asked(lambda state: list(state.range(PUBLISHING)))
            assert claims == []
            assert await system.findings() == ()

    play(story)


def test_a_run_cancelled_before_its_publication_starts_publishes_nothing(project: Path) -> None:
    meddling: list[Meddling] = []

    def wrap(disk: Store) -> Store:
        meddling.append(Meddling(disk))
        return meddling[0]

    async def story() -> None:
        async with opened(project, wrap) as system:
            await system.lead()
            before = (await system.done("*")).run_id
            meddling[0].when = creates("/_prepared/")
            run_id = ""

            async def change_of_mind() -> None:
                await system.cancel(run_id)

            meddling[0].what = change_of_mind
            run_id = await system.trigger("*")
            assert (await system.ended(run_id)).state is RunState.CANCELLED
            after = (await system.done("*")).run_id
            assert await runs_in(system, "n.first") == sorted([before, after])
            assert await system.findings() == ()

    play(story)


def test_a_run_cancelled_after_its_publication_started_is_published_whole(project: Path) -> None:
    meddling: list[Meddling] = []
    refused: list[str] = []

    def wrap(disk: Store) -> Store:
        meddling.append(Meddling(disk))
        return meddling[0]

    async def story() -> None:
        async with opened(project, wrap) as system:
            await system.lead()
            meddling[0].when = creates("/_delta_log/")
            run_id = ""

            async def change_of_mind() -> None:
                with pytest.raises(Conflict) as caught:
                    await system.cancel(run_id)
                refused.append(caught.value.code)

            meddling[0].what = change_of_mind
            run_id = await system.trigger("*")
            assert (await system.ended(run_id)).state is RunState.SUCCEEDED
            assert refused == ["RUN_PUBLISHING"]
            assert await runs_in(system, "n.second") == [run_id]

    play(story)


def test_a_leader_stopped_between_two_entries_is_followed_by_one_that_finishes(
    project: Path,
) -> None:
    meddling: list[Meddling] = []

    def wrap(disk: Store) -> Store:
        meddling.append(Meddling(disk))
        return meddling[0]

    async def story() -> None:
        async with opened(project, wrap) as system:
            leader = await system.lead()
            before = (await system.done("*")).run_id
            started = asyncio.Event()
            entries = 0

            def second_entry(call: Call) -> bool:
                nonlocal entries
                entries += creates("/_delta_log/")(call)
                return entries == 2

            async def stop_here() -> None:
                started.set()
                await asyncio.sleep(60)

            meddling[0].when, meddling[0].what = second_entry, stop_here
            run_id = await system.trigger("*")
            await asyncio.wait_for(started.wait(), 20)
            await leader.stop()
            publication = await publication_of(system, run_id)
            assert publication is not None and publication.state is PublicationState.STARTED
            for table in publication.tables:
                prepared = system.project / ".arco/tenant=local/workspace=main" / table.prepared
                entry = Path(await location(system, table.asset)) / "_delta_log"
                if (entry / f"{table.version:020d}.json").exists():
                    prepared.unlink()
            await system.lead()
            assert (await system.ended(run_id)).state is RunState.SUCCEEDED
            assert await runs_in(system, "n.first") == sorted([before, run_id])
            assert await runs_in(system, "n.second") == sorted([before, run_id])
            assert await system.findings() == ()

    play(story)


def test_a_damaged_prepared_entry_is_never_published_and_goes_on_once_mended(
    project: Path,
) -> None:
    meddling: list[Meddling] = []

    def wrap(disk: Store) -> Store:
        meddling.append(Meddling(disk))
        return meddling[0]

    def reads(part: str) -> Callable[[Call], bool]:
        return lambda call: call.verb == "get" and part in call.key

    async def story() -> None:
        async with opened(project, wrap) as system:
            await system.lead()
            whole: dict[Path, bytes] = {}

            async def damage() -> None:
                for path in system.project.glob(".arco/**/_prepared/*.json"):
                    whole[path] = path.read_bytes()
                    path.write_bytes(b"damaged")

            meddling[0].when, meddling[0].what = reads("/_prepared/"), damage
            run_id = await system.trigger("n.first")
            await system.until(lambda: whole)
            await asyncio.sleep(0.2)
            assert (await system.run_of(run_id)).state is RunState.RUNNING
            assert list(system.project.glob(".arco/**/_delta_log/*.json")) == []
            for path, data in whole.items():
                path.write_bytes(data)
            assert (await system.ended(run_id)).state is RunState.SUCCEEDED
            assert await runs_in(system, "n.first") == [run_id]

    play(story)


def test_a_run_never_reads_an_entry_that_is_not_what_was_published(
    project: Path,
) -> None:
    reading = 'context, first): return [{"rows": first.count_rows()}]'
    write_project(
        project,
        CODE.replace(', deps=["first"])', ")").replace(
            'second(context): return [{"run": context.run_id}]', f"second({reading}"
        ),
    )

    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            assert (await system.done("*")).state is RunState.SUCCEEDED
            log = Path(await location(system, "n.first")) / "_delta_log"
            entry = log / f"{0:020d}.json"
            whole = entry.read_bytes()
            # Without its last line it is a log that can be replayed, of a table without rows.
            entry.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
            failed = await system.done("n.second")
            assert failed.state is RunState.FAILED
            (task,) = await system.tasks(failed.run_id)
            assert task.error is not None and "is not what was published" in task.error.message
            entry.write_bytes(whole)
            assert (await system.done("n.second")).state is RunState.SUCCEEDED

    play(story)


def test_a_run_is_published_onto_nothing_but_what_was_published(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with opened(project) as system:
            await system.lead()
            first = await system.done("n.first")
            log = Path(await location(system, "n.first")) / "_delta_log"
            entry, following = log / f"{0:020d}.json", log / f"{1:020d}.json"
            whole = entry.read_bytes()
            # A log that can be replayed, of a table of another column.
            entry.write_bytes(whole.replace(b"run", b"ran"))
            run_id = await system.trigger("n.first")
            await system.until(lambda: "is not what was published" in caplog.text)
            assert (await system.run_of(run_id)).state is RunState.RUNNING
            assert not following.exists()
            entry.write_bytes(whole)
            assert (await system.ended(run_id)).state is RunState.SUCCEEDED
            assert await runs_in(system, "n.first") == sorted([first.run_id, run_id])

    play(story)
