"""The executors beyond this machine: attempts are offered to places, and answered for over HTTP.

An attempt is held until its dispatch is out no more, whoever recorded that. Law C3: a place that is
silent, never starts or never ends is given up within a bounded time. One that has an attempt
already, from an earlier leader, is offered it before others. Must not know processes, nor what
kinds of places there are.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from arco.engine.applied import Applied
from arco.errors import ArcoError, Unavailable
from arco.execution.callbacks import Callbacks
from arco.execution.calling import Unanswered
from arco.execution.crew import NEVER, STARTED_DELAY_SECONDS, cancelled, timed_out
from arco.execution.envelopes import build_envelope
from arco.execution.places import BUSY, REFUSED, Place
from arco.execution.protocol import Envelope, Heartbeat, Started
from arco.execution.reports import Reports
from arco.model import State
from arco.orchestration.commands.attempts import should_cancel
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.orchestration.rows import Dispatch
from arco.orchestration.tables import DISPATCHES
from arco.runtime import Signal, Spawned
from arco.service.workspace import Workspace

BEATS_PER_TIMEOUT = 6
LATE_SECONDS = 10.0
"""What a place may need beyond the asset's own limit to say how an attempt ended."""
BUSY_SECONDS = 0.25
FAILED_SECONDS = 0.1
FAILED_SECONDS_MAX = 5.0
LOG = logging.getLogger(__name__)


class Sent:
    """An attempt that a place has, or that waits for one."""

    def __init__(self, dispatch: Dispatch, now: float) -> None:
        self.dispatch = dispatch
        self.place: Place | None = None
        self.envelope: Envelope | None = None
        self.heard_seconds = now
        """When it was last heard of."""
        self.unreached_since: float | None = None
        """Since when no place could be reached that was to take it."""
        self.start_deadline = NEVER
        self.started_at: datetime | None = None
        self.started_due = NEVER
        self.deadline = NEVER
        self.cancel_deadline = NEVER


class Remote:
    """An `Executor` of places that answer for their attempts over HTTP."""

    def __init__(
        self,
        workspace: Workspace,
        callbacks: Callbacks,
        *,
        places: Sequence[Place],
        problem: Callable[[], TaskError | None],
    ) -> None:
        """`problem`: why nothing can be handed out, as this process is set up; None: it can."""
        self._settings = workspace.settings
        self._database = workspace.database
        self._runtime = workspace.runtime
        self._callbacks = callbacks
        self._reports = Reports(workspace)
        self._beat_seconds = self._settings.heartbeat_timeout_seconds / BEATS_PER_TIMEOUT
        self._places = places
        self._problem = problem
        self._queue: deque[Sent] = deque()
        self._sent: dict[str, Sent] = {}
        self._works: list[Spawned] = []
        self._work: Signal = workspace.runtime.signal()
        self._stirred: Signal = workspace.runtime.signal()
        self._closed = False

    async def start(self) -> None:
        """Places are asked what they have once there is something to hand out."""
        self._callbacks.listeners.append(self)
        for place in self._places:
            place.attend(self)
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
            self._works.append(self._runtime.spawn(self._serve_all(), "arco-places"))
            self._works.append(self._runtime.spawn(self._watch(), "arco-watch-attempts"))

    def withdraw(self, run_id: str) -> None:
        """Drop the run's attempts that wait; who performs one hears of it with the next heartbeat,
        and is given up when it does not listen.
        """
        grace_seconds = self._settings.cancel_grace_seconds + 2 * self._beat_seconds + LATE_SECONDS
        for sent in tuple(self._sent.values()):
            if sent.dispatch.run_id != run_id or sent.cancel_deadline is not NEVER:
                continue
            if sent in self._queue or is_queued(sent):
                self._end(sent, cancelled())
            else:
                sent.cancel_deadline = self._runtime.monotonic() + grace_seconds
                self._stirred.set()

    async def close(self) -> None:
        """Nothing is handed out any more; what places have, they answer whoever leads next for."""
        self._closed = True
        with suppress(ValueError):
            self._callbacks.listeners.remove(self)
        with suppress(ValueError):
            self._database.listeners.remove(self._applied)
        for work in self._works:
            work.cancel()
        for work in self._works:
            with suppress(BaseException):
                await work.join()
        for place in self._places:
            await place.close()
        await self._reports.settled()

    def heard(self, message: Started | Heartbeat) -> None:
        """Whoever performs this attempt is alive."""
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

    def parted(self, dispatch_id: str, error: TaskError | None) -> None:
        """A place has the attempt no more; None: a server was told how it ended, so that the log
        will tell, or it is lost like one that fell silent.
        """
        sent = self._sent.get(dispatch_id)
        if sent is None or sent.place is None:
            return
        if error is not None:
            self._end(sent, Completion(error=error))
            return
        sent.heard_seconds = self._runtime.monotonic()
        sent.start_deadline = NEVER
        self._stirred.set()

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
        if sent.place is not None:
            sent.place.release(dispatch_id, began=sent.started_at is not None)
            self._work.set()

    async def _serve_all(self) -> None:
        """Hand out for ever, once every place has said what it has, or did not answer."""
        await self._runtime.gather([place.call_roll() for place in self._places])
        await self._runtime.gather([self._serve(place) for place in self._places])

    async def _serve(self, place: Place) -> None:
        while True:
            sent = self._next(place)
            if sent is None:
                self._work.clear()
                await self._work.wait(BUSY_SECONDS if place.is_paused else None)
                place.is_paused = False
                continue
            try:
                await self._hand_out(sent, place)
            except Exception as error:
                self._failed(sent, error)

    def _next(self, place: Place) -> Sent | None:
        """What this place should have: first what it has already."""
        for sent in self._queue if place.may_take or place.roll else ():
            dispatch_id = sent.dispatch.dispatch_id
            mine = dispatch_id in place.roll
            if mine or (place.may_take and not self._is_elsewhere(dispatch_id)):
                self._queue.remove(sent)
                return sent
        return None

    def _is_elsewhere(self, dispatch_id: str) -> bool:
        return any(dispatch_id in place.roll for place in self._places)

    async def _hand_out(self, sent: Sent, place: Place) -> None:
        sent.envelope = await self._envelope(sent.dispatch)
        if sent.envelope is None:
            self._end(sent, cancelled())
            return
        url = await self._callbacks.url()
        if not url:
            self._end(sent, Completion(error=not_served()))
            return
        place.roll.discard(sent.dispatch.dispatch_id)
        try:
            told = await place.offer(sent.envelope, url, heartbeat_seconds=self._beat_seconds)
        except Unanswered as error:
            await self._unreached(sent, place, error=error)
            return
        sent.unreached_since = None
        if told is BUSY:
            self._queue.appendleft(sent)
        elif told is REFUSED:
            self._end(sent, Completion(error=place.refusal()))
        else:
            self._handed_out(sent, place)

    def _handed_out(self, sent: Sent, place: Place) -> None:
        if self._sent.get(sent.dispatch.dispatch_id) is not sent:
            # It has ended already.
            place.release(sent.dispatch.dispatch_id, began=False)
            return
        sent.place = place
        now = self._runtime.monotonic()
        sent.heard_seconds = NEVER if is_queued(sent) else now
        if sent.started_at is None:
            sent.start_deadline = now + place.begins_within_seconds
        self._stirred.set()

    async def _unreached(self, sent: Sent, place: Place, *, error: Unanswered) -> None:
        """It may have the attempt all the same: then it says so, or is offered it again."""
        now = self._runtime.monotonic()
        sent.unreached_since = sent.unreached_since or now
        if now - sent.unreached_since > self._settings.heartbeat_timeout_seconds:
            self._lose(sent, f"{place.name} could not be reached: {error}")
            return
        self._queue.appendleft(sent)
        self._work.set()
        await self._runtime.sleep(min(FAILED_SECONDS_MAX, FAILED_SECONDS * 2**place.failures))

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
                if sent.place is not None:
                    self._judge(sent)
            dues = [self._due(each) for each in self._sent.values() if each.place is not None]
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
        assert sent.place is not None
        if now >= sent.started_due and sent.started_at is not None:
            sent.started_due = NEVER
            self._reports.started(sent.dispatch.dispatch_id, sent.started_at)
        if now >= sent.cancel_deadline:
            self._end(sent, cancelled())
        elif now >= sent.deadline and sent.envelope is not None:
            self._end(sent, Completion(error=timed_out(sent.envelope)))
        elif now >= sent.heard_seconds + self._settings.heartbeat_timeout_seconds:
            self._lose(sent, f"{sent.place.name} fell silent")
        elif now >= sent.start_deadline and sent.place.is_queue:
            self._put_back(sent)
        elif now >= sent.start_deadline:
            self._lose(sent, f"{sent.place.name} never began")

    def _put_back(self, sent: Sent) -> None:
        """It is offered again, with a token that is good for longer."""
        assert sent.place is not None
        sent.place.release(sent.dispatch.dispatch_id, began=False)
        sent.place, sent.start_deadline = None, NEVER
        self._queue.append(sent)
        self._work.set()

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


def is_queued(sent: Sent) -> bool:
    """Whether a place has it that has not begun it, nor has to."""
    return sent.place is not None and sent.place.is_queue and sent.started_at is None


def not_served() -> TaskError:
    """The error of attempts that nobody could answer for: the leading process serves nothing."""
    return TaskError(
        ErrorCategory.CONFIGURATION,
        "the asset runs elsewhere, from where nobody could answer: this process serves nothing",
        hint="let `arco serve` or `arco dev` lead, or give the asset executor='pool'",
    )


__all__ = ["Remote", "Sent", "is_queued", "not_served"]
