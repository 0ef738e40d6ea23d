"""Leaders that fail, are replaced or run out of disk: nothing acknowledged is lost, somebody else
goes on.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest
from deltalake import DeltaTable

from arco.engine import snapshot
from arco.engine.domain import LEADER, LEASES, LeaseTaken
from arco.errors import ArcoError
from arco.execution import reports
from arco.execution.leading import try_to_lead
from arco.execution.pool import Pool
from arco.execution.reports import Reports
from arco.execution.routing import Executors
from arco.model import Event, State
from arco.orchestration.outcomes import ErrorCategory
from arco.orchestration.states import RunState
from arco.orchestration.tables import DISPATCHES
from arco.runtime import AsyncioRuntime
from arco.service import loop
from arco.service.leases import take_lease
from arco.store.folder import System as Kernel
from arco.store.local import LocalStore
from arco.store.port import Store, StoreFault
from arco.testing.stores import Call, WrappedStore
from tests.integration.leading_workspace import opened, play, workers, write_project

T = TypeVar("T")
CODE = """
@asset(namespace="n")
def quick(): proof("quick")

@asset(namespace="n")
def slow():
    proof("slow")
    time.sleep(1.5)
    proof("slept")

@asset(namespace="n")
def made(): return [{"x": 1}]

@asset(namespace="n")
def fills_the_disk_once():
    import resource
    proof("filled")
    first = os.path.getsize(os.path.join(os.path.dirname(__file__), "filled")) == 1
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (100 if first else most, most))
    return [{"x": number} for number in range(1000)]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "p", CODE)


class Failing(WrappedStore):
    """Questions that `fails` names are not answered."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.fails: Callable[[Call], bool] = lambda call: False

    async def around(self, call: Call, answer: Callable[[], Awaitable[T]]) -> T:
        if self.fails(call):
            raise StoreFault(f"{call.verb} {call.key} was lost")
        return await answer()


class FullDisk:
    """A kernel that has no space left while `is_full`, or loses what it was to keep."""

    def __init__(self) -> None:
        self.is_full = False
        self.is_failing = False
        self.refused = 0

    def kernel(self) -> Kernel:
        """The calls a store makes."""
        return Kernel(write=self.write, fsync=self.fsync)

    def write(self, descriptor: int, data: memoryview) -> int:
        if self.is_full:
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        if self.is_failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fsync(descriptor)


def test_a_leader_that_cannot_start_lets_the_next_one_try(project: Path) -> None:
    failing: list[Failing] = []

    def wrap(disk: Store) -> Store:
        failing.append(Failing(disk))
        return failing[0]

    async def story() -> None:
        async with opened(project, wrap) as system:
            failing[0].fails = lambda call: call.key.endswith("lead.json")
            with pytest.raises(ArcoError):
                await try_to_lead(system.workspace, system.project)
            failing[0].fails = lambda call: False
            lease = await take_lease(system.workspace, "")
            assert lease is not None
            lease.lock.release()
            await system.lead()
            assert (await system.done("n.quick")).state is RunState.SUCCEEDED

    play(story)


def test_a_leader_whose_lease_was_taken_ends_its_workers_and_frees_the_lock(
    project: Path,
) -> None:
    def take(state: State, now: datetime) -> list[Event]:
        lease = state.get(LEASES, LEADER)
        assert lease is not None
        return [Event(LeaseTaken(epoch=lease.epoch + 1, writer="other", address="", taken_at=now))]

    async def story() -> None:
        async with opened(project) as system:
            first = await system.lead()
            run_id = await system.trigger("n.slow")
            await system.until(lambda: system.proved("slow"))
            await system.database.transact(take)
            await system.until(lambda: not first.acts and not workers())
            assert system.proved("slept") == 0
            out = await system.database.asked(lambda state: list(state.range(DISPATCHES)))
            assert len(out) == 1
            await first.stop()
            await system.lead()
            ended = await system.ended(run_id)
            assert (ended.state, system.proved("slept")) == (RunState.SUCCEEDED, 1)

    play(story)


def test_a_leader_starts_and_stops_again_and_again(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            standing = list(system.database.listeners)
            for count in range(1, 6):
                leader = await system.lead()
                await system.trigger("n.quick")
                assert await try_to_lead(system.workspace, system.project) is None
                await leader.stop()
                assert system.proved("quick") <= count
                assert workers() == []
            assert system.database.listeners == standing
            await system.lead()
            assert (await system.done("n.quick")).state is RunState.SUCCEEDED
            left = {task.get_name() for task in asyncio.all_tasks()}
            assert len([name for name in left if name == "arco-follow"]) <= 1
            assert await system.findings() == ()

    play(story)


def test_a_disk_that_is_full_for_a_while_delays_a_run_and_loses_nothing(project: Path) -> None:
    disk = FullDisk()

    def wrap(_: Store) -> Store:
        return LocalStore(project / ".arco", AsyncioRuntime(), system=disk.kernel())

    async def story() -> None:
        async with opened(project, wrap, workers=1) as system:
            await system.lead()
            run_id = await system.trigger("*")
            await system.until(lambda: system.proved("slow") or system.proved("quick"))
            disk.is_full = True
            await system.until(lambda: disk.refused)
            before = system.database.seq
            await system.until(lambda: disk.refused > 5)
            assert system.database.seq == before
            disk.is_full = False
            ended = await system.ended(run_id)
            assert ended.state is RunState.SUCCEEDED, ended.message
            assert system.proved("quick") == 1
            assert await system.findings() == ()

    play(story)


def test_a_leader_that_may_not_write_any_more_makes_way(project: Path) -> None:
    disk = FullDisk()

    def wrap(_: Store) -> Store:
        return LocalStore(project / ".arco", AsyncioRuntime(), system=disk.kernel())

    async def story() -> str:
        async with opened(project, wrap, workers=1) as system:
            leader = await system.lead()
            run_id = await system.trigger("n.slow")
            await system.until(lambda: system.proved("slow"))
            disk.is_failing = True
            with pytest.raises(ArcoError):
                await system.trigger("n.quick")
            await system.until(lambda: not leader.acts and not workers())
            return run_id

    async def next_leader() -> None:
        async with opened(project, workers=1) as system:
            await system.lead()
            assert (await system.ended(run_id)).state is RunState.SUCCEEDED
            assert await system.findings() == ()

    run_id = play(story)
    play(next_leader)


def test_a_worker_whose_disk_is_full_costs_an_attempt_and_its_table_is_whole(
    project: Path,
) -> None:
    async def story() -> None:
        async with opened(project, workers=1) as system:
            await system.lead()
            run_id = await system.trigger("n.fills_the_disk_once")
            ended = await system.ended(run_id)
            (task,) = await system.tasks(run_id)
            assert (ended.state, task.infra_attempts, task.rows) == (RunState.SUCCEEDED, 1, 1000)
            tables = list(project.glob(".arco/**/_delta_log"))
            assert DeltaTable(str(tables[0].parent)).to_pyarrow_table().num_rows == 1000

    play(story)


def test_a_leader_whose_store_is_silent_stops_in_time_and_the_next_one_performs_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing: list[Failing] = []

    def wrap(disk: Store) -> Store:
        failing.append(Failing(disk))
        return failing[0]

    async def story() -> str:
        monkeypatch.setattr(reports, "SETTLE_SECONDS_MAX", 0.3)
        monkeypatch.setattr(loop, "LAST_SNAPSHOT_SECONDS_MAX", 0.3)
        async with opened(project, wrap, workers=1) as system:
            leader = await system.lead()
            run_id = await system.trigger("n.slow")
            await system.until(lambda: system.proved("slow"))
            failing[0].fails = lambda call: call.verb == "create"
            await system.until(lambda: system.proved("slept"))
            await asyncio.sleep(0.2)
            began = system.workspace.runtime.monotonic()
            await leader.stop()
            assert system.workspace.runtime.monotonic() - began < 3
            return run_id

    async def next_leader() -> None:
        async with opened(project, workers=1) as system:
            await system.lead()
            assert (await system.ended(run_id)).state is RunState.SUCCEEDED
            assert system.proved("slept") == 2
            assert await system.findings() == ()

    run_id = play(story)
    play(next_leader)


def test_a_pool_forgets_what_has_ended(project: Path) -> None:
    async def story() -> None:
        async with opened(project) as system:
            leader = await system.lead()
            for _ in range(20):
                await system.done("n.quick")
            executors = leader._executor
            assert isinstance(executors, Executors)
            pool = executors.named["pool"]
            assert isinstance(pool, Pool)
            await system.until(lambda: pool._reports.pending == 0)
            assert (len(pool._crew.held), len(pool._crew._queue)) == (0, 0)
            assert leader._publishing == {}
            names = [task.get_name() for task in asyncio.all_tasks()]
            assert len(names) < 12, names

    play(story)


def test_a_report_that_is_refused_makes_the_attempt_lost_and_not_forgotten(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Reports._commit
    refused = 0

    async def refuses_once(self: Reports, decision: object) -> None:
        nonlocal refused
        refused += 1
        if refused == 1:
            raise KeyError("a bug")
        await commit(self, decision)  # type: ignore[arg-type]

    async def story() -> None:
        async with opened(project, workers=1) as system:
            monkeypatch.setattr(Reports, "_commit", refuses_once)
            await system.lead()
            ended = await system.done("n.quick")
            (task,) = await system.tasks(ended.run_id)
            assert (ended.state, task.infra_attempts) == (RunState.SUCCEEDED, 1)
            assert task.error is None or task.error.category is ErrorCategory.INFRASTRUCTURE

    play(story)


def test_a_snapshot_that_breaks_is_tried_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = snapshot.publish
    broken = 0

    async def breaks_twice(database: object) -> bool:
        nonlocal broken
        broken += 1
        if broken <= 2:
            raise KeyError("a bug")
        return await publish(database)  # type: ignore[arg-type]

    async def story() -> None:
        async with opened(project) as system:
            monkeypatch.setattr(snapshot, "publish", breaks_twice)
            await system.lead()
            await system.done("n.quick")
            await system.until(lambda: broken >= 3 and system.database.tail.commits == 0)

    play(story)
