"""A batch: waiting decisions asked in order on one overlay, and the bytes that would commit them.

Pure apart from its inputs: asked again on a newer state it decides again. One bad decision fails
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from arco.engine.commit import (
    COMMIT_BYTES_MAX,
    Commit,
    PayloadReference,
    Position,
    SnapshotReference,
    encode_commit,
    encode_events,
)
from arco.engine.domain import LEADER, LEASES, NEWEST, SNAPSHOTS
from arco.engine.fold import fold
from arco.engine.garbage import first_condemned
from arco.engine.idempotency import Intent, find_result, forget_results, kept_result
from arco.engine.registry import Registry, WireEvent
from arco.engine.tables import Overlay
from arco.errors import ArcoError, Conflict
from arco.ids import sha256
from arco.model import Decision, Event, Misses, NotLoaded, State
from arco.runtime import Signal
from arco.store import keys

CONTROLLER_ROUNDS_MAX = 100
CLOCK_LEAD_MAX = timedelta(minutes=5)
PAYLOAD_RESERVE_BYTES = 4096
EVENT_RESERVE_BYTES = 128


class Receipt(msgspec.Struct, frozen=True):
    """A state token: the slot that a reader must see to see this write, its hash, and what was
    decided.
    """

    seq: int
    hash: str
    events: tuple[Event, ...]
    answer: str = ""
    """What the request's intent tells, if it has one."""
    repeats: int | None = None
    """The slot that carried the request out when it was asked before."""


class Request:
    """One decision that waits for its commit."""

    def __init__(self, decision: Decision, done: Signal, *, intent: Intent | None = None) -> None:
        self.decision = decision
        self.done = done
        self.intent = intent
        self.events: tuple[Event, ...] = ()
        self.answer = ""
        self.repeats: int | None = None
        self.error: BaseException | None = None
        self.receipt: Receipt | None = None


class Prepared(msgspec.Struct, frozen=True):
    """A commit that is ready to be created, and the payload object it needs first."""

    commit: Commit
    data: bytes
    hash: str
    payload: bytes | None = None


class ControllerFailed(Exception):
    """A standing decision raised or never rests; it must not stop what people decide."""

    def __init__(self, controller: Decision, problem: str) -> None:
        super().__init__(f"{controller} {problem}")
        self.controller = controller


class AnswerFailed(Exception):
    """What was decided cannot be told; nothing of it is written."""


class Batch:
    """What a set of requests, and the controllers after them, decided on one state."""

    def __init__(self, registry: Registry, state: State, *, now: datetime, slot: int) -> None:
        self._registry = registry
        self._now = now
        self._slot = slot
        self._kept = 0
        self.overlay = Overlay(state)
        self.events: list[Event] = []
        self._epoch = 0
        self._snapshot: SnapshotReference | None = None

    def ask(self, requests: Sequence[Request], controllers: Sequence[Decision]) -> None:
        """Decide every request in order, then let the controllers act until they are quiet.

        Raises: NotLoaded, for what any of the requests misses.
        """
        misses = Misses()
        for request in requests:
            request.error, request.events, request.repeats = None, (), None
            with misses:
                self._answer(request)
        misses.settle()
        if self._kept:
            self._fold(forget_results(self.overlay, self._now, kept=self._kept))
        self._settle(controllers)
        self._read_heading()

    def prepared(self, position: Position, *, writer: str, cid: str) -> Prepared:
        """The bytes of the next slot; events too large for it move to a payload object it names."""
        wires = tuple(self._registry.encode(event) for event in self.events)
        commit = Commit(
            seq=position.seq + 1,
            prev=position.hash,
            cid=cid,
            writer=writer,
            committed_at=commit_time(self._now, position.committed_at),
            epoch=self._epoch,
            events=wires,
            snapshot=self._snapshot,
        )
        payload = None
        if _oversized(wires):
            payload = encode_events(wires)
            name = keys.payload(commit.seq, cid, 0)
            reference = PayloadReference(name, sha256(payload), len(payload))
            commit = msgspec.structs.replace(commit, events=(), events_payload=reference)
        data = encode_commit(commit)
        return Prepared(commit, data, sha256(data), payload)

    def _answer(self, request: Request) -> None:
        try:
            self._carry_out(request)
        except ArcoError as error:
            request.error = error

    def _carry_out(self, request: Request) -> None:
        """The request's events are folded; or it was carried out before, and nothing happens."""
        intent = request.intent
        found = None
        if intent is not None and intent.key:
            found = find_result(self.overlay, intent, now=self._now)
        if found is None:
            request.events = self._allowed(request.decision(self.overlay, self._now))
            self._fold(request.events)
        if intent is None:
            return
        kept = found.answer if found else None
        request.answer = self._told(intent) if kept is None else kept
        request.repeats = found.slot if found else None
        if intent.key and request.events:
            self._fold((kept_result(intent, request.answer, slot=self._slot, now=self._now),))
            self._kept += 1

    def _told(self, intent: Intent) -> str:
        try:
            return intent.answer(self.overlay)
        except ArcoError as error:
            raise AnswerFailed(str(error)) from error

    def _read_heading(self) -> None:
        # Here, where a row that is not in memory is loaded and the batch asked again.
        lease = self.overlay.get(LEASES, LEADER)
        self._epoch = lease.epoch if lease else 0
        row = self.overlay.get(SNAPSHOTS, NEWEST)
        self._snapshot = SnapshotReference(row.slot, row.index, row.sha256) if row else None

    def _fold(self, events: Sequence[Event]) -> None:
        fold(self._registry, self.overlay, events=events)
        self.events.extend(events)

    def _allowed(self, events: Sequence[Event]) -> tuple[Event, ...]:
        for event in events:
            names = tuple(self._registry.names(self.overlay, event.payload))
            condemned = first_condemned(self.overlay, names)
            if condemned is not None:
                raise name_condemned(condemned)
        return tuple(events)

    def _settle(self, controllers: Sequence[Decision]) -> None:
        for _ in range(CONTROLLER_ROUNDS_MAX):
            restless = [each for each in controllers if self._acted(each)]
            if not restless:
                return
        raise ControllerFailed(restless[-1], "does not come to rest")

    def _acted(self, controller: Decision) -> bool:
        try:
            events = self._allowed(controller(self.overlay, self._now))
            self._fold(events)
        except NotLoaded:
            raise
        except Exception as error:
            raise ControllerFailed(controller, "raised") from error
        return bool(events)


def commit_time(now: datetime, last: datetime) -> datetime:
    """Never before the last commit's time, unless that one is over five minutes ahead of our
    clock.
    """
    return now if last - now > CLOCK_LEAD_MAX else max(now, last)


def name_condemned(name: str) -> Conflict:
    """The error for an event that refers to an object which is about to be deleted."""
    return Conflict(
        "NAME_CONDEMNED",
        f"{name} is condemned: it was kept by nothing for too long and is being deleted",
        hint="make the object again, under a new name; what was being done can simply be repeated",
        object=name,
    )


def _oversized(wires: Sequence[WireEvent]) -> bool:
    size_bytes = sum(len(bytes(wire.payload)) + EVENT_RESERVE_BYTES for wire in wires)
    return size_bytes > COMMIT_BYTES_MAX - PAYLOAD_RESERVE_BYTES


__all__ = [
    "CLOCK_LEAD_MAX",
    "AnswerFailed",
    "Batch",
    "ControllerFailed",
    "Prepared",
    "Receipt",
    "Request",
    "commit_time",
    "name_condemned",
]
