"""Lanes that are wrong on purpose: each must break the law it sins against within a few seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import starmap
from typing import Any

import msgspec
import pytest

from arco.engine.database import Database
from arco.engine.lanes import events, folding
from arco.engine.lanes import folder as folder_module
from arco.engine.lanes import lane as lane_module
from arco.engine.lanes.batches import Fact, encode_slot
from arco.engine.lanes.folder import Folder
from arco.engine.lanes.folding import FactFold, Gathered, fold_facts
from arco.engine.lanes.ingest import Accepted, Ingester
from arco.engine.lanes.lane import LaneWriter
from arco.engine.lanes.remembering import FACT_HOURS, FactsForgotten
from arco.engine.lanes.tables import FACT_KEYS, FACTS, FOLDINGS, LANES, PRODUCERS
from arco.engine.registry import Registry
from arco.ids import ulid
from arco.model import State
from arco.store import keys
from arco.store.port import StoreFault
from arco.testing.world import Violation
from tests.simulation.lane_stages import SILENT_SECONDS, perform_lanes

SEEDS = range(150)
BEHIND_ALL = "\uffff"


class AcknowledgedBeforeThePut(Ingester):
    async def append(self, facts: Sequence[Fact]) -> Accepted:
        lane, slot = self._lane._lane, self._lane._next
        if not lane:
            return await super().append(facts)
        self._runtime.spawn(self._later(facts), "later")
        return Accepted(lane, slot, 0, len(facts))

    async def _later(self, facts: Sequence[Fact]) -> None:
        try:
            await super().append(facts)
        except Exception:
            return


class Unregistered(LaneWriter):
    """The registration is sent off, and nobody waits for it."""

    async def _opened(self) -> str:
        if not self._lane:
            runtime = self._database.runtime
            self._lane, self._next = ulid(0, runtime.entropy(80)), 0
        return self._lane


class TimeoutTakenAsWritten(LaneWriter):
    async def _occupy(self, lane: str, data: bytes) -> bool:
        try:
            await self._database.store.create(keys.lane_slot(lane, self._next), data)
        except StoreFault:
            return True
        return True


class TimeoutSentElsewhere(LaneWriter):
    """After an ambiguous answer the batch goes to a new lane, its numbers stripped off."""

    async def _occupy(self, lane: str, data: bytes) -> bool:
        try:
            return await self._database.store.create(keys.lane_slot(lane, self._next), data)
        except StoreFault:
            return False


class LaneReused(LaneWriter):
    """A restarted process goes on in the lane of its last life, from the first slot."""

    async def _opened(self) -> str:
        if not self._lane:
            await super()._opened()
            self._lane = ulid(0, hash(self._database.writer) & 0xFFFF)
        return self._lane

    async def _occupy(self, lane: str, data: bytes) -> bool:
        await super()._occupy(lane, data)
        return True


class SealedElsewhere(Folder):
    """A silent lane is declared sealed in the state only."""

    async def _seal(self, lane: str, slot: int) -> None:
        def decide(state: State, now: datetime) -> list[Any]:
            row, before = state.get(LANES, lane), state.get(FOLDINGS, FACTS)
            if row is None or before is None or row.is_sealed:
                return []
            ended = folding.LaneRange(lane, row.next_slot, row.next_slot, True)
            return [
                folder_module.Event(
                    folding.FactsFoldedV2(
                        number=before.number + 1,
                        roster_next=before.roster_next,
                        folded_at=now,
                        ranges=(ended,),
                    )
                )
            ]

        await self._database.transact(decide)


class ForgottenAtOnce(Folder):
    """What counted is forgotten by the fold after, whatever hour it is."""

    def _decide(self, state: State, now: datetime, *, gathered: Gathered) -> list[Any]:
        known = [row.hour for row in state.range(FACT_HOURS)]
        forgotten = [FactsForgotten(hour=hour, producer=BEHIND_ALL) for hour in known]
        decided = super()._decide(state, now, gathered=gathered)
        return [*decided, *map(folder_module.Event, forgotten)] if decided else []


class CountedTwice(FactFold):
    def _is_known(self, fact: Fact, numbers: object) -> bool:
        return False


def folded_again(
    registry: Registry, state: State, *, gathered: Gathered, now: datetime
) -> folding.FactsFoldedV2 | None:
    """What was gathered is folded, whatever another process folded meanwhile."""
    fold = FactFold(registry, state, now)
    for slot in gathered.slots:
        fold._seen = {}
        for read in slot.reads:
            fact = msgspec.structs.replace(read.fact, producer="", seq=-1)
            fold._fold(msgspec.structs.replace(read, fact=fact))
    before = state.get(FOLDINGS, FACTS)
    return folding.FactsFoldedV2(
        number=(before.number if before else 0) + 1,
        roster_next=gathered.roster_first + len(gathered.opened),
        folded_at=now,
        opened=gathered.opened,
        ranges=tuple(starmap(folding._range, folding._lane_by_lane(gathered.slots).items())),
        changes=fold.changes(),
    )


def ingester_with(writer: type[LaneWriter]) -> Callable[[Database], Ingester]:
    """The ingester with another way to write lanes."""

    def made(database: Database) -> Ingester:
        ingester = Ingester(database)
        ingester._lane = writer(database)
        return ingester

    return made


class SealOverBatch(Folder):
    """A seal is put where the next batch belongs, whatever stands there."""

    async def _seal(self, lane: str, slot: int) -> None:
        heading = lane_module.heading_of(self._database, lane, slot=slot)
        data = encode_slot(msgspec.structs.replace(heading, seal=True), ())
        await self._database.store.put(keys.lane_slot(lane, slot), data)


class SealOverlooked(LaneWriter):
    """Whatever stands in the slot passes for the batch."""

    async def _occupy(self, lane: str, data: bytes) -> bool:
        await super()._occupy(lane, data)
        return True


class NumbersOfTheRejectedKept(FactFold):
    """A fact that cannot be folded uses its number and its key up."""

    def _fold(self, read: folding.Read) -> folding.Read | None:
        problem = super()._fold(read)
        if problem is not None and read.fact.producer:
            self._numbers(read.fact).add(read.fact.seq)
        return problem


class KeysForgotten(FactFold):
    """Nobody writes down which keys were seen."""

    def changes(self) -> tuple[events.TableChanges, ...]:
        return tuple(each for each in super().changes() if each.table != FACT_KEYS.name)


class WindowsForgotten(FactFold):
    """Nobody writes down which numbers were seen."""

    def changes(self) -> tuple[events.TableChanges, ...]:
        return tuple(each for each in super().changes() if each.table != PRODUCERS.name)


def watermark_skipped(
    registry: Registry, state: State, *, gathered: Gathered, now: datetime
) -> folding.FactsFoldedV2 | None:
    """A fold says that it consumed one slot more than it did."""
    folded = fold_facts(registry, state, gathered=gathered, now=now)
    if folded is None:
        return None
    ranges = [msgspec.structs.replace(each, next=each.next + 1) for each in folded.ranges]
    return msgspec.structs.replace(folded, ranges=tuple(ranges))


def roster_skipped(
    registry: Registry, state: State, *, gathered: Gathered, now: datetime
) -> folding.FactsFoldedV2 | None:
    """A fold that opens lanes counts one registration too many."""
    folded = fold_facts(registry, state, gathered=gathered, now=now)
    if folded is None or not folded.opened:
        return folded
    return msgspec.structs.replace(folded, roster_next=folded.roster_next + 1)


def input_without_output(
    registry: Registry, state: State, *, gathered: Gathered, now: datetime
) -> folding.FactsFoldedV2 | None:
    """The watermarks move in a commit of their own, the rows would come later."""
    folded = fold_facts(registry, state, gathered=gathered, now=now)
    return folded and msgspec.structs.replace(folded, changes=())


INGESTERS: list[tuple[Callable[[Database], Ingester], str]] = [
    (AcknowledgedBeforeThePut, "L2"),
    (ingester_with(Unregistered), "L2"),
    (ingester_with(TimeoutTakenAsWritten), "L2"),
    (ingester_with(LaneReused), "L2"),
    (ingester_with(SealOverlooked), "L2"),
]
NAMES = ["acknowledged early", "no roster", "timeout as written", "lane reused", "seal overlooked"]
FOLDERS: list[tuple[type[Folder], str]] = [
    (ForgottenAtOnce, "L3"),
    (SealedElsewhere, "L2 acknowledged fact stands"),
    (SealOverBatch, "L2 acknowledged fact stands"),
]
FOLDS: list[tuple[type[FactFold], str]] = [
    (CountedTwice, "L3"),
    (WindowsForgotten, "L3"),
    (NumbersOfTheRejectedKept, "L2 acknowledged fact stands"),
]
DECISIONS: list[tuple[Any, str]] = [
    (folded_again, "L3"),
    (watermark_skipped, "L2 acknowledged fact stands"),
    (roster_skipped, "L2 acknowledged fact stands"),
    (input_without_output, "L2 acknowledged fact stands"),
]


@pytest.mark.parametrize(("ingester", "law"), INGESTERS, ids=NAMES)
def test_a_wrong_ingester_breaks_its_law(
    ingester: Callable[[Database], Ingester], law: str
) -> None:
    assert broken(ingester=ingester).startswith(law)


@pytest.mark.parametrize(("folder", "law"), FOLDERS)
def test_a_wrong_folder_breaks_its_law(folder: type[Folder], law: str) -> None:
    assert broken(folder=partial(folder, silent_seconds=SILENT_SECONDS)).startswith(law)


@pytest.mark.parametrize(("fold", "law"), FOLDS)
def test_a_wrong_fold_breaks_its_law(
    fold: type[FactFold], law: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "FactFold", fold)
    assert broken().startswith(law)


def test_folding_without_keys_counts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "FactFold", KeysForgotten)
    assert broken(keyed=True).startswith("L3")


@pytest.mark.parametrize(("decide", "law"), DECISIONS)
def test_a_wrong_fold_commit_breaks_its_law(
    decide: Any, law: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "fold_facts", decide)
    assert broken().startswith(law)


def test_a_batch_sent_to_two_lanes_is_forgiven_because_facts_are_numbered() -> None:
    for seed in range(60):
        perform_lanes(seed, ingester=ingester_with(TimeoutSentElsewhere))


def broken(**parts: Any) -> str:
    """The first law that a play with these parts breaks."""
    for seed in SEEDS:
        try:
            perform_lanes(seed, **parts)
        except Violation as violation:
            return str(violation)
    raise AssertionError(f"survived {len(SEEDS)} seeds")
