"""The crew: warm worker processes of one project, one task at a time each.

An attempt is held from `take` until it has ended, once per dispatch id. Processes start with the
first attempt and die with this one. An answer about another attempt than the one a worker has
counts for nothing. Must not know where attempts come from, nor where their ends are recorded.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from arco.errors import ArcoError, Unavailable
from arco.execution.child import NotStarted, Worker, WorkerGone, start_child
from arco.execution.protocol import (
    Acknowledge,
    Completed,
    Dispatch,
    Envelope,
    FromWorker,
    Heartbeat,
    HeartbeatReply,
    Ready,
    Started,
)
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.runtime import Runtime, Signal, Spawned
from arco.service.settings import Settings

START_FAILURES_MAX = 3
START_PAUSE_SECONDS = 0.05
STARTED_DELAY_SECONDS = 0.1
"""An attempt that ends sooner is recorded with its end: its start is not worth a commit."""
STRANGE_MESSAGES_MAX = 16
NEVER = float("inf")
LOG = logging.getLogger(__name__)


class Held:
    """An attempt that the crew has; `ask` tells what to hand out once a worker is free: None when
    nobody wants it any more.
    """

    def __init__(
        self, dispatch_id: str, run_id: str, *, ask: Callable[[], Awaitable[Envelope | None]]
    ) -> None:
        self.dispatch_id = dispatch_id
        """What every message about this attempt names."""
        self.run_id = run_id
        self.ask = ask
        self.child: Worker | None = None
        self.envelope: Envelope | None = None
        self.started_at: datetime | None = None
        self.started_due = NEVER
        self.deadline = NEVER
        self.heard_seconds = 0.0
        self.is_withdrawn = False
        self.strange_messages = 0
        self.why_ended: Completion | None = None
        """Set when we end the process ourselves: what to report instead of a loss."""


class Desk(Protocol):
    """Where the crew reports; an attempt is reported once as ended or lost."""

    def started(self, held: Held, started_at: datetime) -> None:
        """The attempt has run for a while."""
        ...

    def ended(self, held: Held, completion: Completion, *, ended_at: datetime) -> None:
        """How the attempt ended."""
        ...

    def lost(self, held: Held, reason: str) -> None:
        """Nobody performs the attempt any more."""
        ...


class Crew:
    """Worker processes on this machine, as many as the settings say."""

    def __init__(self, settings: Settings, runtime: Runtime, *, project: Path, desk: Desk) -> None:
        self._settings = settings
        self._runtime = runtime
        self._desk = desk
        # Workers have a working directory of their own: a relative path would lead them elsewhere.
        self._project = project.resolve()
        plain = "://" not in settings.store_url
        self._store = str(Path(settings.store_url).resolve()) if plain else settings.store_url
        self._scope = f"{settings.tenant}/{settings.workspace}"
        self._queue: deque[Held] = deque()
        self._held: dict[str, Held] = {}
        self._drivers: list[Spawned] = []
        self._work: Signal = runtime.signal()
        self._generation = 0
        self._closed = False

    @property
    def held(self) -> tuple[Held, ...]:
        """What has not ended, in the order in which it came."""
        return tuple(self._held.values())

    def holds(self, dispatch_id: str) -> bool:
        """Whether this attempt has not ended yet."""
        return dispatch_id in self._held

    def take(self, held: Held) -> None:
        """Hold the attempt until it has ended. Idempotent: by dispatch id."""
        if held.dispatch_id in self._held or self._closed:
            return
        self._held[held.dispatch_id] = held
        self._queue.append(held)
        self._work.set()
        if len(self._drivers) < min(self._settings.workers, len(self._held)):
            name = f"arco-worker-{len(self._drivers)}"
            self._drivers.append(self._runtime.spawn(self._drive(), name))

    def withdraw(self, held: Held) -> None:
        """Drop the attempt if it has not begun; else tell it, and end it after a grace period."""
        if held.is_withdrawn:
            return
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
        """No worker of ours runs any more; of attempts that have not ended nothing is reported."""
        if not self._closed:
            self._closed = True
            for driver in self._drivers:
                driver.cancel()
        for driver in self._drivers:
            with suppress(BaseException):
                await driver.join()

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

    async def _serve(self, child: Worker, generation: int) -> None:
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

    async def _perform(self, child: Worker, held: Held) -> None:
        envelope = await held.ask()
        if envelope is None:
            # Of an attempt that is out no more this report says nothing new and decides nothing.
            self._end(held, cancelled())
            return
        held.child = child
        held.envelope = envelope
        held.heard_seconds = self._runtime.monotonic()
        # Nobody else hands the attempt out, so its start is acknowledged in advance.
        child.send(Dispatch(envelope), Acknowledge(held.dispatch_id))
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
            self._kill(held, self._timed_out(held))

    def _begun(self, held: Held, started_at: datetime) -> None:
        assert held.envelope is not None
        held.started_at = started_at
        held.started_due = held.heard_seconds + STARTED_DELAY_SECONDS
        held.deadline = held.heard_seconds + held.envelope.asset.timeout_ms / 1000

    def _patience(self, held: Held) -> float:
        due = min(held.started_due, held.deadline, self._silent_at(held))
        return max(0.0, due - self._runtime.monotonic())

    def _silent_at(self, held: Held) -> float:
        return held.heard_seconds + self._settings.heartbeat_timeout_seconds

    def _after_silence(self, held: Held) -> None:
        now = self._runtime.monotonic()
        if now >= held.started_due and held.started_at is not None:
            held.started_due = NEVER
            self._desk.started(held, held.started_at)
        if now >= held.deadline:
            held.deadline = NEVER
            self._kill(held, self._timed_out(held))
        if now >= self._silent_at(held):
            raise WorkerGone("it fell silent")

    def _kill(self, held: Held, why: Completion) -> None:
        """End the process; the attempt ends with `why` unless its own end has arrived already."""
        if held.child is not None:
            held.why_ended = held.why_ended or why
            held.child.kill()

    def _timed_out(self, held: Held) -> Completion:
        assert held.envelope is not None
        return Completion(error=timed_out(held.envelope))

    async def _end_after_grace(self, held: Held) -> None:
        await self._runtime.sleep(self._settings.cancel_grace_seconds)
        self._kill(held, cancelled())

    def _lost(self, held: Held, reason: str) -> None:
        if held.why_ended is not None:
            self._end(held, held.why_ended)
            return
        self._held.pop(held.dispatch_id, None)
        if not self._closed:
            self._desk.lost(held, reason)

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
        self._desk.ended(held, completion, ended_at=ended_at or self._runtime.now())


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


def timed_out(envelope: Envelope) -> TaskError:
    """The error of an attempt that took longer than its asset allows."""
    seconds = envelope.asset.timeout_ms / 1000
    return TaskError(
        ErrorCategory.TIMEOUT,
        f"the task took longer than its {seconds:g} seconds",
        hint="raise timeout_seconds of the asset, or make it faster",
    )


__all__ = [
    "NEVER",
    "STARTED_DELAY_SECONDS",
    "Crew",
    "Desk",
    "Held",
    "cancelled",
    "not_loaded",
    "timed_out",
]
