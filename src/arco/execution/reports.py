"""Reports: what workers say about attempts, as commands; each is repeated until the log has an
answer.

A worker is free again as soon as it has said how it ended: nobody waits for the commit but the
tasks downstream. Law C3: an attempt whose report cannot be recorded is lost, never forgotten.
"""

from __future__ import annotations

import logging
from datetime import datetime

from arco.errors import Unavailable
from arco.model import Decision
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
LOG = logging.getLogger(__name__)


class Reports:
    """The commands that are on their way to the log."""

    def __init__(self, workspace: Workspace) -> None:
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._pending: dict[int, Spawned] = {}
        self._reported = 0
        self._none_pending: Signal = workspace.runtime.signal()
        self._none_pending.set()

    @property
    def pending(self) -> int:
        """How many reports have no answer yet."""
        return len(self._pending)

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
        for spawned in tuple(self._pending.values()):
            spawned.cancel()

    def _report(self, dispatch_id: str, decision: Decision) -> None:
        self._reported += 1
        number = self._reported
        self._none_pending.clear()
        work = self._deliver(number, dispatch_id, decision=decision)
        self._pending[number] = self._runtime.spawn(work, "arco-report")

    async def _deliver(self, number: int, dispatch_id: str, *, decision: Decision) -> None:
        try:
            await self._commit(decision)
        except Exception as error:
            LOG.exception("the report about %s was refused", dispatch_id)
            await self._commit(lost_attempt(dispatch_id, f"its report was refused: {error}"))
        finally:
            del self._pending[number]
            if not self._pending:
                self._none_pending.set()

    async def _commit(self, decision: Decision) -> None:
        delay_seconds = RETRY_SECONDS
        while may_lead(self._database):
            try:
                await self._database.transact(decision)
                return
            except Unavailable:
                await self._runtime.sleep(delay_seconds)
                delay_seconds = min(RETRY_SECONDS_MAX, 2 * delay_seconds)


def lost_attempt(dispatch_id: str, reason: str) -> Decision:
    """The decision that nobody performs the attempt any more."""
    return lose_attempt(LoseAttempt(dispatch_id=dispatch_id, reason=reason))


__all__ = ["Reports", "lost_attempt"]
