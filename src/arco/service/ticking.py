"""One tick: everything that falls due with time, done once, by whichever process is asked.

Anybody may: what is decided is decided on the newest state, and work that two processes do at once
is wasted and nothing else. Effects stay with who leads. Must not know who asks.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

import msgspec

from arco.access.refusals import forget_refusals
from arco.engine import snapshot
from arco.engine.lanes.folder import Folder
from arco.engine.rollback import check_history
from arco.engine.rounds.patrol import Patrol
from arco.errors import ArcoError, TooManyRequests
from arco.orchestration.controllers import AUTOMATING
from arco.service.loop import decisions_of
from arco.service.ports import Collector, Performer
from arco.service.retention import PROFILES, is_due
from arco.service.workspace import Workspace

FOLDS_MAX = 16
"""A tick folds so often, and leaves the rest to the next one."""
LOG = logging.getLogger(__name__)
T = TypeVar("T")


class TickProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the work that could not be done this time."""

    part: str
    """`perform`, `fold`, `publish`, `check` or `collect`."""
    code: str
    message: str


class Ticked(msgspec.Struct, frozen=True, kw_only=True):
    """What fell due and was done."""

    decided: int
    """How many events the controllers decided: schedules that fired, retries, ends, attempts."""
    performed: int
    """How many sensors were looked at and notifications tried; 0 where another process leads: it
    does so by its clock."""
    folded: int
    """How many facts became visible."""
    published: bool
    """Whether a snapshot was published."""
    checked: bool
    """Whether a piece of what is stored was read and checked."""
    collected: bool
    """Whether garbage was collected."""
    is_done: bool
    """False: more is due already, so that the next tick need not wait."""
    problems: tuple[TickProblem, ...] = ()
    """The parts that failed; the next tick tries them again."""


class Ticker:
    """Does for one process what falls due, one tick at a time."""

    def __init__(
        self,
        workspace: Workspace,
        collector: Collector,
        performers: Callable[[], Sequence[Performer]] = tuple,
    ) -> None:
        self._performers = performers
        settings = workspace.settings
        self._workspace = workspace
        self._database = workspace.database
        self._collector = collector
        self._folder = Folder(workspace.database)
        self._every = timedelta(hours=settings.verify_hours)
        self._patrol = Patrol(workspace.database, every=self._every)
        self._problems: list[TickProblem] = []
        self._is_under_way = False

    async def tick(self) -> Ticked:
        """What fell due is done, as far as one tick goes.

        Raises: TooManyRequests TICK_UNDER_WAY; Unavailable, StoreFault, Precondition
        HISTORY_ROLLBACK when nothing could be decided. Idempotent: what was done is not due.
        """
        if self._is_under_way:
            raise TooManyRequests(
                "TICK_UNDER_WAY",
                "another tick is under way in this process",
                hint="nothing is lost: it does what this one would have done",
                retry_after_seconds=1,
            )
        self._is_under_way = True
        self._problems = []
        try:
            return await self._tick()
        finally:
            self._is_under_way = False

    async def _tick(self) -> Ticked:
        await self._database.refresh()
        await check_history(self._database)
        decided = await self._decide()
        performed = await self._try("perform", self._perform, failed=0)
        folded, folds_are_left = await self._try("fold", self._fold, failed=(0, False))
        published = await self._try("publish", self._publish, failed=False)
        checked = await self._try("check", self._check, failed=False)
        collected, rest_is_left = await self._try("collect", self._collect, failed=(False, False))
        return Ticked(
            decided=decided,
            performed=performed,
            folded=folded,
            published=published,
            checked=checked,
            collected=collected,
            is_done=not (folds_are_left or checked or rest_is_left),
            problems=tuple(self._problems),
        )

    async def _decide(self) -> int:
        """How many events the controllers decided; none is due any more."""
        before = self._database.seq
        count = 0
        for decision in decisions_of(AUTOMATING, self._workspace.settings):
            receipt = await self._database.transact(decision)
            count += len(receipt.events)
        LOG.info("a tick decided %s events after slot %s", count, before)
        return count

    async def _perform(self) -> int:
        """How much of what falls due outside of the log was done here."""
        return sum([await performer.turn() for performer in self._performers()])

    async def _fold(self) -> tuple[int, bool]:
        """How many facts became visible, and whether others wait."""
        count = 0
        for _ in range(FOLDS_MAX):
            folded = await self._folder.step()
            if not folded:
                return count, False
            count += folded
        return count, True

    async def _publish(self) -> bool:
        age_seconds_max = self._workspace.settings.snapshot_age_seconds
        due = snapshot.is_due(self._database, age_seconds_max=age_seconds_max)
        return due and await snapshot.publish(self._database)

    async def _check(self) -> bool:
        return bool(self._every) and await self._patrol.step()

    async def _collect(self) -> tuple[bool, bool]:
        """Whether garbage was collected, and whether a pass left some."""
        retention = PROFILES[self._workspace.settings.retention]
        now = self._workspace.runtime.now()
        if not await self._database.asked(partial(is_due, now=now, retention=retention)):
            return False, False
        is_complete = await self._collector.collect()
        await self._database.transact(forget_refusals())
        return True, not is_complete

    async def _try(self, part: str, work: Callable[[], Awaitable[T]], *, failed: T) -> T:
        """What the work returns; a part that fails keeps no other from being done."""
        try:
            return await work()
        except ArcoError as error:
            LOG.warning("a tick could not %s: %s", part, error)
            self._problems.append(TickProblem(part=part, code=error.code, message=error.message))
        except Exception:
            LOG.exception("a tick could not %s", part)
            message = "something went wrong here; the server's log says more"
            self._problems.append(TickProblem(part=part, code="INTERNAL_ERROR", message=message))
        return failed


__all__ = ["TickProblem", "Ticked", "Ticker"]
