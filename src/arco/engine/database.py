"""The database: one write loop over one log, generic over domains.

read, decide, reduce, create slot N+1, or refresh and ask again. Laws L1-L5, L7: nothing is
acknowledged before its slot is durable, and a failure is reported only when it is known. Must not
know any business word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from arco.engine.applied import Applied, tell
from arco.engine.batch import Batch, ControllerFailed, Prepared, Receipt, Request
from arco.engine.commit import GENESIS_PREV, Position
from arco.engine.derived import Derivation
from arco.engine.domain import DOMAIN as ENGINE
from arco.engine.domain import HOUSEKEEPING, NEWEST, SNAPSHOTS
from arco.engine.fairness import Fairness
from arco.engine.fold import fold
from arco.engine.footing import Footing
from arco.engine.format import write_format
from arco.engine.history import Answer, Heard, Question, Replay, answer
from arco.engine.idempotency import Intent
from arco.engine.log import HINT_EVERY, SLOTS_AT_ONCE_MAX, Log, Slot
from arco.engine.opening import Opening
from arco.engine.outcomes import chain_broken, event_unknown, outcome_unknown
from arco.engine.reading import Reads
from arco.engine.registry import Registry, WireEvent
from arco.engine.residence import Residence
from arco.engine.sizes import SIZES, Sizes
from arco.engine.tables import Overlay, Tables
from arco.engine.tail import Tail, TailCount
from arco.engine.tokens import StateToken
from arco.model import Decision, Domain, Event, State
from arco.runtime import Runtime
from arco.store.port import Store, StoreFault

BATCH_DECISIONS_MAX = 1000
OUTCOME_SECONDS = 30.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOG = logging.getLogger(__name__)


class Database:
    """The state of one scope at the newest slot this process knows, and the way to change it."""

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        *,
        domains: Sequence[Domain],
        writer: str,
        sizes: Sizes = SIZES,
    ) -> None:
        self.store = store
        self.runtime = runtime
        self.registry = Registry((*domains, ENGINE))
        self.writer = writer
        self.log = Log(store, runtime)
        self.replay = Replay(store, runtime, self.registry)
        self.sizes = sizes
        self.tables = Tables(self.registry.tables.values(), sizes=sizes)
        self.footing = Footing(self.log, self.tables, self.replay, head=lambda: self.seq)
        self.position = Position(-1, GENESIS_PREV, EPOCH)
        self.controllers: tuple[Decision, ...] = ()
        """Standing decisions: asked after every batch's own until they are quiet."""
        self.derivations: tuple[Derivation, ...] = ()
        self.listeners: list[Callable[[Applied], None]] = []
        """Told of every slot once it is part of the state; one that breaks is only logged."""
        self.unknown: WireEvent | None = None
        self.folded: set[tuple[str, int]] = set()
        """Type and version of every event in the log up to here."""
        self.failed: StoreFault | None = None
        self.outcome_seconds = OUTCOME_SECONDS
        """How long whoever asks waits for the store's word."""
        self.reads = Reads(runtime, self.log, catch_up=self._catch_up)
        self._fairness = Fairness(runtime, writer)
        self._tail = TailCount()
        self._residence = Residence(self.tables, self.replay, runtime=runtime)
        self._waiting: list[Request] = []
        self._writing = False

    @classmethod
    async def open(
        cls,
        store: Store,
        runtime: Runtime,
        *,
        domains: Sequence[Domain],
        writer: str,
        sizes: Sizes = SIZES,
    ) -> Database:
        """The database at its newest slot; creates slot 0 when the log is empty.

        Cost: as `Opening`, and the rows that the slots after the snapshot look at, together.
        """
        database = cls(store, runtime, domains=domains, writer=writer, sizes=sizes)
        await database._start()
        return database

    @property
    def state(self) -> State:
        """All tables at `seq`; reads on the loop see exactly this slot."""
        return self.tables

    @property
    def seq(self) -> int:
        """The newest slot this process has applied."""
        return self.position.seq

    @property
    def token(self) -> StateToken:
        """What a reader must send to see at least this state."""
        return StateToken(self.position.seq, self.position.hash)

    @property
    def tail(self) -> Tail:
        """What stands in the log after the newest snapshot."""
        return self._tail.tail

    async def refresh(self) -> int:
        """The newest slot's number, after applying every slot up to it: a strong read.

        Cost: 1 GET when nothing is new, shared by all who ask at the same time.
        """
        await self.reads.newest()
        return self.position.seq

    async def transact(self, decision: Decision, intent: Intent | None = None) -> Receipt:
        """The receipt of the slot that holds what `decision` decided (no events: of the slot it was
        read at). Idempotent: by the intent's key.

        Raises: what the decision raised on a state proven newest; Unavailable OUTCOME_UNKNOWN when
        the store did not say in time. Cost: 1 PUT, shared with every decision that waits at the
        same time.
        """
        self._refuse_if_stopped()
        request = Request(decision, self.runtime.signal(), intent=intent)
        self._waiting.append(request)
        if not self._writing:
            self._writing = True
            self.runtime.spawn(self._write(), "arco-commit")
        try:
            await request.done.wait(self.outcome_seconds)
        finally:
            self._abandon(request)
        if not request.done.is_set():
            raise outcome_unknown(self.log.trouble)
        if request.error is not None:
            raise request.error
        assert request.receipt is not None
        return request.receipt

    async def asked(self, question: Question[Answer]) -> Answer:
        """The answer of `question`, asked of the state until everything it needs is in memory."""
        return await answer(question, self.tables, load=self.footing.load)

    async def close(self) -> None:
        """Leave a fresh hint; the log needs no goodbye."""
        await self.log.write_hint(self.position.seq, self.position.hash)

    def _refuse_if_stopped(self) -> None:
        if self.failed is not None:
            raise outcome_unknown(self.failed) from self.failed
        if self.unknown is not None:
            raise event_unknown(self.unknown)

    async def _catch_up(self) -> int:
        while True:
            slots = await self.log.after(self.position.seq)
            await self._follow(slots)
            if len(slots) < SLOTS_AT_ONCE_MAX:
                return self.position.seq

    async def _start(self) -> None:
        opening = Opening(self.store, self.runtime, self.log)
        newest = await opening.find()
        if newest is None:
            await self._genesis()
            return
        start = await opening.stand(newest, replay=self.replay, tables=self.tables)
        if start is not None and self.replay.index is not None:
            self.position, index = start, self.replay.index
            self.folded.update(index.events)
            self.unknown = self.registry.unknown(index)
        self.reads.trail.add(self.position.seq, self.position.hash)
        while slots := await opening.following(self.position.seq):
            await self._follow(slots)

    async def _genesis(self) -> None:
        await write_format(self.store, self.runtime)
        batch = self._batch(self.tables)
        prepared = self._prepare(batch)
        taken = await self.log.create(0, prepared.data)
        if taken is None:
            self._own(prepared, batch)
        await self._catch_up()

    async def _write(self) -> None:
        requests: list[Request] = []
        try:
            while self._waiting:
                requests = self._waiting[:BATCH_DECISIONS_MAX]
                del self._waiting[: len(requests)]
                await self._commit(requests)
                await self._fairness.give_way()
        finally:
            # Also when the loop is cancelled: nobody waits for an answer that will not come.
            self._writing = False
            unanswered = [each for each in (*requests, *self._waiting) if not each.done.is_set()]
            self._waiting.clear()
            self._fail(unanswered, outcome_unknown())

    def _abandon(self, request: Request) -> None:
        """What nobody waits for and was not begun is not begun any more."""
        if not request.done.is_set():
            with suppress(ValueError):
                self._waiting.remove(request)

    async def _commit(self, requests: list[Request]) -> None:
        try:
            while not await self._attempt(requests):
                pass
        except StoreFault as fault:
            self.failed = fault if fault.fatal else None
            self._fail(requests, outcome_unknown(fault))
        except Exception as error:
            await self._isolate(requests, error)

    async def _isolate(self, requests: list[Request], error: Exception) -> None:
        if len(requests) == 1:
            self._fail(requests, error)
            return
        for request in requests:
            await self._commit([request])

    def _fail(self, requests: list[Request], error: BaseException) -> None:
        for request in requests:
            request.error = error
            request.done.set()

    async def _attempt(self, requests: list[Request]) -> bool:
        """True when every request has its answer; False when it must be asked again."""
        self._refuse_if_stopped()
        batch = await self._decide(requests)
        seq = self.position.seq
        if not batch.events:
            return await self._catch_up() == seq and self._settle(requests)
        prepared = self._prepare(batch)
        if prepared.payload is not None and prepared.commit.events_payload is not None:
            await self.log.attach(prepared.commit.events_payload.name, prepared.payload)
        began = self.runtime.monotonic()
        taken = await self.log.create(seq + 1, prepared.data)
        if taken is not None:
            self._fairness.lost(began)
            await self._follow([taken])
            await self._catch_up()
            await self._fairness.let_pass()
            return False
        self._fairness.won(began)
        if self.position.seq == seq:
            self._own(prepared, batch)
        return self._settle(requests, prepared)

    async def _decide(self, requests: list[Request]) -> Batch:
        controllers = self.controllers

        def decided(state: State) -> Batch:
            batch = self._batch(state)
            batch.ask(requests, controllers)
            return batch

        while True:
            try:
                return await self.asked(decided)
            except ControllerFailed as failure:
                LOG.error("a controller is left out of this commit", exc_info=failure)
                controllers = tuple(each for each in controllers if each is not failure.controller)

    def _batch(self, state: State) -> Batch:
        now, slot = self.runtime.now(), self.position.seq + 1
        return Batch(self.registry, state, now=now, slot=slot)

    def _prepare(self, batch: Batch) -> Prepared:
        cid = f"{self.runtime.entropy(128):032x}"
        return batch.prepared(self.position, writer=self.writer, cid=cid)

    def _settle(self, requests: list[Request], prepared: Prepared | None = None) -> bool:
        seq = prepared.commit.seq if prepared else self.position.seq
        hash = prepared.hash if prepared else self.position.hash
        for request in requests:
            if request.error is None:
                request.receipt = Receipt(
                    seq, hash, request.events, request.answer, request.repeats
                )
            request.done.set()
        return True

    def _own(self, prepared: Prepared, batch: Batch) -> None:
        slot = Slot(prepared.commit, prepared.hash, len(prepared.data))
        self._merge(slot, batch.events, overlay=batch.overlay)
        if prepared.commit.seq % HINT_EVERY == 0:
            # Only by its writer: who reads an old log must not move the hint back.
            self.runtime.spawn(self.log.write_hint(slot.commit.seq, slot.hash), "arco-hint")

    async def _follow(self, slots: Sequence[Slot]) -> None:
        """The state is that of the last of these slots, or a newer one."""
        every = await self.replay.heard(slots)
        if len(every) > 1 and self.tables.is_cold:
            # What all of them look at is read together, not slot after slot.
            events = [event for heard in every for event in heard.events]
            await self.asked(lambda state: fold(self.registry, Overlay(state), events=events))
        for heard in every:
            await self._advance(heard)

    async def _advance(self, heard: Heard) -> None:
        slot, events, unknown = heard.slot, heard.events, heard.unknown

        def folded(state: State) -> Overlay | None:
            if slot.commit.seq != self.position.seq + 1:
                return None
            self._check_chain(slot)
            overlay = Overlay(state)
            fold(self.registry, overlay, events=events)
            return overlay

        overlay = await self.asked(folded)
        if overlay is not None:
            self.unknown = unknown[0] if unknown else self.unknown
            self._merge(slot, events, overlay=overlay)

    def _check_chain(self, slot: Slot) -> None:
        if slot.commit.prev != self.position.hash:
            raise chain_broken(slot.commit.seq, after=self.position.seq)

    def _merge(self, slot: Slot, events: Sequence[Event], *, overlay: Overlay) -> None:
        commit = slot.commit
        self.tables.merge(overlay, commit.seq)
        self.folded.update(self.registry.name(event.payload) for event in events)
        self.position = Position(commit.seq, slot.hash, commit.committed_at)
        self.reads.trail.add(commit.seq, slot.hash)
        self._fairness.saw(commit.writer, commit.seq)
        self._count(slot, events, overlay=overlay)
        said = tuple(events), tuple(overlay.changes), overlay.rows
        tell(self.listeners, Applied(commit.seq, slot.hash, commit.committed_at, *said))

    def _count(self, slot: Slot, events: Sequence[Event], *, overlay: Overlay) -> None:
        if any(type(event.payload) not in HOUSEKEEPING for event in events):
            seconds = self.runtime.monotonic()
            self._tail.add(slot.commit.seq, slot.size_bytes, seconds=seconds)
        newest = overlay.get(SNAPSHOTS, NEWEST) if SNAPSHOTS.name in overlay.rows else None
        if newest is not None:
            self._tail.forget(newest.slot)
            self._residence.published(newest)


__all__ = ["EPOCH", "OUTCOME_SECONDS", "Database"]
