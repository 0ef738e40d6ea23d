"""Folding facts: a pure decision from what lanes hold and the state to one fold commit.

Law F8: every interleaving of lanes gives the same rows. A fact that cannot be folded goes to
quarantine and leaves neither its key nor its number behind, so that it can be sent again, mended.
Must not know lanes as objects: they were read before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain

import msgspec

from arco.engine.lanes.batches import Fact
from arco.engine.lanes.events import (
    FactsFoldedV2,
    LaneOpened,
    LaneRange,
    TableChanges,
    encode_changes,
)
from arco.engine.lanes.laid import LaidRows
from arco.engine.lanes.ranges import Ranges
from arco.engine.lanes.reading import REASON_CHARACTERS_MAX, Read, ReadSlot, runs_of
from arco.engine.lanes.tables import (
    FACT_KEYS,
    FACTS,
    FOLDINGS,
    LANES,
    PRODUCERS,
    QUARANTINE,
    FactKey,
    Producer,
    QuarantinedFact,
)
from arco.engine.registry import Registry
from arco.model import AsRow, Jointly, Misses, NotLoaded, State

FOLD_FACTS_MAX = 10_000
RUN_FACTS_MIN = 4
"""Shorter stretches are folded fact by fact."""


class Retry(msgspec.Struct, frozen=True):
    """A quarantined fact that this release can read."""

    lane: str
    slot: int
    position: int
    read: Read


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at roster, lanes and quarantine found."""

    roster_first: int
    opened: tuple[LaneOpened, ...] = ()
    slots: tuple[ReadSlot, ...] = ()
    """Those of one lane in order."""
    retries: tuple[Retry, ...] = ()
    oldest_at: datetime | None = None
    """When the oldest of the slots was written, by its writer's clock."""
    waiting: int | None = None
    """How many slots more stand in the lanes; None when they were not all looked at."""


def fold_facts(
    registry: Registry, state: State, *, gathered: Gathered, now: datetime
) -> FactsFoldedV2 | None:
    """The fold of everything in `gathered` that `state` has not folded yet; None: nothing is new.

    Asked again on a newer state it leaves out what another process folded meanwhile.
    """
    before = state.get(FOLDINGS, FACTS)
    roster_next = before.roster_next if before else 0
    skipped = max(0, roster_next - gathered.roster_first)
    opened = gathered.opened[skipped:]
    lanes = _lane_by_lane(_unfolded(state, gathered.slots, opened=opened))
    retries = [r for r in gathered.retries if state.get(QUARANTINE, r.lane, r.slot, r.position)]
    if not (opened or lanes or retries):
        return None
    fold = FactFold(registry, state, now)
    for slot in chain.from_iterable(lanes.values()):
        fold.take(slot)
    for retry in retries:
        fold.retry(retry)
    return FactsFoldedV2(
        number=(before.number if before else 0) + 1,
        roster_next=roster_next + len(opened),
        folded_at=now,
        opened=opened,
        ranges=tuple(_range(lane, taken) for lane, taken in lanes.items()),
        retried=tuple((retry.lane, retry.slot, retry.position) for retry in retries),
        changes=fold.changes(),
        facts=fold.facts,
        duplicates=fold.duplicates,
    )


def _unfolded(
    state: State, slots: Iterable[ReadSlot], *, opened: Sequence[LaneOpened]
) -> Iterator[ReadSlot]:
    """The slots at and above their lanes' watermarks, without a gap."""
    next_of: dict[str, int | None] = {}
    fresh = {item.lane for item in opened}
    for slot in slots:
        if slot.lane not in next_of:
            lane = state.get(LANES, slot.lane)
            at_start = 0 if slot.lane in fresh else None
            next_of[slot.lane] = lane.next_slot if lane else at_start
            if lane and lane.is_sealed:
                next_of[slot.lane] = None
        if slot.slot == next_of[slot.lane]:
            next_of[slot.lane] = None if slot.seal else slot.slot + 1
            yield slot


def _lane_by_lane(slots: Iterable[ReadSlot]) -> dict[str, list[ReadSlot]]:
    """Lane -> its slots, in the order in which the event names the lanes: whoever folds the event's
    ranges again meets the facts in the same order, and quarantines the same ones.
    """
    lanes: dict[str, list[ReadSlot]] = {}
    for slot in slots:
        lanes.setdefault(slot.lane, []).append(slot)
    return lanes


def _range(lane: str, taken: Sequence[ReadSlot]) -> LaneRange:
    return LaneRange(lane, taken[0].slot, taken[-1].slot + 1, taken[-1].seal)


class FactFold:
    """One fold under way: the rows so far, and which facts were seen."""

    def __init__(self, registry: Registry, state: State, now: datetime) -> None:
        self._registry = registry
        self._rows = LaidRows(state)
        self._now = now
        self._seen: dict[tuple[str, int], Ranges] = {}
        self._misses = Misses()
        self.facts = 0
        self.duplicates = 0

    def take(self, slot: ReadSlot) -> None:
        """Fold the slot's facts; what cannot be folded is quarantined."""
        for first, end in runs_of(slot.reads):
            with self._misses:
                if not self._fold_run(slot.reads[first:end]):
                    self._fold_each(slot, range(first, end))

    def _fold_each(self, slot: ReadSlot, positions: range) -> None:
        for position in positions:
            with self._misses:
                problem = self._fold(slot.reads[position])
                if problem is not None:
                    self._quarantine((slot.lane, slot.slot, position), problem)

    def _fold_run(self, reads: Sequence[Read]) -> bool:
        """True: all of them are folded, in one piece. False: none is, they go one by one.

        The reads are a stretch of `runs_of`. One by one they would make the same rows.
        """
        if len(reads) < RUN_FACTS_MIN or reads[0].payload is None:
            return False
        reducer = self._registry.reducer(reads[0].payload)
        if not isinstance(reducer, AsRow | Jointly):
            return False
        payloads = [read.payload for read in reads if read.payload is not None]
        try:
            layings = self._rows.reduced_together(reducer, payloads)
        except NotLoaded:
            raise
        except Exception:
            # One of them cannot be folded: which one, and why, shows when each is folded by itself.
            return False
        fact = reads[0].fact
        if fact.producer and not self._numbers(fact).add_run(fact.seq, fact.seq + len(reads)):
            return False
        for laying in layings:
            self._rows.lay(laying)
        self.facts += len(reads)
        return True

    def retry(self, retry: Retry) -> None:
        """Fold a quarantined fact, or say anew why it stays where it is."""
        place = (retry.lane, retry.slot, retry.position)
        with self._misses:
            problem = self._fold(retry.read)
            if problem is None:
                self._rows.lay((QUARANTINE, place, None))
            else:
                self._quarantine(place, problem)

    def changes(self) -> tuple[TableChanges, ...]:
        """Every row that differs.

        Raises: NotLoaded, for what any of the facts misses.
        """
        self._misses.settle()
        for window, seen in self._seen.items():
            row = Producer(*window, seen.pairs())
            if self._rows.get(PRODUCERS, *window) != row:
                self._rows.lay((PRODUCERS, window, row))
        return encode_changes(self._rows.newest())

    def _fold(self, read: Read) -> Read | None:
        """None once the fact is folded, now or before; else what is wrong with it."""
        if read.payload is None:
            return read
        fact = read.fact
        numbers = self._numbers(fact) if fact.producer else None
        if self._is_known(fact, numbers):
            self.duplicates += 1
            return None
        try:
            # All of its rows or none: a reducer that breaks half-way changes nothing.
            layings = self._rows.reduced(self._registry.reducer(read.payload), read.payload)
        except NotLoaded:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"[:REASON_CHARACTERS_MAX]
            return Read(fact, None, "FACT_NOT_FOLDED", reason)
        if numbers is not None and not numbers.add(fact.seq):
            reason = "too many numbers are missing between those of this epoch; begin a new epoch"
            return Read(fact, None, "FACT_GAPS_TOO_MANY", reason)
        for laying in layings:
            self._rows.lay(laying)
        if fact.key:
            self._rows.lay((FACT_KEYS, (fact.key,), FactKey(fact.key)))
        self.facts += 1
        return None

    def _is_known(self, fact: Fact, numbers: Ranges | None) -> bool:
        if numbers is not None and fact.seq in numbers:
            return True
        return bool(fact.key) and self._rows.get(FACT_KEYS, fact.key) is not None

    def _numbers(self, fact: Fact) -> Ranges:
        window = (fact.producer, fact.epoch)
        seen = self._seen.get(window)
        if seen is None:
            row = self._rows.get(PRODUCERS, *window)
            seen = self._seen[window] = Ranges(row.ranges if row else ())
        return seen

    def _quarantine(self, place: tuple[str, int, int], read: Read) -> None:
        lane, slot, position = place
        row = QuarantinedFact(
            lane=lane,
            slot=slot,
            position=position,
            fact_type=read.fact.type,
            version=read.fact.version,
            code=read.code,
            reason=read.reason,
            quarantined_at=self._now,
        )
        self._rows.lay((QUARANTINE, place, row))


__all__ = [
    "FOLD_FACTS_MAX",
    "RUN_FACTS_MIN",
    "FactFold",
    "Gathered",
    "Retry",
    "fold_facts",
]
