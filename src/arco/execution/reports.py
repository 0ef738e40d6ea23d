"""Reports: what workers say about attempts, as commands; each is repeated until the log has an
answer.

A worker is free again as soon as it has said how it ended: nobody waits for the commit but the
tasks downstream.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from arco.errors import ArcoError, Unavailable
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
from arco.runtime import Spawned
from arco.service.workspace import Workspace

STARTED_DELAY_SECONDS = 0.1
TRIES_MAX = 10
PENDING_SWEPT_AT = 256
LOG = logging.getLogger(__name__)


class Reports:
    """The commands that are on their way to the log."""

    def __init__(self, workspace: Workspace) -> None:
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._pending: set[Spawned] = set()

    def started_soon(
        self, dispatch_id: str, started_at: datetime, *, still_runs: Callable[[], bool]
    ) -> None:
        """Record the start, unless the attempt ends before that is worth a commit."""

        async def wait() -> None:
            await self._runtime.sleep(STARTED_DELAY_SECONDS)
            if still_runs():
                command = StartAttempt(dispatch_id=dispatch_id, started_at=started_at)
                await self._commit(start_attempt(command))

        self._runtime.spawn(wait(), "arco-started")

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
        self._report(complete_attempt(command))

    def lost(self, dispatch_id: str, reason: str) -> None:
        """Record that nobody performs the attempt any more."""
        self._report(lose_attempt(LoseAttempt(dispatch_id=dispatch_id, reason=reason)))

    async def settled(self) -> None:
        """Return once every report has its answer."""
        for spawned in tuple(self._pending):
            await spawned.join()

    def _report(self, decision: Decision) -> None:
        if len(self._pending) >= PENDING_SWEPT_AT:
            self._pending = {other for other in self._pending if not other.done()}
        self._pending.add(self._runtime.spawn(self._commit(decision), "arco-report"))

    async def _commit(self, decision: Decision) -> None:
        for tries in range(TRIES_MAX):
            try:
                await self._database.transact(decision)
                return
            except Unavailable:
                await self._runtime.sleep(min(5.0, 0.1 * 2**tries))
            except ArcoError as error:
                LOG.error("a worker's report was refused: %s", error)
                return
        LOG.error("a worker's report found no answer; its attempt is performed again later")


__all__ = ["Reports"]
