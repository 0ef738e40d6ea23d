"""Engines that are wrong on purpose: each must break the law it sins against within a few seeds.

A simulator that lets one of them pass proves nothing about the engine.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from arco.engine.batch import Batch, Prepared, Receipt, Request
from arco.engine.commit import Commit, decode_commit, encode_commit
from arco.engine.database import Database
from arco.engine.fold import fold
from arco.engine.history import Heard
from arco.engine.log import Log, Slot
from arco.engine.tables import Overlay
from arco.errors import NotFound
from arco.ids import sha256
from arco.runtime import Runtime, Spawned
from arco.store import keys
from arco.store.port import Store, StoreFault
from arco.testing.actors import Cast, Opener
from arco.testing.campaign import Play, campaign
from arco.testing.process import Process
from arco.testing.registry import REGISTRY
from arco.testing.world import World

SEEDS = range(300)


class TimeoutTakenAsFailure(Log):
    async def create(self, seq: int, data: bytes) -> Slot | None:
        try:
            if await self._store.create(keys.slot(seq), data):
                return None
        except StoreFault as fault:
            raise NotFound("WRITE_FAILED", "it did not work") from fault
        return await super().create(seq, data)


class ExistsTakenAsMine(Log):
    async def create(self, seq: int, data: bytes) -> Slot | None:
        while True:
            try:
                await self._store.create(keys.slot(seq), data)
                return None
            except StoreFault:
                await self._pause(1)


class ExistsTakenAsLost(Log):
    """Nobody compares bytes: an own write that is met again passes for somebody else's."""

    async def create(self, seq: int, data: bytes) -> Slot | None:
        while True:
            try:
                if await self._store.create(keys.slot(seq), data):
                    return None
                standing = await self.read(seq)
                if standing is not None:
                    return standing
            except StoreFault:
                await self._pause(1)


class MissingTakenAsNeverWritten(Log):
    """A 404 after a timeout is believed: harmless, because the next try is for the same slot."""

    async def create(self, seq: int, data: bytes) -> Slot | None:
        while True:
            try:
                created = await self._store.create(keys.slot(seq), data)
                standing = None if created else await self.read(seq)
            except StoreFault:
                standing = await self.read(seq)
                created = False
            if created:
                return None
            if standing is not None:
                return None if standing.hash == sha256(data) else standing
            await self._pause(1)


class HintTrusted(Log):
    async def after(self, seq: int) -> list[Slot]:
        hint = await self.hint()
        return [] if hint is None or hint.seq <= seq else await super().after(seq)


class DamageUnnoticed(Log):
    async def read(self, seq: int) -> Slot | None:
        data = await self._get(keys.slot(seq))
        try:
            commit = None if data is None else msgspec.json.decode(data, type=Commit)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return await super().read(seq)
        return None if commit is None or data is None else Slot(commit, sha256(data), len(data))


class SlotsOverwritten(Log):
    async def create(self, seq: int, data: bytes) -> Slot | None:
        await self._store.put(keys.slot(seq), data)
        return None


class SlotsPruned(Log):
    """Old slots are deleted while somebody may still ask for them."""

    async def create(self, seq: int, data: bytes) -> Slot | None:
        taken = await super().create(seq, data)
        if seq > 4:
            await self._store.delete(keys.slot(seq - 4))
        return taken


class VerdictAfterPatience(Log):
    """A writer that waited long enough says that it failed."""

    async def create(self, seq: int, data: bytes) -> Slot | None:
        for tries in range(4):
            try:
                await self._store.create(keys.slot(seq), data)
                return await super().create(seq, data)
            except StoreFault:
                await self._pause(tries)
        raise NotFound("WRITE_FAILED", "it did not work four times")


class NextSlotAfterUnknown(Log):
    """An ambiguous answer moves the commit to the slot after."""

    async def create(self, seq: int, data: bytes) -> Slot | None:
        try:
            await self._store.create(keys.slot(seq), data)
        except StoreFault:
            moved = msgspec.structs.replace(decode_commit(data, seq), seq=seq + 1)
            return await super().create(seq + 1, encode_commit(moved))
        return await super().create(seq, data)


class AcknowledgedBeforeThePut(Database):
    async def _attempt(self, requests: list[Request]) -> bool:
        batch = await self._decide(requests)
        if batch.events:
            self._settle(requests, self._prepare(batch))
        return await super()._attempt(requests)


class RefusedWithoutLooking(Database):
    async def _attempt(self, requests: list[Request]) -> bool:
        batch = await self._decide(requests)
        return await super()._attempt(requests) if batch.events else self._settle(requests)


class ReadFromMemory(Database):
    async def refresh(self) -> int:
        return self.position.seq if self.position.seq >= 0 else await super().refresh()


class ShownBeforeWon(Database):
    def _prepare(self, batch: Batch) -> Prepared:
        prepared = super()._prepare(batch)
        self.tables.merge(batch.overlay, prepared.commit.seq)
        return prepared


class FoldedWithoutGuard(Database):
    """A slot is folded as often as somebody reads it."""

    async def _advance(self, heard: Heard) -> None:
        overlay = Overlay(self.tables)
        fold(self.registry, overlay, events=heard.events)
        self._merge(heard.slot, heard.events, overlay=overlay)


class AskedAgainAfterUnknown(Database):
    """A batch whose outcome nobody knows is decided once more, on whatever stands by then."""

    async def _commit(self, requests: list[Request]) -> None:
        batch = await self._decide(requests)
        if batch.events:
            try:
                prepared = self._prepare(batch)
                await self.store.create(keys.slot(prepared.commit.seq), prepared.data)
            except StoreFault:
                await self.refresh()
        await super()._commit(requests)


class BatchFailsTogether(Database):
    def _settle(self, requests: list[Request], prepared: Prepared | None = None) -> bool:
        for bad in [request for request in requests if request.error is not None]:
            for request in requests:
                request.error = bad.error
        return super()._settle(requests, prepared)


class ForeignSlotsSkipped(Database):
    """What other processes wrote is counted, and not folded."""

    async def _advance(self, heard: Heard) -> None:
        slot = heard.slot
        if slot.commit.writer == self.writer or slot.commit.seq != self.position.seq + 1:
            await super()._advance(heard)
        else:
            self._merge(slot, (), overlay=Overlay(self.tables))


class ReceiptOfTheSlotBefore(Database):
    def _settle(self, requests: list[Request], prepared: Prepared | None = None) -> bool:
        settled = super()._settle(requests, prepared)
        for request in requests:
            if prepared is not None and request.receipt is not None:
                commit = prepared.commit
                request.receipt = Receipt(commit.seq - 1, commit.prev, request.events)
        return settled


class EarlierProbeShared(Database):
    """A strong read is answered by a look that began before it was asked."""

    probe: Spawned | None = None

    async def refresh(self) -> int:
        if self.probe is None or self.probe.done():
            self.probe = self.runtime.spawn(super().refresh(), "probe")
        seq: int = await self.probe.join()
        return seq


class ClockTrusted(Database):
    """A commit says what its writer's clock shows, whatever the last one said."""

    def _prepare(self, batch: Batch) -> Prepared:
        prepared = super()._prepare(batch)
        commit = msgspec.structs.replace(prepared.commit, committed_at=self.runtime.now())
        data = encode_commit(commit)
        return Prepared(commit, data, sha256(data), prepared.payload)


CAUGHT: list[tuple[type[Log] | type[Database], str]] = [
    (TimeoutTakenAsFailure, "L7|refusals|no surprise"),
    (ExistsTakenAsMine, "chain|L2|state token|L4|strong"),
    (ExistsTakenAsLost, "L3"),
    (HintTrusted, "strong reads|refusals"),
    (DamageUnnoticed, "L4|chain|state token|unique|L3|no surprise|Corrupt('log slot"),
    (SlotsOverwritten, "L5"),
    (SlotsPruned, "L5|no surprise"),
    (AcknowledgedBeforeThePut, "L2|state token"),
    (RefusedWithoutLooking, "refusals are reads"),
    (ReadFromMemory, "strong reads"),
    (ShownBeforeWon, "L4|refusals|L2|state token|unique"),
    (FoldedWithoutGuard, "L4|strong"),
    (AskedAgainAfterUnknown, "L3"),
    (BatchFailsTogether, "L7|refusals"),
    (VerdictAfterPatience, "L7|refusals|no surprise"),
    (NextSlotAfterUnknown, "L5|chain"),
    (ForeignSlotsSkipped, "L4|refusals|unique"),
    (ReceiptOfTheSlotBefore, "state token"),
    (EarlierProbeShared, "strong reads|refusals"),
    (ClockTrusted, "commit times"),
]


CASTS = {EarlierProbeShared: Cast(clients=4, kinds=("add", "read"))}
"""Who it takes to notice, where the usual cast seldom does."""


def opener_of(mutant: type[Log] | type[Database]) -> Opener:
    """Opens the engine with one part replaced."""
    database_type = mutant if issubclass(mutant, Database) else Database

    class Mutated(database_type):  # type: ignore[valid-type,misc]
        def __init__(self, store: Store, runtime: Runtime, **given: Any) -> None:
            super().__init__(store, runtime, **given)
            if issubclass(mutant, Log):
                self.log = mutant(store, runtime)

    async def opened(world: World, process: Process) -> Database:
        store = world.client(process)
        database: Database = await Mutated.open(
            store, process.runtime, domains=[REGISTRY], writer=process.name
        )
        return database

    return opened


@pytest.mark.parametrize(("mutant", "laws"), CAUGHT, ids=[m.__name__ for m, _ in CAUGHT])
def test_a_wrong_engine_breaks_its_law(mutant: type[Log] | type[Database], laws: str) -> None:
    failure = campaign(Play(opener_of(mutant), CASTS.get(mutant, Cast())), SEEDS)
    assert failure is not None, f"{mutant.__name__} survived {len(SEEDS)} seeds"
    assert failure.reason.startswith(tuple(laws.split("|"))), failure.report()


@pytest.mark.parametrize(
    ("mutant", "cast"),
    [
        (MissingTakenAsNeverWritten, Cast()),
        (ExistsTakenAsLost, Cast(kinds=("take", "free", "add", "read"))),
    ],
)
def test_a_mistake_the_design_forgives_is_harmless(mutant: type[Log], cast: Cast) -> None:
    failure = campaign(Play(opener_of(mutant), cast), range(100))
    assert failure is None, failure.report()
