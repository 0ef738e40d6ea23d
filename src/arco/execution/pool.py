"""The pool: warm worker processes of one project, one task at a time each.

An attempt is held from `offer` until it has ended, once per dispatch id. Children start at the
first offer and die with this process. What workers answer becomes commands; their order and
their lies are the reducers' matter.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from arco.engine.database import Applied
from arco.execution.child import Child, WorkerGone, start_child
from arco.execution.envelopes import build_envelope
from arco.execution.protocol import (
    Acknowledge,
    Completed,
    Envelope,
    HeartbeatReply,
    Started,
)
from arco.execution.protocol import Dispatch as Send
from arco.execution.reports import Reports
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.rows import Dispatch
from arco.orchestration.tables import PROJECTS
from arco.runtime import Signal, Spawned
from arco.service.workspace import Workspace

START_FAILURES_MAX = 3


class Held:
    """An attempt in the pool."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.dispatch = dispatch
        self.child: Child | None = None
        self.envelope: Envelope | None = None
        self.started_at: datetime | None = None
        self.deadline = float("inf")
        self.why_ended: Completion | None = None
        """Set when we end the process ourselves: what to report instead of a loss."""


class Pool:
    """An `Executor` of worker processes on this machine."""

    def __init__(self, workspace: Workspace, project: Path) -> None:
        self._workspace = workspace
        self._runtime = workspace.runtime
        self._project = project
        self._reports = Reports(workspace)
        self._queue: deque[Held] = deque()
        self._held: dict[str, Held] = {}
        self._drivers: list[Spawned] = []
        self._work: Signal = workspace.runtime.signal()
        self._generation = 0
        self._closed = False

    async def start(self) -> None:
        """Processes start at the first offer, and again whenever somebody deploys."""
        self._workspace.database.listeners.append(self._applied)

    def offer(self, dispatch: Dispatch) -> None:
        """Hold the attempt until it has ended. Idempotent: by dispatch id."""
        if dispatch.dispatch_id in self._held or self._closed:
            return
        held = Held(dispatch)
        self._held[dispatch.dispatch_id] = held
        self._queue.append(held)
        self._work.set()
        size = self._workspace.settings.workers
        if len(self._drivers) < min(size, len(self._held)):
            name = f"arco-worker-{len(self._drivers)}"
            self._drivers.append(self._runtime.spawn(self._drive(), name))

    def withdraw(self, run_id: str) -> None:
        """Drop the run's attempts that have not begun; tell the others, and end them after a
        grace period.
        """
        for held in list(self._held.values()):
            if held.dispatch.run_id != run_id:
                continue
            if held in self._queue:
                self._queue.remove(held)
                self._end(held, cancelled())
            elif held.child is not None and held.why_ended is None:
                held.child.send(HeartbeatReply(held.dispatch.dispatch_id, should_cancel=True))
                self._runtime.spawn(self._end_after_grace(held), "arco-cancel")

    def reload(self) -> None:
        """Every worker loads the project anew before its next task."""
        self._generation += 1
        self._work.set()

    async def close(self) -> None:
        """No worker of ours runs any more; attempts that have not ended are somebody else's to
        lose.
        """
        self._closed = True
        self._work.set()
        self._workspace.database.listeners.remove(self._applied)
        for held in self._held.values():
            if held.child is not None:
                held.child.kill()
        for driver in self._drivers:
            driver.cancel()
            with suppress(BaseException):
                await driver.join()
        await self._reports.settled()

    def _applied(self, applied: Applied) -> None:
        if any(change.table is PROJECTS for change in applied.changes):
            self.reload()

    async def _drive(self) -> None:
        failures = 0
        while not self._closed:
            generation = self._generation
            settings = self._workspace.settings
            scope = f"{settings.tenant}/{settings.workspace}"
            try:
                child = await start_child(self._project, settings.store_url, scope=scope)
            except WorkerGone as gone:
                failures += 1
                self._give_up(failures, str(gone))
                await self._runtime.sleep(0.05 * failures)
                continue
            failures = 0
            try:
                await self._serve(child, generation)
            finally:
                child.kill()
                await child.ended()

    def _give_up(self, failures: int, reason: str) -> None:
        if failures < START_FAILURES_MAX:
            return
        error = TaskError(
            ErrorCategory.CONFIGURATION,
            f"no worker could load the project: {reason}",
            hint="`arco deploy` shows what is wrong with it",
        )
        while self._queue:
            self._end(self._queue.popleft(), Completion(error=error))

    async def _serve(self, child: Child, generation: int) -> None:
        while not self._closed:
            held = await self._next(generation)
            if held is None:
                return
            try:
                await self._perform(child, held)
            except WorkerGone as gone:
                self._lost(held, str(gone))
                return
            except TimeoutError:
                self._lost(held, "it fell silent")
                return

    async def _next(self, generation: int) -> Held | None:
        while not self._queue:
            self._work.clear()
            await self._work.wait()
            if self._closed or generation != self._generation:
                return None
        return None if generation != self._generation else self._queue.popleft()

    async def _perform(self, child: Child, held: Held) -> None:
        envelope = await self._envelope(held.dispatch)
        if envelope is None:
            self._held.pop(held.dispatch.dispatch_id, None)
            return
        held.child = child
        held.envelope = envelope
        child.send(Send(envelope))
        while True:
            message = await child.receive(self._patience(held))
            if isinstance(message, Started):
                self._started(held, message)
                child.send(Acknowledge(message.dispatch_id))
            elif isinstance(message, Completed):
                held.child = None
                held.started_at = message.started_at
                self._end(held, message.completion, ended_at=message.ended_at)
                return
            self._end_overdue(held)

    async def _envelope(self, dispatch: Dispatch) -> Envelope | None:
        now = self._runtime.now()
        return await self._workspace.database.asked(
            lambda state: build_envelope(state, dispatch, now=now)
        )

    def _patience(self, held: Held) -> float:
        left = held.deadline - self._runtime.monotonic()
        return max(0.05, min(self._workspace.settings.heartbeat_timeout_seconds, left + 0.05))

    def _started(self, held: Held, message: Started) -> None:
        assert held.envelope is not None
        held.started_at = message.started_at
        held.deadline = self._runtime.monotonic() + held.envelope.asset.timeout_ms / 1000
        self._reports.started_soon(
            held.dispatch.dispatch_id, message.started_at, still_runs=lambda: held.child is not None
        )

    def _end_overdue(self, held: Held) -> None:
        if self._runtime.monotonic() < held.deadline or held.child is None:
            return
        held.why_ended = Completion(error=timed_out(held))
        held.child.kill()

    async def _end_after_grace(self, held: Held) -> None:
        await self._runtime.sleep(self._workspace.settings.cancel_grace_seconds)
        if held.child is not None:
            held.why_ended = cancelled()
            held.child.kill()

    def _lost(self, held: Held, reason: str) -> None:
        held.child = None
        if self._closed:
            return
        if held.why_ended is None and self._runtime.monotonic() >= held.deadline:
            held.why_ended = Completion(error=timed_out(held))
        if held.why_ended is not None:
            self._end(held, held.why_ended)
            return
        self._held.pop(held.dispatch.dispatch_id, None)
        self._reports.lost(held.dispatch.dispatch_id, f"the worker process is gone: {reason}")

    def _end(self, held: Held, completion: Completion, *, ended_at: datetime | None = None) -> None:
        self._held.pop(held.dispatch.dispatch_id, None)
        at = ended_at or self._runtime.now()
        self._reports.ended(
            held.dispatch.dispatch_id, completion, started_at=held.started_at or at, ended_at=at
        )


def cancelled() -> Completion:
    """The end of an attempt whose run is being cancelled."""
    return Completion(error=TaskError(ErrorCategory.CANCELLED, "the run was cancelled"))


def timed_out(held: Held) -> TaskError:
    """The error of an attempt that took longer than its asset allows."""
    assert held.envelope is not None
    seconds = held.envelope.asset.timeout_ms / 1000
    return TaskError(
        ErrorCategory.TIMEOUT,
        f"the task took longer than its {seconds:g} seconds",
        hint="raise timeout_seconds of the asset, or make it faster",
    )


__all__ = ["Held", "Pool", "cancelled", "timed_out"]
