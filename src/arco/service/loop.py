"""The leader: runs the controllers, hands out what they decided, folds facts, publishes
snapshots, collects.

Effects follow commits, never the other way round: what is offered to an edge stands in the
state already, so a leader that dies leaves everything for the next one to offer again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from arco.access.refusals import forget_refusals
from arco.engine import snapshot
from arco.engine.applied import Applied
from arco.engine.lanes.folder import Folder
from arco.engine.rollback import check_history
from arco.engine.rounds.patrol import Patrol
from arco.errors import ArcoError
from arco.model import Decision, Event, State
from arco.orchestration.commands.maintenance import started_compactions
from arco.orchestration.commands.publications import startable_publications, started_publications
from arco.orchestration.commands.restores import started_restores
from arco.orchestration.controllers import CARRYING_ON, Standing
from arco.orchestration.tables import (
    DISPATCHES,
    PUBLICATIONS,
    PUBLISHING,
    RUNS,
    WAITING_PUBLICATIONS,
)
from arco.orchestration.ticking import RunScope
from arco.runtime import Signal, Spawned
from arco.service.candidates import may_lead
from arco.service.leases import Lease
from arco.service.levels import Levels
from arco.service.ports import Collector, Executor, Performer, Publisher
from arco.service.retention import PROFILES, is_due
from arco.service.settings import Settings
from arco.service.workspace import Workspace

DISPATCH_WINDOW_MIN = 64
DISPATCHES_PER_WORKER = 8
SNAPSHOT_CHECK_SECONDS = 0.25
COMPLETE_CHECK_SECONDS = 60.0
HISTORY_CHECK_SECONDS = 5.0
LAST_SNAPSHOT_SECONDS_MAX = 10.0
PUBLISH_RETRY_SECONDS = 0.5
PUBLISH_RETRY_SECONDS_MAX = 30.0
COLLECT_CHECK_SECONDS = 60.0
PUBLICATION_TABLES = (PUBLICATIONS.name, PUBLISHING.name, WAITING_PUBLICATIONS.name)
LOG = logging.getLogger(__name__)


class Leader:
    """Everything a leading process does besides answering requests."""

    def __init__(
        self,
        workspace: Workspace,
        lease: Lease,
        *,
        executor: Executor,
        publisher: Publisher,
        collector: Collector,
        standing: Standing = CARRYING_ON,
        performers: Sequence[Performer] = (),
    ) -> None:
        self.performers = performers
        """What does what falls due outside of the log, while this process leads."""
        self._workspace = workspace
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._lease = lease
        self._executor = executor
        self._publisher = publisher
        self._collector = collector
        self._standing = standing
        self._publishing: dict[str, Spawned] = {}
        self._tasks: list[Spawned] = []
        self._levels = Levels(workspace.settings, workspace.runtime)
        self._acts = False
        self._due: datetime | None = None
        self._remembered_at = workspace.runtime.monotonic()

    @property
    def acts(self) -> bool:
        """True while this process performs and publishes what the log asks for."""
        return self._acts

    async def start(self) -> None:
        """Lead: take over what is in flight, then act on every commit."""
        self._database.controllers = tuple(
            guarded(self._lease, self._levels.timed(decision))
            for decision in decisions_of(self._standing, self._workspace.settings)
        )
        self._database.listeners.append(self._applied)
        self._acts = True
        await self._executor.start()
        await self._database.asked(self._take_over)
        await self._nudge()
        for work, name in (
            (self._follow(), "arco-follow"),
            (self._publish_snapshots(), "arco-snapshots"),
            (self._collect_garbage(), "arco-collect"),
            (Folder(self._database).run(self._workspace.ingester.flushed), "arco-folder"),
            (self._patrol(), "arco-patrol"),
        ):
            self._tasks.append(self._runtime.spawn(work, name))
        for performer in self.performers:
            await performer.start()

    async def stop(self) -> None:
        """Stop leading; what is in flight stays in the log for the next leader."""
        try:
            await ended(self._tasks)
            await self._stop_acting()
            done = self._runtime.signal()
            last = self._runtime.spawn(self._leave_snapshot(done), "arco-last-snapshot")
            await done.wait(LAST_SNAPSHOT_SECONDS_MAX)
            await ended([last])
        finally:
            await self._lease.resign(self._database)

    async def announce(self, address: str) -> None:
        """Other processes are told that this one answers here."""
        await self._lease.herald.announce(address)

    async def _leave_snapshot(self, done: Signal) -> None:
        """What the next process starts from; it can do without."""
        try:
            if self._database.tail.commits:
                await snapshot.publish(self._database)
            await self._database.close()
        except Exception as error:
            LOG.warning("no snapshot was left: %s", error)
        finally:
            done.set()

    async def _stop_acting(self) -> None:
        """No effect of ours is under way any more, and none begins."""
        self._acts = False
        self._database.controllers = ()
        with suppress(ValueError):
            self._database.listeners.remove(self._applied)
        await ended(self._publishing.values())
        for performer in self.performers:
            await performer.close()
        await self._executor.close()

    def _take_over(self, state: State) -> None:
        for dispatch in state.range(DISPATCHES):
            self._executor.offer(dispatch)
        self._offer_publications(state)

    def _applied(self, applied: Applied) -> None:
        for _, dispatch in applied.of(DISPATCHES):
            if dispatch is not None:
                self._levels.dispatched(self._database.state, dispatch)
                self._executor.offer(dispatch)
        for _, run in applied.of(RUNS):
            if run is not None and run.cancel_requested:
                self._executor.withdraw(run.run_id)
        if not applied.rows.keys().isdisjoint(PUBLICATION_TABLES):
            self._runtime.spawn(self._offer_waiting(), "arco-offer")

    async def _offer_waiting(self) -> None:
        """Whatever can be published is under way; the rows that say so may have to be read."""
        while self._acts:
            try:
                await self._database.asked(self._offer_publications)
                return
            except ArcoError as error:
                LOG.warning("what can be published is not known yet: %s", error)
            await self._runtime.sleep(PUBLISH_RETRY_SECONDS)

    def _offer_publications(self, state: State) -> None:
        for run_id in publishable(state):
            if self._acts and run_id not in self._publishing:
                work = self._publish(run_id)
                self._publishing[run_id] = self._runtime.spawn(work, f"arco-publish-{run_id}")

    async def _publish(self, run_id: str) -> None:
        """Ask until the run is published or has to wait for others; nobody else will."""
        delay_seconds = PUBLISH_RETRY_SECONDS
        try:
            while True:
                try:
                    await self._publisher.publish(run_id)
                except ArcoError as error:
                    LOG.error("run %s is not published yet: %s", run_id, error)
                except Exception:
                    LOG.exception("run %s is not published yet", run_id)
                if run_id not in await self._database.asked(publishable):
                    break
                await self._runtime.sleep(delay_seconds)
                delay_seconds = min(PUBLISH_RETRY_SECONDS_MAX, 2 * delay_seconds)
        finally:
            del self._publishing[run_id]
        await self._offer_waiting()

    async def _follow(self) -> None:
        """Act on what other processes wrote, and on what falls due."""
        while True:
            await self._runtime.sleep(self._pause_seconds())
            try:
                await self._remember()
                await self._look_around()
                await self._keep_levels()
            except ArcoError as error:
                LOG.warning("the log was not read: %s", error)
            except Exception:
                LOG.exception("the log was not read")
            if not await self._may_act():
                LOG.error("this process leads no more: its workers end, the next leader goes on")
                await self._stop_acting()
                self._lease.lock.release()
                return

    def _pause_seconds(self) -> float:
        """Until others are listened to again, or what falls due before that."""
        poll_seconds = self._workspace.settings.poll_seconds
        if self._due is None:
            return poll_seconds
        left_seconds = (self._due - self._runtime.now()).total_seconds()
        # What is due and does not move waits as if nothing were.
        return min(poll_seconds, left_seconds) if left_seconds > 0 else poll_seconds

    async def _remember(self) -> None:
        """What this process has seen still stands; else nothing is built on it any more."""
        now = self._runtime.monotonic()
        if now - self._remembered_at >= HISTORY_CHECK_SECONDS:
            self._remembered_at = now
            await check_history(self._database)

    async def _look_around(self) -> None:
        before = self._database.seq
        await self._database.refresh()
        self._due = await self._database.asked(self._standing.next_due)
        due = self._due is not None and self._due <= self._runtime.now()
        if self._database.seq > before or due:
            await self._nudge()
            self._due = await self._database.asked(self._standing.next_due)

    async def _keep_levels(self) -> None:
        """A service level that is not kept, or is again, is on record."""
        if self._levels.is_due() and await self._database.asked(self._levels.judge):
            await self._database.transact(guarded(self._lease, self._levels.decide))

    async def _may_act(self) -> bool:
        """Effects belong to the newest epoch, and to a process that can record them."""
        if not may_lead(self._database):
            return False
        try:
            return await self._database.asked(self._lease.is_current)
        except ArcoError as error:
            # Nobody said that somebody else leads.
            LOG.warning("the lease was not read: %s", error)
            return True

    async def _nudge(self) -> None:
        """Let the controllers look at the state, though nobody asks for anything."""
        await self._database.transact(lambda state, now: ())

    async def _publish_snapshots(self) -> None:
        age_seconds_max = self._workspace.settings.snapshot_age_seconds
        completed_at = -COMPLETE_CHECK_SECONDS
        while True:
            await self._runtime.sleep(min(SNAPSHOT_CHECK_SECONDS, age_seconds_max))
            try:
                due = snapshot.is_due(self._database, age_seconds_max=age_seconds_max)
                if self._runtime.monotonic() >= completed_at + COMPLETE_CHECK_SECONDS:
                    completed_at = self._runtime.monotonic()
                    due = due or await snapshot.is_incomplete(self._database)
                if due:
                    await snapshot.publish(self._database)
            except ArcoError as error:
                LOG.warning("no snapshot was published: %s", error)
            except Exception:
                LOG.exception("no snapshot was published")

    async def _patrol(self) -> None:
        """What is stored is read and checked, round after round, by who leads."""
        hours = self._workspace.settings.verify_hours
        if hours > 0:
            patrol = Patrol(self._database, every=timedelta(hours=hours))
            await patrol.run(lambda: self._acts)

    async def _collect_garbage(self) -> None:
        """A pass when one is due, and another soon while there is more than one may do."""
        retention = PROFILES[self._workspace.settings.retention]
        is_complete = True
        while True:
            await self._runtime.sleep(COLLECT_CHECK_SECONDS)
            try:
                now = self._runtime.now()
                due = await self._database.asked(partial(is_due, now=now, retention=retention))
                if self._acts and (due or not is_complete):
                    is_complete = await self._collector.collect()
                    await self._database.transact(guarded(self._lease, forget_refusals()))
            except ArcoError as error:
                LOG.warning("no garbage was collected: %s", error)
            except Exception:
                LOG.exception("no garbage was collected")


def decisions_of(standing: Standing, settings: Settings) -> tuple[Decision, ...]:
    """What a process of these settings decides by itself."""
    window = max(DISPATCH_WINDOW_MIN, DISPATCHES_PER_WORKER * settings.workers)
    return standing.decisions(window, RunScope(settings.scope.tenant, settings.scope.workspace))


def publishable(state: State) -> list[str]:
    """The runs, restores and compactions whose tables can be moved forward now, those that have
    begun first.
    """
    started = [row.run_id for row in started_publications(state)]
    started += [row.restore_id for row in started_restores(state)]
    started += [row.compaction_id for row in started_compactions(state)]
    return started + [row.run_id for row in startable_publications(state)]


async def ended(tasks: Iterable[Spawned]) -> None:
    """Every one of the tasks is cancelled and over."""
    cancelled = tuple(tasks)
    for task in cancelled:
        task.cancel()
    for task in cancelled:
        with suppress(BaseException):
            await task.join()


def guarded(lease: Lease, decision: Decision) -> Decision:
    """The decision, silent once somebody else leads."""
    return partial(_while_leading, lease=lease, decision=decision)


def _while_leading(
    state: State, now: datetime, *, lease: Lease, decision: Decision
) -> Sequence[Event]:
    return decision(state, now) if lease.is_current(state) else ()


__all__ = ["Leader", "decisions_of", "ended", "guarded", "publishable"]
