"""A worker service: attempts that servers offer, performed by a crew and answered over HTTP.

Law: an attempt begins only after a server said that it still wants it, and is answered for until
the server has the answer or nobody can want it any more. Servers are answered where this service
was told that they are, and nowhere else. Must not know the log or the state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

import msgspec

from arco.errors import Forbidden, Unavailable
from arco.execution.calling import Calls, Unanswered, origin_of
from arco.execution.crew import Crew, Held
from arco.execution.proofs import countersigned
from arco.execution.protocol import (
    Accepted,
    Completed,
    Envelope,
    Heard,
    Heartbeat,
    Offer,
    Roll,
    Started,
)
from arco.orchestration.outcomes import Completion, ErrorCategory, TaskError
from arco.runtime import Runtime, Signal
from arco.service.settings import Settings

TASKS_PATH = "/api/v1/tasks"
ANSWER_SECONDS_MAX = 10.0
AGAIN_SECONDS = 0.1
AGAIN_SECONDS_MAX = 2.0
BEGIN_SECONDS_MAX = 60.0
GIVE_UP_SECONDS = 900.0
"""Longer than a token lives: whoever has not offered the attempt again does not want the answer."""
LOOK_SECONDS = 0.1
LAST_ANSWERS_SECONDS_MAX = 5.0
BODY_BYTES_MAX = 15 * 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
HOPELESS = frozenset({400, 403, 404, 405, 413, 415, 421, 422})
LOG = logging.getLogger(__name__)
Message = Started | Heartbeat | Completed


class Order:
    """An offered attempt, until its answer is known to the server."""

    def __init__(self, offer: Offer, over: Signal) -> None:
        self.envelope = offer.envelope
        self.callback_url = offer.callback_url
        self.token = offer.token
        self.heartbeat_seconds = offer.heartbeat_seconds
        self.is_unwanted = False
        self.over = over
        """Set when there is nothing to say of it any more."""
        self.problem = ""
        """Why the server heard nothing of what it was told last; empty: it heard."""

    @property
    def dispatch_id(self) -> str:
        """What every message about it names."""
        return self.envelope.dispatch_id


class WorkerService:
    """Takes offers, performs them, answers for them."""

    def __init__(
        self,
        settings: Settings,
        runtime: Runtime,
        *,
        secrets: Sequence[bytes],
        servers: Sequence[str],
    ) -> None:
        self._settings = settings
        self._runtime = runtime
        self._secrets = secrets
        self._servers = frozenset(map(origin_of, servers))
        self._crew = Crew(settings, runtime, project=settings.directory, desk=self)
        self._orders: dict[str, Order] = {}
        self._calls: dict[str, Calls] = {}
        self._stopping = False

    @property
    def is_busy(self) -> bool:
        """Whether some attempt is not answered for yet."""
        return bool(self._orders)

    def take(self, offer: Offer) -> Accepted:
        """The attempt is ours until it has ended. Offered again, it is answered to the new place.

        Idempotent: by dispatch id. Raises: Forbidden OFFER_REFUSED; Unavailable WORKER_BUSY.
        """
        self._check(offer)
        dispatch_id = offer.envelope.dispatch_id
        order = self._orders.get(dispatch_id)
        if order is not None:
            order.callback_url, order.token = offer.callback_url, offer.token
            order.heartbeat_seconds = offer.heartbeat_seconds
            return Accepted(dispatch_id, self._free)
        if self._stopping or not self._free:
            raise Unavailable(
                "WORKER_BUSY", "every process has an attempt", hint="offer it again in a moment"
            )
        order = self._orders[dispatch_id] = Order(offer, self._runtime.signal())
        self._crew.take(Held(dispatch_id, order.envelope.run_id, ask=partial(self._ask, order)))
        self._runtime.spawn(self._beat(order), "arco-beat")
        return Accepted(dispatch_id, self._free)

    async def answered(self, dispatch_id: str) -> str:
        """Return once there is nothing to say of the attempt any more: empty when the server knows
        how it ended or does not want it, else why nobody could be told.
        """
        order = self._orders.get(dispatch_id)
        if order is None:
            return ""
        await order.over.wait()
        return order.problem

    def roll(self) -> Roll:
        """What it has."""
        return Roll(tuple(self._orders), self._free)

    def reload(self) -> None:
        """Every process loads the project anew before its next attempt."""
        self._crew.reload()

    async def close(self) -> None:
        """Take nothing more; what runs may end for a while, then is ended, and servers hear so."""
        self._stopping = True
        await self._until(lambda: not self._crew.held, self._settings.drain_seconds)
        left = self._crew.held
        await self._crew.close()
        for held in left:
            self.lost(held, "the worker service was stopped")
        await self._until(lambda: not self._orders, LAST_ANSWERS_SECONDS_MAX)
        self._orders.clear()
        for calls in self._calls.values():
            calls.close()

    def started(self, held: Held, started_at: object) -> None:
        """Nothing: the server knows already."""

    def ended(self, held: Held, completion: Completion, *, ended_at: object) -> None:
        """The server hears how the attempt ended, unless nobody wanted it."""
        order = self._orders[held.dispatch_id]
        if order.is_unwanted:
            self._part_with(order)
            return
        now = self._runtime.now()
        message = Completed(order.dispatch_id, held.started_at or now, now, completion)
        self._runtime.spawn(self._answer(order, message), "arco-answer")

    def lost(self, held: Held, reason: str) -> None:
        """The server hears that nobody performs the attempt any more."""
        self.ended(held, Completion(error=infrastructure(reason)), ended_at=None)

    @property
    def _free(self) -> int:
        return max(0, self._settings.workers - len(self._crew.held))

    def _check(self, offer: Offer) -> None:
        settings = self._settings
        if (offer.tenant, offer.workspace) != (settings.tenant, settings.workspace):
            raise _refused("it is for another tenant or workspace")
        wanted = origin_of(offer.callback_url)
        known = wanted in self._servers if self._servers else wanted.host in LOOPBACK
        if not known:
            raise _refused(f"it is to be answered to {urlsplit(offer.callback_url).netloc}")

    async def _ask(self, order: Order) -> Envelope | None:
        """What to hand out, once the server said that it still wants it."""
        message = Started(order.dispatch_id, self._runtime.now())
        heard = await self._tell(order, message, seconds_max=BEGIN_SECONDS_MAX)
        if heard is None or heard.should_cancel:
            order.is_unwanted = True
            return None
        return order.envelope

    async def _beat(self, order: Order) -> None:
        while self._orders.get(order.dispatch_id) is order:
            await self._runtime.sleep(order.heartbeat_seconds)
            if self._orders.get(order.dispatch_id) is not order:
                return
            try:
                heard = await self._told(order, Heartbeat(order.dispatch_id))
            except Unanswered as error:
                LOG.warning("the server was not told that an attempt runs: %s", error)
                continue
            if heard is not None and heard.should_cancel:
                self._cancel(order)

    def _cancel(self, order: Order) -> None:
        for held in self._crew.held:
            if held.dispatch_id == order.dispatch_id:
                self._crew.withdraw(held)

    async def _answer(self, order: Order, message: Completed) -> None:
        heard = await self._tell(order, fitting(message), seconds_max=GIVE_UP_SECONDS)
        if heard is None:
            LOG.error("nobody was told how %s ended", order.dispatch_id)
        self._part_with(order)

    def _part_with(self, order: Order) -> None:
        self._orders.pop(order.dispatch_id, None)
        order.over.set()

    async def _tell(self, order: Order, message: Message, *, seconds_max: float) -> Heard | None:
        """What the server says; None when it never will.

        A token that has ended is replaced when the attempt is offered again.
        """
        gives_up = self._runtime.monotonic() + seconds_max
        delay_seconds = AGAIN_SECONDS
        while self._runtime.monotonic() < gives_up:
            try:
                heard = await self._told(order, message)
                order.problem = "" if heard else "the server does not recognise this worker"
                if heard is not None:
                    return heard
            except Unanswered as error:
                order.problem = f"the server at {order.callback_url} was not reached: {error}"
                LOG.warning("the server did not hear of an attempt: %s", error)
            except Forbidden as error:
                order.problem = error.message
                LOG.error("the server wants no answer: %s", error)
                return None
            await self._runtime.sleep(delay_seconds)
            delay_seconds = min(AGAIN_SECONDS_MAX, 2 * delay_seconds)
        return None

    async def _told(self, order: Order, message: Message) -> Heard | None:
        """What the server says; None when it does not recognise us now.

        Raises: Unanswered; Forbidden ANSWER_REFUSED when asking again is in vain.
        """
        kind = type(message).__name__.lower()
        path = f"{TASKS_PATH}/{order.envelope.attempt_id}/{kind}"
        credential = countersigned(order.token, self._secrets[0])
        answer = await self._calls_to(order.callback_url).ask(
            "POST",
            path,
            headers={"Authorization": f"Bearer {credential}"},
            body=msgspec.json.encode(message),
        )
        if answer.status in HOPELESS:
            shown = answer.body[:500].decode(errors="replace")
            raise Forbidden(
                "ANSWER_REFUSED",
                f"the server refused an answer: {shown}",
                hint="servers and worker services of one release understand each other",
            )
        if answer.status == 401:
            return None
        if answer.status != 200:
            raise Unanswered(f"it answered {answer.status}")
        try:
            heard = msgspec.json.decode(answer.body, type=Heard)
        except msgspec.MsgspecError as error:
            raise Unanswered("what answered is no server of ours") from error
        order.token = heard.token or order.token
        return heard

    def _calls_to(self, url: str) -> Calls:
        calls = self._calls.get(url)
        if calls is None:
            calls = self._calls[url] = Calls(url, seconds_max=ANSWER_SECONDS_MAX)
        return calls

    async def _until(self, holds: Callable[[], bool], seconds_max: float) -> None:
        gives_up = self._runtime.monotonic() + seconds_max
        while not holds() and self._runtime.monotonic() < gives_up:
            await self._runtime.sleep(LOOK_SECONDS)


def fitting(message: Completed) -> Completed:
    """The message, or one that says that it is too large for a server."""
    size_bytes = len(msgspec.json.encode(message))
    if size_bytes <= BODY_BYTES_MAX:
        return message
    error = TaskError(
        ErrorCategory.CONFIGURATION,
        f"what there is to say about the attempt takes {size_bytes:,} bytes",
        hint=f"keep metadata and check results together below {BODY_BYTES_MAX:,} bytes",
    )
    return msgspec.structs.replace(message, completion=Completion(error=error))


def infrastructure(reason: str) -> TaskError:
    """The error of an attempt that was lost to us."""
    return TaskError(
        ErrorCategory.INFRASTRUCTURE,
        reason,
        hint="Look at the worker service's log; the attempt is repeated while its budget lasts.",
    )


def _refused(why: str) -> Forbidden:
    return Forbidden(
        "OFFER_REFUSED",
        f"this worker service does not take the attempt: {why}",
        hint="ARCO_TENANT, ARCO_WORKSPACE and --server of `arco worker` (ARCO_WORKER_SERVERS on a "
        "node of Ray) say what it takes",
    )


__all__ = ["Order", "WorkerService", "fitting", "infrastructure"]
