"""Reports: what workers say about attempts, as commands; each is repeated until the log has an
answer.

A worker is free again as soon as it has said how it ended: nobody waits for the commit but the
tasks downstream. Law C3: an attempt whose report cannot be recorded is lost, never forgotten.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.errors import Unavailable
from arco.model import Decision, Event, Misses, State
from arco.orchestration.commands.attempts import (
    CompleteAttempt,
    LoseAttempt,
    StartAttempt,
    complete_attempt,
    lose_attempt,
    start_attempt,
)
from arco.orchestration.outcomes import Completion
from arco.runtime import Signal, Spawned
from arco.service.candidates import may_lead
from arco.service.workspace import Workspace

RETRY_SECONDS = 0.1
RETRY_SECONDS_MAX = 5.0
SETTLE_SECONDS_MAX = 10.0
REPORTS_AT_ONCE_MAX = 256
LOG = logging.getLogger(__name__)


class Report(msgspec.Struct, frozen=True):
    """What one attempt came to, on its way to the log."""

    dispatch_id: str
    decision: Decision


class Reports:
    """The commands that are on their way to the log, in the order in which they came.

    One commit is asked for at a time; what is reported meanwhile is the next.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._waiting: deque[Report] = deque()
        self._under_way: Sequence[Report] = ()
        self._delivery: Spawned | None = None
        self._none_pending: Signal = workspace.runtime.signal()
        self._none_pending.set()

    @property
    def pending(self) -> int:
        """How many reports have no answer yet."""
        return len(self._waiting) + len(self._under_way)

    def started(self, dispatch_id: str, started_at: datetime) -> None:
        """Record that the attempt runs."""
        command = StartAttempt(dispatch_id=dispatch_id, started_at=started_at)
        self._report(dispatch_id, start_attempt(command))

    def ended(
        self, dispatch_id: str, completion: Completion, *, started_at: datetime, ended_at: datetime
    ) -> None:
        """Record how the attempt ended."""
        command = CompleteAttempt(
            dispatch_id=dispatch_id,
            started_at=started_at,
            ended_at=ended_at,
            completion=completion,
        )
        self._report(dispatch_id, complete_attempt(command))

    def lost(self, dispatch_id: str, reason: str) -> None:
        """Record that nobody performs the attempt any more."""
        self._report(dispatch_id, lost_attempt(dispatch_id, reason))

    async def settled(self) -> None:
        """Every report has its answer, or the log gave none in time: then the next leader has the
        attempt performed again.
        """
        if not await self._none_pending.wait(SETTLE_SECONDS_MAX):
            LOG.error("%s reports of workers were not recorded", self.pending)
        if self._delivery is not None:
            self._delivery.cancel()

    def _report(self, dispatch_id: str, decision: Decision) -> None:
        self._waiting.append(Report(dispatch_id, decision))
        if self._none_pending.is_set():
            self._none_pending.clear()
            self._delivery = self._runtime.spawn(self._deliver(), "arco-reports")

    async def _deliver(self) -> None:
        try:
            while self._waiting:
                self._under_way = _next(self._waiting)
                await self._record(self._under_way)
        finally:
            self._under_way = ()
            self._none_pending.set()

    async def _record(self, reports: Sequence[Report]) -> None:
        """One that is refused is lost, and keeps none beside it from the log."""
        try:
            await self._commit(partial(_decided, reports=reports))
        except Exception as error:
            if len(reports) == 1:
                await self._lose(reports[0], error)
                return
            for report in reports:
                await self._record([report])

    async def _lose(self, report: Report, error: Exception) -> None:
        LOG.error("the report about %s was refused", report.dispatch_id, exc_info=error)
        try:
            reason = f"its report was refused: {error}"
            await self._commit(lost_attempt(report.dispatch_id, reason))
        except Exception:
            LOG.exception("nor was it recorded that %s is lost", report.dispatch_id)

    async def _commit(self, decision: Decision) -> None:
        delay_seconds = RETRY_SECONDS
        while may_lead(self._database):
            try:
                await self._database.transact(decision)
                return
            except Unavailable:
                await self._runtime.sleep(delay_seconds)
                delay_seconds = min(RETRY_SECONDS_MAX, 2 * delay_seconds)


def _next(waiting: deque[Report]) -> Sequence[Report]:
    """The first reports, taken away: of each attempt one, so that none decides on what another
    has just changed.
    """
    taken: dict[str, Report] = {}
    while waiting and waiting[0].dispatch_id not in taken and len(taken) < REPORTS_AT_ONCE_MAX:
        report = waiting.popleft()
        taken[report.dispatch_id] = report
    return tuple(taken.values())


def _decided(state: State, now: datetime, *, reports: Sequence[Report]) -> Sequence[Event]:
    """What all of them come to. Raises: NotLoaded, for what any of them misses."""
    misses = Misses()
    events: list[Event] = []
    for report in reports:
        with misses:
            events += report.decision(state, now)
    misses.settle()
    return events


def lost_attempt(dispatch_id: str, reason: str) -> Decision:
    """The decision that nobody performs the attempt any more."""
    return lose_attempt(LoseAttempt(dispatch_id=dispatch_id, reason=reason))


__all__ = ["Report", "Reports", "lost_attempt"]
