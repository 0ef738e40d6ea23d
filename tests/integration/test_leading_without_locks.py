"""Leaders on a store without locks: exactly one acts, and silence is what hands leadership on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from arco.engine.domain import LEADER, LEASES
from arco.execution.following import Follower
from arco.execution.leading import try_to_lead
from arco.orchestration.states import RunState
from arco.service.candidates import Candidate, is_led
from arco.service.leases import Lease, read_beacon
from arco.service.workspace import Workspace
from arco.store import keys
from arco.store.port import Store
from tests.integration.leading_workspace import System, opened, play, write_project

LEASE_SECONDS = 0.4
CODE = """
@asset(namespace="n")
def slow():
    proof("slow")
    time.sleep(0.5)
    proof("slept")
    return [{"x": 1}]
"""


class Unlocked:
    """Another store without its locks: what a bucket offers."""

    def __init__(self, store: Store) -> None:
        self.create, self.get, self.put = store.create, store.get, store.put
        self.delete, self.list, self.confirm = store.delete, store.list, store.confirm
        self.location = store.location


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "p", CODE)


@asynccontextmanager
async def process(project: Path, name: str) -> AsyncIterator[System]:
    """One of several processes on the same store, which has no locks."""
    async with opened(project, Unlocked, lease_seconds=LEASE_SECONDS, workers=1) as system:
        system.database.writer = name
        yield system


async def epoch_of(workspace: Workspace) -> int:
    """The newest epoch in the log."""
    await workspace.database.refresh()
    row = await workspace.database.asked(lambda state: state.get(LEASES, LEADER))
    return row.epoch if row else 0


async def taken(candidate: Candidate) -> Lease:
    """The lease, once the candidate gets it."""
    async with asyncio.timeout(10 * LEASE_SECONDS):
        while (lease := await candidate.take("")) is None:
            await asyncio.sleep(0.01)
    return lease


def test_of_two_that_start_at_once_exactly_one_leads(project: Path) -> None:
    async def story() -> None:
        async with process(project, "a") as a, process(project, "b") as b:
            candidates = [Candidate(system.workspace) for system in (a, b)]
            leases = await asyncio.gather(*(each.take("") for each in candidates))
            (won,) = [lease for lease in leases if lease is not None]
            assert won.epoch == 1 == await epoch_of(a.workspace)
            for _ in range(40):
                assert [await each.take("") for each in candidates] == [None, None]
                await asyncio.sleep(LEASE_SECONDS / 16)
            won.lock.release()

    play(story)


def test_of_two_that_miss_a_dead_leader_exactly_one_leads(project: Path) -> None:
    async def story() -> None:
        async with process(project, "a") as a, process(project, "b") as b:
            dead = await Candidate(a.workspace).take("")
            assert dead is not None
            dead.lock.release()
            works = [asyncio.create_task(taken(Candidate(each.workspace))) for each in (a, b)]
            done, waiting = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            (won,) = [each.result() for each in done]
            await asyncio.sleep(3 * LEASE_SECONDS)
            assert not any(each.done() for each in waiting)
            assert won.epoch == 2 == await epoch_of(b.workspace)
            for each in waiting:
                each.cancel()
            won.lock.release()

    play(story)


def test_a_paused_leader_wakes_up_and_stops_acting(project: Path) -> None:
    async def story() -> None:
        async with process(project, "a") as a, process(project, "b") as b:
            first = await a.lead()
            run_id = await a.trigger("n.slow")
            await a.until(lambda: a.proved("slow"))
            follower = Follower(b.workspace, project)
            await follower.start()
            assert not follower.leads
            first._lease.lock.release()
            async with asyncio.timeout(10 * LEASE_SECONDS):
                while not follower.leads:
                    await asyncio.sleep(0.01)
                    await follower.lead_again()
            await a.until(lambda: not first.acts)
            ended = await follower.follow(run_id, lambda state: None)
            assert ended.state is RunState.SUCCEEDED and follower.leads
            assert not await a.findings()
            await follower.stop()

    play(story)


def test_a_leader_that_stops_in_order_is_followed_at_once(project: Path) -> None:
    async def story() -> None:
        async with process(project, "a") as a, process(project, "b") as b:
            first = await a.lead()
            await first.announce("http://here")
            beacon = await read_beacon(b.workspace)
            assert beacon is not None and beacon.address == "http://here"
            assert await is_led(b.workspace)
            assert await try_to_lead(b.workspace, project) is None
            await first.stop()
            assert not await is_led(b.workspace)
            second = await try_to_lead(b.workspace, project)
            assert second is not None and await epoch_of(a.workspace) == 2
            await second.stop()

    play(story)


def test_commits_of_a_leader_that_cannot_write_its_beacon_are_signs_of_life(project: Path) -> None:
    async def story() -> None:
        async with process(project, "a") as a, process(project, "b") as b:
            lease = await Candidate(a.workspace).take("")
            assert lease is not None
            lease.lock.release()
            await b.workspace.store.delete(keys.LEAD)
            candidate = Candidate(b.workspace)
            for _ in range(30):
                await a.trigger("n.slow")
                assert await candidate.take("") is None
                await asyncio.sleep(LEASE_SECONDS / 8)
            assert candidate.sees_leader
            assert (await taken(candidate)).epoch == 2

    play(story)
