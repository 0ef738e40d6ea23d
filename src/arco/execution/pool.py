"""The pool: warm worker processes of one project, one task at a time each.

An attempt is held from `offer` until it has ended, once per dispatch id. Children start at the
first offer and die with this process. What workers answer becomes commands; an answer about
another attempt than the one they have counts for nothing.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from arco.engine.applied import Applied
from arco.errors import ArcoError, Unavailable
from arco.execution.child import Child, NotStarted, WorkerGone, start_child
from arco.execution.envelopes import build_envelope
from arco.execution.protocol import (
    Acknowledge,
    Completed,
    Envelope,
    FromWorker,
    Heartbeat,
    HeartbeatReply,
    Ready,
    Started,
)
from arco.execution.protocol import Dispatch as Send
from arco.execution.reports import Reports
from arco.model import State
from arco.orchestration.commands.attempts import should_cancel
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.rows import Dispatch
from arco.orchestration.tables import PROJECTS
from arco.runtime import Signal, Spawned
from arco.service.workspace import Workspace

START_FAILURES_MAX = 3
START_PAUSE_SECONDS = 0.05
STARTED_DELAY_SECONDS = 0.1
"""An attempt that ends sooner is recorded with its end: its start is not worth a commit."""
STRANGE_MESSAGES_MAX = 16
NEVER = float("inf")
LOG = logging.getLogger(__name__)


class Held:
    """An attempt in the pool."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.dispatch = dispatch
        self.child: Child | None = None
        self.envelope: Envelope | None = None
        self.started_at: datetime | None = None
        self.started_due = NEVER
        self.deadline = NEVER
        self.heard_seconds = 0.0
        self.is_withdrawn = False
        self.strange_messages = 0
        self.why_ended: Completion | None = None
        """Set when we end the process ourselves: what to report instead of a loss."""

    @property
    def dispatch_id(self) -> str:
        """What every message about this attempt names."""
        return self.dispatch.dispatch_id


class Pool:
    """An `Executor` of worker processes on this machine."""

    def __init__(self, workspace: Workspace, project: Path) -> None:
        settings = workspace.settings
        self._workspace = workspace
        self._runtime = workspace.runtime
        # Workers have a working directory of their own: a relative path would lead them elsewhere.
        self._project = project.resolve()
        plain = "://" not in settings.store_url
        self._store = str(Path(settings.store_url).resolve()) if plain else settings.store_url
        self._scope = f"{settings.tenant}/{settings.workspace}"
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
        self._held[held.dispatch_id] = held
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
            if held.dispatch.run_id != run_id or held.is_withdrawn:
                continue
            if held in self._queue:
                self._queue.remove(held)
                self._end(held, cancelled())
            elif held.child is not None:
                held.is_withdrawn = True
                held.child.send(HeartbeatReply(held.dispatch_id, should_cancel=True))
                self._runtime.spawn(self._end_after_grace(held), "arco-cancel")

    def reload(self) -> None:
        """Every worker loads the project anew before its next task."""
        self._generation += 1
        self._work.set()

    async def close(self) -> None:
        """No worker of ours runs any more; attempts that have not ended are somebody else's to
        lose.
        """
        if not self._closed:
            self._closed = True
            for driver in self._drivers:
                driver.cancel()
        with suppress(ValueError):
            self._workspace.database.listeners.remove(self._applied)
        for driver in self._drivers:
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
            try:
                child = await start_child(self._project, self._store, scope=self._scope)
            except Exception as error:
                failures += 1
                if failures >= START_FAILURES_MAX:
                    self._give_up(error)
                    failures = 0
                await self._after_failed_start(generation)
                continue
            failures = 0
            try:
                await self._serve(child, generation)
            finally:
                child.kill()
                await child.ended()

    async def _after_failed_start(self, generation: int) -> None:
        """Return when it makes sense to start again: not before somebody needs a worker."""
        await self._runtime.sleep(START_PAUSE_SECONDS)
        while not self._queue and not self._closed and generation == self._generation:
            self._work.clear()
            await self._work.wait()

    def _give_up(self, error: Exception) -> None:
        completion = Completion(error=not_loaded(error))
        while self._queue:
            self._end(self._queue.popleft(), completion)

    async def _serve(self, child: Child, generation: int) -> None:
        while not self._closed:
            held = await self._next(generation)
            if held is None:
                return
            try:
                await self._perform(child, held)
            except WorkerGone as gone:
                self._lost(held, f"the worker process is gone: {gone}")
                return
            except Exception as error:
                self._failed(held, error)
                return
            finally:
                held.child = None

    async def _next(self, generation: int) -> Held | None:
        while not self._queue:
            self._work.clear()
            await self._work.wait()
            if self._closed or generation != self._generation:
                return None
        return None if generation != self._generation else self._queue.popleft()

    async def _perform(self, child: Child, held: Held) -> None:
        envelope = await self._envelope(held)
        if envelope is None:
            return
        held.child = child
        held.envelope = envelope
        held.heard_seconds = self._runtime.monotonic()
        # This process alone hands the attempt out, so its start is acknowledged in advance.
        child.send(Send(envelope), Acknowledge(held.dispatch_id))
        while True:
            message = await child.receive(self._patience(held))
            if message is None:
                self._after_silence(held)
            elif isinstance(message, Completed) and message.dispatch_id == held.dispatch_id:
                held.started_at = message.started_at
                self._end(held, message.completion, ended_at=message.ended_at)
                return
            else:
                self._hear(held, message)

    async def _envelope(self, held: Held) -> Envelope | None:
        """What to send; None when nobody wants the attempt any more, which is then dealt with."""

        def question(state: State) -> tuple[Envelope | None, bool]:
            envelope = build_envelope(state, held.dispatch, now=self._runtime.now())
            return envelope, should_cancel(state, held.dispatch_id)

        envelope, unwanted = await self._workspace.database.asked(question)
        if envelope is not None and not unwanted:
            return envelope
        # Of an attempt that is out no more this report says nothing new and decides nothing.
        self._end(held, cancelled())
        return None

    def _hear(self, held: Held, message: FromWorker) -> None:
        """A sign of life, if it is about the attempt that the worker has."""
        if isinstance(message, Ready) or message.dispatch_id != held.dispatch_id:
            held.strange_messages += 1
            if held.strange_messages > STRANGE_MESSAGES_MAX:
                raise WorkerGone("it goes on answering for attempts that it does not have")
            return
        now = held.heard_seconds = self._runtime.monotonic()
        if isinstance(message, Started) and held.started_at is None:
            self._begun(held, message.started_at)
        elif isinstance(message, Heartbeat) and now >= held.deadline:
            self._kill(held, Completion(error=timed_out(held)))

    def _begun(self, held: Held, started_at: datetime) -> None:
        assert held.envelope is not None
        held.started_at = started_at
        held.started_due = held.heard_seconds + STARTED_DELAY_SECONDS
        held.deadline = held.heard_seconds + held.envelope.asset.timeout_ms / 1000

    def _patience(self, held: Held) -> float:
        due = min(held.started_due, held.deadline, self._silent_at(held))
        return max(0.0, due - self._runtime.monotonic())

    def _silent_at(self, held: Held) -> float:
        return held.heard_seconds + self._workspace.settings.heartbeat_timeout_seconds

    def _after_silence(self, held: Held) -> None:
        now = self._runtime.monotonic()
        if now >= held.started_due and held.started_at is not None:
            held.started_due = NEVER
            self._reports.started(held.dispatch_id, held.started_at)
        if now >= held.deadline:
            held.deadline = NEVER
            self._kill(held, Completion(error=timed_out(held)))
        if now >= self._silent_at(held):
            raise WorkerGone("it fell silent")

    def _kill(self, held: Held, why: Completion) -> None:
        """End the process; the attempt ends with `why` unless its own end has arrived already."""
        if held.child is not None:
            held.why_ended = held.why_ended or why
            held.child.kill()

    async def _end_after_grace(self, held: Held) -> None:
        await self._runtime.sleep(self._workspace.settings.cancel_grace_seconds)
        self._kill(held, cancelled())

    def _lost(self, held: Held, reason: str) -> None:
        if held.why_ended is not None:
            self._end(held, held.why_ended)
            return
        self._held.pop(held.dispatch_id, None)
        if not self._closed:
            self._reports.lost(held.dispatch_id, reason)

    def _failed(self, held: Held, error: Exception) -> None:
        """The attempt could not even be handed out: its own fault, or that of a moment."""
        if isinstance(error, ArcoError) and not isinstance(error, Unavailable):
            wrong = TaskError(ErrorCategory.CONFIGURATION, error.message, hint=error.hint)
            self._end(held, Completion(error=wrong))
            return
        LOG.error("attempt %s was not handed out", held.dispatch_id, exc_info=error)
        self._lost(held, f"the attempt was not handed out: {error}")

    def _end(self, held: Held, completion: Completion, *, ended_at: datetime | None = None) -> None:
        self._held.pop(held.dispatch_id, None)
        if self._closed:
            return
        at = ended_at or self._runtime.now()
        self._reports.ended(
            held.dispatch_id, completion, started_at=held.started_at or at, ended_at=at
        )


def cancelled() -> Completion:
    """The end of an attempt whose run is being cancelled."""
    return Completion(error=TaskError(ErrorCategory.CANCELLED, "the run was cancelled"))


def not_loaded(error: Exception) -> TaskError:
    """The error of attempts that wait for a worker that does not come."""
    if isinstance(error, WorkerGone) and not isinstance(error, NotStarted):
        return TaskError(
            ErrorCategory.CONFIGURATION,
            f"no worker could load the project: {error}",
            hint="`arco deploy` shows what is wrong with it",
        )
    return TaskError(
        ErrorCategory.INFRASTRUCTURE,
        f"no worker could be started: {error}",
        hint="look at the memory and the process limit of this machine, and at the project folder",
    )


def timed_out(held: Held) -> TaskError:
    """The error of an attempt that took longer than its asset allows."""
    assert held.envelope is not None
    seconds = held.envelope.asset.timeout_ms / 1000
    return TaskError(
        ErrorCategory.TIMEOUT,
        f"the task took longer than its {seconds:g} seconds",
        hint="raise timeout_seconds of the asset, or make it faster",
    )


__all__ = ["Held", "Pool", "cancelled", "not_loaded", "timed_out"]
