"""A batch: waiting decisions asked in order on one overlay, and the bytes that would commit them.

Pure apart from its inputs: asked again on a newer state it decides again. One bad decision fails
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from arco.engine.commit import (
    COMMIT_BYTES_MAX,
    Commit,
    PayloadReference,
    SnapshotReference,
    encode_commit,
    encode_events,
)
from arco.engine.domain import LEADER, LEASES, NEWEST, SNAPSHOTS
from arco.engine.fold import fold
from arco.engine.registry import Registry
from arco.engine.tables import Overlay
from arco.errors import ArcoError
from arco.ids import sha256
from arco.model import Change, Decision, Event, State
from arco.runtime import Signal
from arco.store import keys

CONTROLLER_ROUNDS_MAX = 100
CLOCK_LEAD_MAX = timedelta(minutes=5)
PAYLOAD_RESERVE_BYTES = 4096


class Controller(Protocol):
    """A standing decision: looks at the state and what the batch changed so far."""

    def __call__(
        self, state: State, now: datetime, changes: Sequence[Change]
    ) -> Sequence[Event]: ...


class Receipt(msgspec.Struct, frozen=True):
    """A state token: the slot that a reader must see to see this write, its hash, and what was
    decided.
    """

    seq: int
    hash: str
    events: tuple[Event, ...]


class Request:
    """One decision that waits for its commit."""

    def __init__(self, decision: Decision, done: Signal) -> None:
        self.decision = decision
        self.done = done
        self.events: tuple[Event, ...] = ()
        self.error: BaseException | None = None
        self.receipt: Receipt | None = None


class Batch:
    """What a set of requests, and the controllers after them, decided on one state."""

    def __init__(self, registry: Registry, state: State, now: datetime) -> None:
        self._registry = registry
        self._now = now
        self.overlay = Overlay(state)
        self.events: list[Event] = []

    def ask(self, requests: Sequence[Request], controllers: Sequence[Controller]) -> None:
        """Decide every request in order, then let the controllers act until they are quiet."""
        for request in requests:
            request.error = None
            request.events = ()
            try:
                request.events = tuple(request.decision(self.overlay, self._now))
            except ArcoError as error:
                request.error = error
                continue
            self._fold(request.events)
        self._settle(controllers)

    def _fold(self, events: Sequence[Event]) -> None:
        fold(self._registry, self.overlay, events)
        self.events.extend(events)

    def _settle(self, controllers: Sequence[Controller]) -> None:
        for _ in range(CONTROLLER_ROUNDS_MAX):
            quiet = True
            for controller in controllers:
                events = controller(self.overlay, self._now, self.overlay.changes)
                if events:
                    quiet = False
                    self._fold(events)
            if quiet:
                return
        raise AssertionError("the controllers did not come to rest")


class Prepared(msgspec.Struct, frozen=True):
    """A commit that is ready to be created, and the payload object it needs first."""

    commit: Commit
    data: bytes
    hash: str
    payload: bytes | None = None


class Position(msgspec.Struct, frozen=True):
    """Where the log stands: the newest slot, its hash and its clock."""

    seq: int
    hash: str
    committed_at: datetime


def commit_time(now: datetime, last: datetime) -> datetime:
    """Never before the last commit's time, unless that one is over five minutes ahead of our
    clock.
    """
    return now if last - now > CLOCK_LEAD_MAX else max(now, last)


def prepare(batch: Batch, registry: Registry, position: Position, *, writer: str, cid: str,
            now: datetime) -> Prepared:  # fmt: skip
    """The bytes of the next slot; events too large for it move to a payload object it names."""
    seq = position.seq + 1
    wires = tuple(registry.encode(event) for event in batch.events)
    lease = batch.overlay.get(LEASES, LEADER)
    snapshot = batch.overlay.get(SNAPSHOTS, NEWEST)
    commit = Commit(
        seq=seq,
        prev=position.hash,
        cid=cid,
        writer=writer,
        committed_at=commit_time(now, position.committed_at),
        epoch=lease.epoch if lease else 0,
        events=wires,
        snapshot=SnapshotReference(snapshot.slot, snapshot.index, snapshot.sha256)
        if snapshot
        else None,
    )
    payload = None
    if (
        sum(len(bytes(wire.payload)) + 128 for wire in wires)
        > COMMIT_BYTES_MAX - PAYLOAD_RESERVE_BYTES
    ):
        payload = encode_events(wires)
        reference = PayloadReference(keys.payload(seq, cid, 0), sha256(payload), len(payload))
        commit = msgspec.structs.replace(commit, events=(), events_payload=reference)
    data = encode_commit(commit)
    return Prepared(commit, data, sha256(data), payload)


__all__ = [
    "Batch",
    "Controller",
    "Position",
    "Prepared",
    "Receipt",
    "Request",
    "commit_time",
    "prepare",
]
