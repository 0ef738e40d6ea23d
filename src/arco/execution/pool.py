"""The pool: an `Executor` of warm worker processes on this machine.

What the state says about an attempt is read when a worker is free for it; what workers answer
becomes commands. Every worker loads the project anew when somebody deploys. Must not know how
processes are kept.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from arco.engine.applied import Applied
from arco.execution.crew import Crew, Held
from arco.execution.envelopes import build_envelope
from arco.execution.protocol import Envelope
from arco.execution.reports import Reports
from arco.model import State
from arco.orchestration.commands.attempts import should_cancel
from arco.orchestration.outcomes import Completion
from arco.orchestration.rows import Dispatch
from arco.orchestration.tables import PROJECTS
from arco.runtime import Runtime
from arco.service.workspace import Workspace


class Pool:
    """An `Executor` of worker processes on this machine."""

    def __init__(self, workspace: Workspace, project: Path) -> None:
        self._workspace = workspace
        self._runtime: Runtime = workspace.runtime
        self._reports = Reports(workspace)
        self._crew = Crew(workspace.settings, workspace.runtime, project=project, desk=self)

    async def start(self) -> None:
        """Processes start at the first offer, and again whenever somebody deploys."""
        self._workspace.database.listeners.append(self._applied)

    def offer(self, dispatch: Dispatch) -> None:
        """Hold the attempt until it has ended. Idempotent: by dispatch id."""
        if not self._crew.holds(dispatch.dispatch_id):
            ask = partial(self._envelope, dispatch)
            self._crew.take(Held(dispatch.dispatch_id, dispatch.run_id, ask=ask))

    def withdraw(self, run_id: str) -> None:
        """Drop the run's attempts that have not begun; tell the others, and end them after a
        grace period.
        """
        for held in self._crew.held:
            if held.run_id == run_id:
                self._crew.withdraw(held)

    def reload(self) -> None:
        """Every worker loads the project anew before its next task."""
        self._crew.reload()

    async def close(self) -> None:
        """No worker of ours runs any more; attempts that have not ended are somebody else's to
        lose.
        """
        with suppress(ValueError):
            self._workspace.database.listeners.remove(self._applied)
        await self._crew.close()
        await self._reports.settled()

    def started(self, held: Held, started_at: datetime) -> None:
        """Record that the attempt runs."""
        self._reports.started(held.dispatch_id, started_at)

    def ended(self, held: Held, completion: Completion, *, ended_at: datetime) -> None:
        """Record how the attempt ended."""
        self._reports.ended(
            held.dispatch_id,
            completion,
            started_at=held.started_at or ended_at,
            ended_at=ended_at,
        )

    def lost(self, held: Held, reason: str) -> None:
        """Record that nobody performs the attempt any more."""
        self._reports.lost(held.dispatch_id, reason)

    def _applied(self, applied: Applied) -> None:
        if PROJECTS.name in applied.rows:
            self.reload()

    async def _envelope(self, dispatch: Dispatch) -> Envelope | None:
        """What to send; None when nobody wants the attempt any more."""

        def question(state: State) -> tuple[Envelope | None, bool]:
            envelope = build_envelope(state, dispatch, now=self._runtime.now())
            return envelope, should_cancel(state, dispatch.dispatch_id)

        envelope, unwanted = await self._workspace.database.asked(question)
        return None if unwanted else envelope


__all__ = ["Pool"]
