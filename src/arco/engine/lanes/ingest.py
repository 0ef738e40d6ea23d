"""Ingesting: facts wait a moment for company, become one object of this process's own lane, and are
acknowledged when it is durable.

Law L2: never acknowledged before the batch and the lane's registration stand in the store. Buffers
are bounded: what does not fit is refused, never accepted and dropped. Must not know what any fact
means.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

import msgspec

from arco.engine.database import OUTCOME_SECONDS, Database
from arco.engine.lanes.batches import (
    FACT_BYTES_MAX,
    SLOT_BYTES_MAX,
    SLOT_FACTS_MAX,
    Fact,
    encode_fact,
)
from arco.engine.lanes.lane import LaneWriter, known_roster
from arco.engine.lanes.tables import LANES
from arco.engine.outcomes import outcome_unknown
from arco.errors import Corrupt, Invalid, TooManyRequests
from arco.model import Payload, State
from arco.runtime import Signal
from arco.store.port import StoreFault

LINGER_SECONDS = 0.1
BUFFER_FACTS_MAX = 50_000
BUFFER_BYTES_MAX = 32 * 1024 * 1024
BACKLOG_SECONDS_MAX = 300.0
BACKLOG_BYTES_MAX = 1024 * 1024 * 1024
BACKLOG_CHECK_SECONDS = 1.0
LOG = logging.getLogger(__name__)


class Accepted(msgspec.Struct, frozen=True):
    """Where facts stand: `count` of them from `position` on, in one slot of one lane."""

    lane: str
    slot: int
    position: int
    count: int


class Waiting:
    """Facts that wait for their slot, and the caller that waits for them."""

    def __init__(self, lines: Sequence[bytes], done: Signal, *, patience_seconds: float) -> None:
        self.lines = lines
        self.patience_seconds = patience_seconds
        self.size_bytes = sum(map(len, lines))
        self.done = done
        self.accepted: Accepted | None = None


class Unfolded(msgspec.Struct, frozen=True):
    """A slot of ours that no fold has consumed yet."""

    lane: str
    slot: int
    size_bytes: int
    number: int
    written: float

    def is_folded(self, state: State) -> bool:
        """True once a fold consumed it, also when the lane was collected and forgotten since."""
        row = state.get(LANES, self.lane)
        return self.number < known_roster(state) if row is None else self.slot < row.next_slot


class Ingester:
    """One process's way to hand in facts."""

    def __init__(self, database: Database, *, linger_seconds: float = LINGER_SECONDS) -> None:
        self._database = database
        self._runtime = database.runtime
        self._linger_seconds = linger_seconds
        self._lane = LaneWriter(database)
        self._waiting: deque[Waiting] = deque()
        self._count = 0
        self._size_bytes = 0
        self._hurried = 0
        self._full = database.runtime.signal()
        self._writing = False
        self._failed: StoreFault | None = None
        self._backlog: deque[Unfolded] = deque()
        self._backlog_bytes = 0
        self._checked = 0.0
        self.flushed: Signal = database.runtime.signal()
        """Set whenever a batch became durable; whoever folds may wait for it."""

    async def append(self, facts: Sequence[Fact]) -> Accepted:
        """Where the facts stand, once they are durable.

        Raises: Invalid FACTS_TOO_MANY, FACT_TOO_LARGE, FACT_NUMBER_INVALID; TooManyRequests
        FACTS_BUFFER_FULL, FACTS_LAGGING; Unavailable OUTCOME_UNKNOWN. Cost: 1 PUT, shared with all
        facts of the same 100 ms; 1 PUT more for the first of this process.
        """
        return await self._handed_in(checked_lines(facts), self._linger_seconds)

    async def record(self, payloads: Sequence[Payload]) -> Accepted:
        """Where our own observations stand, once they are durable; they wait for no company.

        What an answer must not go out without is recorded so: after a failure there is no answer.
        Raises: as `append`. Cost: 1 PUT, shared with all that comes while the last one is under
        way.
        """
        registry = self._database.registry
        return await self._handed_in(checked_lines([registry.fact(each) for each in payloads]), 0.0)

    async def _handed_in(self, lines: Sequence[bytes], patience_seconds: float) -> Accepted:
        await self._make_room(lines)
        signal = self._runtime.signal()
        waiting = Waiting(lines, signal, patience_seconds=patience_seconds)
        self._enter(waiting)
        if not self._writing:
            self._writing = True
            self._runtime.spawn(self._write(), "arco-facts")
        try:
            await waiting.done.wait(OUTCOME_SECONDS)
        finally:
            self._abandon(waiting)
        if waiting.accepted is None:
            raise outcome_unknown(self._failed)
        return waiting.accepted

    async def close(self) -> None:
        """End this process's lane, so that nobody has to wait for its silence."""
        if self._failed is None and not self._writing:
            await self._lane.seal()

    async def _make_room(self, lines: Sequence[bytes]) -> None:
        if self._failed is not None:
            raise outcome_unknown(self._failed) from self._failed
        size_bytes = sum(map(len, lines))
        too_many = self._count + len(lines) > BUFFER_FACTS_MAX
        if self._waiting and (too_many or self._size_bytes + size_bytes > BUFFER_BYTES_MAX):
            raise TooManyRequests(
                "FACTS_BUFFER_FULL",
                f"{self._count:,} facts wait for the store already",
                hint="send these again after a second; they were not taken",
                retry_after_seconds=1,
            )
        await self._check_backlog()

    async def _check_backlog(self) -> None:
        now = self._runtime.monotonic()
        if not self._backlog or now - self._checked < BACKLOG_CHECK_SECONDS:
            return
        self._checked = now
        await self._database.refresh()
        await self._database.asked(self._forget_folded)
        late = bool(self._backlog) and now - self._backlog[0].written > BACKLOG_SECONDS_MAX
        if late or self._backlog_bytes > BACKLOG_BYTES_MAX:
            self._checked = 0.0
            raise TooManyRequests(
                "FACTS_LAGGING",
                f"{len(self._backlog):,} batches of this process are not folded yet",
                hint="send these again later; a leading process, such as `arco dev`, folds facts",
                retry_after_seconds=10,
            )

    def _forget_folded(self, state: State) -> None:
        while self._backlog and self._backlog[0].is_folded(state):
            self._backlog_bytes -= self._backlog.popleft().size_bytes

    def _enter(self, waiting: Waiting) -> None:
        self._waiting.append(waiting)
        self._count += len(waiting.lines)
        self._size_bytes += waiting.size_bytes
        self._hurried += waiting.patience_seconds <= 0
        if self._is_due():
            self._full.set()

    def _is_due(self) -> bool:
        """True when a slot is full, or somebody is in a hurry."""
        full = self._count >= SLOT_FACTS_MAX or self._size_bytes >= SLOT_BYTES_MAX
        return full or self._hurried > 0

    def _leave(self, waiting: Waiting) -> None:
        self._count -= len(waiting.lines)
        self._size_bytes -= waiting.size_bytes
        self._hurried -= waiting.patience_seconds <= 0

    def _abandon(self, waiting: Waiting) -> None:
        """What nobody waits for and was not begun is not begun any more."""
        if not waiting.done.is_set() and waiting in self._waiting:
            self._waiting.remove(waiting)
            self._leave(waiting)

    async def _write(self) -> None:
        taken: list[Waiting] = []
        try:
            while self._waiting:
                await self._full.wait(self._linger_seconds)
                taken = self._take()
                await self._flush(taken)
        except StoreFault as fault:
            self._failed = fault if fault.fatal else None
            LOG.error("facts could not be written: %s; %s", fault.message, fault.hint)
        except Corrupt as damage:
            LOG.error("facts could not be written: %s; %s", damage.message, damage.hint)
        finally:
            # Also when the loop is cancelled: nobody waits for an answer that will not come.
            self._writing = False
            for waiting in (*taken, *self._waiting):
                waiting.done.set()
            for waiting in self._waiting:
                self._leave(waiting)
            self._waiting.clear()

    def _take(self) -> list[Waiting]:
        """What goes into the next slot: one request, and more while they fit."""
        taken: list[Waiting] = []
        count = size_bytes = 0
        while self._waiting:
            following = self._waiting[0]
            count += len(following.lines)
            size_bytes += following.size_bytes
            if taken and (count > SLOT_FACTS_MAX or size_bytes > SLOT_BYTES_MAX):
                break
            taken.append(self._waiting.popleft())
        return taken

    async def _flush(self, taken: Sequence[Waiting]) -> None:
        if not taken:
            return
        lines = [line for waiting in taken for line in waiting.lines]
        try:
            place = await self._lane.append(lines)
        finally:
            for waiting in taken:
                self._leave(waiting)
            if not self._is_due():
                self._full.clear()
        self._backlog.append(
            Unfolded(
                place.lane,
                place.slot,
                place.size_bytes,
                place.number,
                self._runtime.monotonic(),
            )
        )
        self._backlog_bytes += place.size_bytes
        self._settle(taken, place.lane, slot=place.slot)
        self.flushed.set()

    def _settle(self, taken: Sequence[Waiting], lane: str, *, slot: int) -> None:
        position = 0
        for waiting in taken:
            waiting.accepted = Accepted(lane, slot, position, len(waiting.lines))
            position += len(waiting.lines)
            waiting.done.set()


def checked_lines(facts: Sequence[Fact]) -> list[bytes]:
    """The facts as lines.

    Raises: Invalid when they are too many or too large, or numbered by halves.
    """
    if not 0 < len(facts) <= SLOT_FACTS_MAX:
        raise Invalid(
            "FACTS_TOO_MANY",
            f"{len(facts):,} facts were sent at once; between 1 and {SLOT_FACTS_MAX:,} are taken",
            hint="send them in several requests",
        )
    lines = [encode_fact(fact) for fact in facts]
    for position, (fact, line) in enumerate(zip(facts, lines, strict=True)):
        if bool(fact.producer) != (fact.seq >= 0) or fact.epoch < 0:
            raise Invalid(
                "FACT_NUMBER_INVALID",
                f"fact {position} has only one of `producer` and `seq`",
                hint="give both, with numbers from 0 on, or neither",
                position=position,
            )
        if len(line) > FACT_BYTES_MAX:
            raise Invalid(
                "FACT_TOO_LARGE",
                f"fact {position} has {len(line):,} bytes; at most {FACT_BYTES_MAX:,} are taken",
                hint="leave out what nobody asks about, or store it and send its address",
                position=position,
            )
    return lines


__all__ = ["BACKLOG_SECONDS_MAX", "Accepted", "Ingester", "Unfolded", "Waiting", "checked_lines"]
