"""The `http` executor: attempts are offered to worker services, which answer over HTTP.

An attempt is held until its dispatch is out no more, whoever recorded that. Law C3: a service that
is silent, never starts or never ends is given up within a bounded time. A service that has an
attempt already, from an earlier leader, is offered it before others. Must not know processes.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from datetime import datetime

from arco.engine.applied import Applied
from arco.errors import ArcoError, Unavailable
from arco.execution.callbacks import Callbacks
from arco.execution.calling import Unanswered
from arco.execution.crew import NEVER, STARTED_DELAY_SECONDS, cancelled, timed_out
from arco.execution.envelopes import build_envelope
from arco.execution.protocol import Envelope, Heartbeat, Started
from arco.execution.reports import Reports
from arco.execution.stations import BUSY, REFUSED, Station
from arco.model import State
from arco.orchestration.commands.attempts import should_cancel
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.rows import Dispatch
from arco.orchestration.tables import DISPATCHES
from arco.runtime import Signal, Spawned
from arco.service.settings import listed
from arco.service.workspace import Workspace

BEATS_PER_TIMEOUT = 6
LATE_SECONDS = 10.0
"""What a service may need beyond the asset's own limit to say how an attempt ended."""
START_SECONDS_MAX = 120.0
"""A service takes no more than it has processes for: what it took begins once they have loaded."""
BUSY_SECONDS = 0.25
FAILED_SECONDS = 0.1
FAILED_SECONDS_MAX = 5.0
LOG = logging.getLogger(__name__)


class Sent:
    """An attempt that a worker service has, or that waits for one."""

    def __init__(self, dispatch: Dispatch, now: float) -> None:
        self.dispatch = dispatch
        self.station: Station | None = None
        self.envelope: Envelope | None = None
        self.heard_seconds = now
        """When it was last heard of."""
        self.unreached_since: float | None = None
        """Since when no service could be reached that was to take it."""
        self.start_deadline = NEVER
        self.started_at: datetime | None = None
        self.started_due = NEVER
        self.deadline = NEVER
        self.cancel_deadline = NEVER


class HttpExecutor:
    """An `Executor` of worker services."""

    def __init__(self, workspace: Workspace, callbacks: Callbacks) -> None:
        settings = workspace.settings
        self._settings = settings
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._callbacks = callbacks
        self._reports = Reports(workspace)
        self._beat_seconds = settings.heartbeat_timeout_seconds / BEATS_PER_TIMEOUT
        self._stations = [
            Station(url, callbacks, runtime=workspace.runtime, scope=settings.scope)
            for url in listed(settings.worker_urls)
        ]
        self._queue: deque[Sent] = deque()
        self._sent: dict[str, Sent] = {}
        self._works: list[Spawned] = []
        self._work: Signal = workspace.runtime.signal()
        self._stirred: Signal = workspace.runtime.signal()
        self._closed = False

    async def start(self) -> None:
        """Services are asked what they have once there is something to hand out."""
        self._callbacks.listener = self
        self._database.listeners.append(self._applied)

    def offer(self, dispatch: Dispatch) -> None:
        """Hold the attempt until it has ended. Idempotent: by dispatch id."""
        if dispatch.dispatch_id in self._sent or self._closed:
            return
        sent = Sent(dispatch, self._runtime.monotonic())
        self._sent[dispatch.dispatch_id] = sent
        problem = self._problem()
        if problem is not None:
            self._end(sent, Completion(error=problem))
            return
        self._queue.append(sent)
        self._work.set()
        if not self._works:
            self._works.append(self._runtime.spawn(self._serve_all(), "arco-stations"))
            self._works.append(self._runtime.spawn(self._watch(), "arco-watch-attempts"))

    def withdraw(self, run_id: str) -> None:
        """Drop the run's attempts that wait; services hear of it with their next heartbeat, and are
        given up when they do not listen.
        """
        grace_seconds = self._settings.cancel_grace_seconds + 2 * self._beat_seconds + LATE_SECONDS
        for sent in tuple(self._sent.values()):
            if sent.dispatch.run_id != run_id or sent.cancel_deadline is not NEVER:
                continue
            if sent in self._queue:
                self._queue.remove(sent)
                self._end(sent, cancelled())
            else:
                sent.cancel_deadline = self._runtime.monotonic() + grace_seconds
                self._stirred.set()

    async def close(self) -> None:
        """Nothing is handed out any more; services go on, and answer whoever leads next."""
        self._closed = True
        if self._callbacks.listener is self:
            self._callbacks.listener = None
        with suppress(ValueError):
            self._database.listeners.remove(self._applied)
        for work in self._works:
            work.cancel()
        for work in self._works:
            with suppress(BaseException):
                await work.join()
        for station in self._stations:
            station.close()
        await self._reports.settled()

    def heard(self, message: Started | Heartbeat) -> None:
        """A worker service is alive, and has this attempt."""
        sent = self._sent.get(message.dispatch_id)
        if sent is None:
            return
        now = sent.heard_seconds = self._runtime.monotonic()
        if isinstance(message, Started) and sent.started_at is None:
            sent.started_at = self._runtime.now()
            sent.start_deadline = NEVER
            sent.started_due = now + STARTED_DELAY_SECONDS
            if sent.envelope is not None:
                sent.deadline = now + sent.envelope.asset.timeout_ms / 1000 + LATE_SECONDS
        self._stirred.set()

    def _problem(self) -> TaskError | None:
        """Why no attempt can be handed out, as this process is set up."""
        if self._stations and self._callbacks.secrets:
            return None
        missing = "ARCO_WORKER_SECRETS" if self._stations else "ARCO_WORKER_URLS"
        return TaskError(
            ErrorCategory.CONFIGURATION,
            f"the asset runs on a worker service, and {missing} of the leading process names none",
            hint="see docs/how-to/run-worker-services.md, or give the asset executor='pool'",
        )

    def _applied(self, applied: Applied) -> None:
        for key, dispatch in applied.of(DISPATCHES) if self._sent else ():
            if dispatch is None:
                self._forget(str(key[0]))

    def _forget(self, dispatch_id: str) -> None:
        sent = self._sent.pop(dispatch_id, None)
        if sent is None:
            return
        if sent in self._queue:
            self._queue.remove(sent)
        if sent.station is not None:
            sent.station.release()
            self._work.set()

    async def _serve_all(self) -> None:
        """Hand out for ever, once every service has said what it has, or did not answer."""
        await self._runtime.gather([station.call_roll() for station in self._stations])
        await self._runtime.gather([self._serve(station) for station in self._stations])

    async def _serve(self, station: Station) -> None:
        while True:
            sent = self._next(station)
            if sent is None:
                self._work.clear()
                await self._work.wait(BUSY_SECONDS if station.is_paused else None)
                station.is_paused = False
                continue
            try:
                await self._hand_out(sent, station)
            except Exception as error:
                self._failed(sent, error)

    def _next(self, station: Station) -> Sent | None:
        """What this service should have: first what it has already."""
        for sent in self._queue if station.may_take or station.roll else ():
            dispatch_id = sent.dispatch.dispatch_id
            mine = dispatch_id in station.roll
            if mine or (station.may_take and not self._is_elsewhere(dispatch_id)):
                self._queue.remove(sent)
                return sent
        return None

    def _is_elsewhere(self, dispatch_id: str) -> bool:
        return any(dispatch_id in station.roll for station in self._stations)

    async def _hand_out(self, sent: Sent, station: Station) -> None:
        sent.envelope = await self._envelope(sent.dispatch)
        if sent.envelope is None:
            self._end(sent, cancelled())
            return
        url = await self._callbacks.url()
        if not url:
            self._end(sent, Completion(error=not_served()))
            return
        station.roll.discard(sent.dispatch.dispatch_id)
        try:
            told = await station.offer(sent.envelope, url, heartbeat_seconds=self._beat_seconds)
        except Unanswered as error:
            await self._unreached(sent, station, error=error)
            return
        sent.unreached_since = None
        if told is BUSY:
            self._queue.appendleft(sent)
        elif told is REFUSED:
            self._end(sent, Completion(error=station.refusal()))
        else:
            self._handed_out(sent, station)

    def _handed_out(self, sent: Sent, station: Station) -> None:
        if self._sent.get(sent.dispatch.dispatch_id) is not sent:
            # It has ended already.
            station.release()
            return
        sent.station = station
        sent.heard_seconds = self._runtime.monotonic()
        if sent.started_at is None:
            sent.start_deadline = sent.heard_seconds + START_SECONDS_MAX
        self._stirred.set()

    async def _unreached(self, sent: Sent, station: Station, *, error: Unanswered) -> None:
        """It may have the attempt all the same: then it says so, or is offered it again."""
        now = self._runtime.monotonic()
        sent.unreached_since = sent.unreached_since or now
        if now - sent.unreached_since > self._settings.heartbeat_timeout_seconds:
            self._lose(sent, f"no worker service could be reached: {station.url}: {error}")
            return
        self._queue.appendleft(sent)
        self._work.set()
        await self._runtime.sleep(min(FAILED_SECONDS_MAX, FAILED_SECONDS * 2**station.failures))

    async def _envelope(self, dispatch: Dispatch) -> Envelope | None:
        def question(state: State) -> tuple[Envelope | None, bool]:
            envelope = build_envelope(state, dispatch, now=self._runtime.now())
            return envelope, should_cancel(state, dispatch.dispatch_id)

        envelope, unwanted = await self._database.asked(question)
        return None if unwanted else envelope

    async def _watch(self) -> None:
        """Give up what nobody can be expected to answer for any more."""
        while True:
            for sent in tuple(self._sent.values()):
                if sent.station is not None:
                    self._judge(sent)
            dues = [self._due(each) for each in self._sent.values() if each.station is not None]
            self._stirred.clear()
            now = self._runtime.monotonic()
            await self._stirred.wait(max(0.0, min(dues) - now) if dues else None)

    def _due(self, sent: Sent) -> float:
        return min(
            sent.heard_seconds + self._settings.heartbeat_timeout_seconds,
            *(sent.started_due, sent.start_deadline, sent.deadline, sent.cancel_deadline),
        )

    def _judge(self, sent: Sent) -> None:
        now = self._runtime.monotonic()
        assert sent.station is not None
        if now >= sent.started_due and sent.started_at is not None:
            sent.started_due = NEVER
            self._reports.started(sent.dispatch.dispatch_id, sent.started_at)
        if now >= sent.cancel_deadline:
            self._end(sent, cancelled())
        elif now >= sent.deadline and sent.envelope is not None:
            self._end(sent, Completion(error=timed_out(sent.envelope)))
        elif now >= sent.heard_seconds + self._settings.heartbeat_timeout_seconds:
            self._lose(sent, f"the worker service {sent.station.url} fell silent")
        elif now >= sent.start_deadline:
            self._lose(sent, f"the worker service {sent.station.url} never began")

    def _failed(self, sent: Sent, error: Exception) -> None:
        """The attempt could not even be described: its own fault, or that of a moment."""
        if isinstance(error, ArcoError) and not isinstance(error, Unavailable):
            wrong = TaskError(ErrorCategory.CONFIGURATION, error.message, hint=error.hint)
            self._end(sent, Completion(error=wrong))
            return
        LOG.error("attempt %s was not handed out", sent.dispatch.dispatch_id, exc_info=error)
        self._lose(sent, f"the attempt was not handed out: {error}")

    def _lose(self, sent: Sent, reason: str) -> None:
        self._forget(sent.dispatch.dispatch_id)
        if not self._closed:
            self._reports.lost(sent.dispatch.dispatch_id, reason)

    def _end(self, sent: Sent, completion: Completion) -> None:
        self._forget(sent.dispatch.dispatch_id)
        if not self._closed:
            at = self._runtime.now()
            started_at = sent.started_at or at
            self._reports.ended(
                sent.dispatch.dispatch_id, completion, started_at=started_at, ended_at=at
            )


def not_served() -> TaskError:
    """The error of attempts that nobody could answer for: the leading process serves nothing."""
    return TaskError(
        ErrorCategory.CONFIGURATION,
        "the asset runs on a worker service, which could not answer: this process serves nothing",
        hint="let `arco serve` or `arco dev` lead, or give the asset executor='pool'",
    )


__all__ = ["HttpExecutor", "Sent", "not_served"]
