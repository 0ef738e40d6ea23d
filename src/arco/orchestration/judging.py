"""Judging a condition: the partitions of which each of its terms holds, at one moment.

Law: the same state, moment and memory give the same sets. At most ten thousand partitions are
looked at, the newest. Must not decide what is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from arco.model import rows_under
from arco.orchestration.backfill_sets import LastingValues, shape_of, spans_of, without_gone
from arco.orchestration.backfills import Boxes
from arco.orchestration.conditions import Condition, Term
from arco.orchestration.cron import last_occurrences, next_occurrence, parse_cron
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.freshness import FRESHNESS, missed_deadline, next_deadline
from arco.orchestration.materializing import current_at
from arco.orchestration.partitions import PartitionSet, all_keys, some_keys
from arco.orchestration.partitions import spans as sets
from arco.orchestration.partitions.axes import Axis, CivilAxis, HourAxis, bounds
from arco.orchestration.rows import Materialization
from arco.orchestration.staleness import changed_upstreams
from arco.orchestration.tables import PARTITION_STATUS
from arco.orchestration.views import AssetView

JUDGED_MAX = 10_000
"""Partitions that are looked at, the newest; a backfill is what makes more."""
INSTANT = timedelta(microseconds=1)


class Remembered(msgspec.Struct, frozen=True):
    """What an evaluation leaves for the next: each `since`'s set, and what ordinals mean."""

    sets: tuple[Boxes, ...] = ()
    shape: str = ""


class Judged(msgspec.Struct, frozen=True):
    """The partitions of which each term holds, and what is left for the next evaluation."""

    everything: PartitionSet
    """The partitions that were looked at."""
    sets: tuple[PartitionSet, ...]
    """Of each term; the last is the whole."""
    held: Mapping[str, Materialization]
    """What the partitions hold that hold something."""
    memory: Remembered
    next_at: datetime | None
    """When time alone may change what holds."""


def judge(
    view: AssetView,
    definition: AssetDefinition,
    *,
    condition: Condition,
    since: datetime,
    memory: Remembered,
) -> Judged:
    """What holds at the view's moment; the clock is looked at from `since` on.

    Cost: linear in the newest ten thousand partitions and those upstream of them.
    """
    look = _Look(view, definition, since, memory)
    found: list[PartitionSet] = []
    for term in condition.terms:
        found.append(look.term(term, found))
    return Judged(
        everything=look.everything,
        sets=tuple(found),
        held=look.held,
        memory=Remembered(tuple(look.remembered), look.shape),
        next_at=next_moment(view, definition, condition=condition),
    )


def ticks(
    view: AssetView, asset: str, *, condition: Condition, since: datetime
) -> tuple[datetime | None, ...]:
    """For each `cron` in the condition the newest time it fired after `since`, for each `late` the
    deadline that is missed.
    """
    return tuple(
        _tick(each, since, now=view.at.now) if each.kind == "cron" else late_deadline(view, asset)
        for each in condition.terms
        if each.kind in ("cron", "late")
    )


def late_deadline(view: AssetView, asset: str) -> datetime | None:
    """The deadline that the asset misses; None: it is fresh, or has no policy."""
    row = view.state.get(FRESHNESS, asset)
    return None if row is None or row.removed else missed_deadline(row, view.at.now)


def next_moment(
    view: AssetView, definition: AssetDefinition, *, condition: Condition
) -> datetime | None:
    """When another partition begins to exist, or a `cron` fires."""
    now = view.at.now
    moments = [
        next_occurrence(parse_cron(each.cron), each.timezone or "UTC", after=now)
        for each in condition.terms
        if each.kind == "cron"
    ]
    row = view.state.get(FRESHNESS, definition.key)
    if row is not None and not row.removed and any(t.kind == "late" for t in condition.terms):
        deadline = next_deadline(row, now)
        moments += [deadline] if deadline is not None and deadline > now else []
    for axis in all_keys(definition.partitions, now, dynamic=view.at.dynamic).axes:
        if isinstance(axis, CivilAxis | HourAxis):
            moments.append(_next_window(axis, now))
    return min((each for each in moments if each is not None), default=None)


class _Look:
    """One look at an asset: its partitions, and what they hold."""

    def __init__(
        self, view: AssetView, definition: AssetDefinition, since: datetime, memory: Remembered
    ) -> None:
        self._view = view
        self._definition = definition
        self._since = since
        self.shape = shape_of(definition.partitions)
        self._lasting = LastingValues(view.state, view.at.now)
        existing = without_gone(all_keys(definition.partitions, view.at.now, dynamic=self._lasting))
        self.everything = existing.slice(max(0, existing.count - JUDGED_MAX), existing.count)
        self._kept = iter(memory.sets if memory.shape == self.shape else ())
        self.remembered: list[Boxes] = []
        self.held = self._held()

    def term(self, term: Term, found: Sequence[PartitionSet]) -> PartitionSet:
        """The partitions of which the term holds, given those of the terms before it."""
        operands = [found[place] for place in term.of]
        if term.kind == "and":
            return operands[0].intersection(operands[1])
        if term.kind == "or":
            return operands[0].union(operands[1])
        if term.kind == "not":
            return self.everything.difference(operands[0])
        if term.kind == "since":
            return self._remember(*operands)
        if term.kind == "cron":
            return self._due(term)
        return self._simple[term.kind]()

    @property
    def _simple(self) -> Mapping[str, Callable[[], PartitionSet]]:
        return {
            "missing": lambda: self.everything.difference(self._some(self.held)),
            "upstream": lambda: self._some(self._moved()),
            "code": lambda: self._some(self._recoded()),
            "newest": self._newest,
            "late": self._late,
        }

    def _held(self) -> dict[str, Materialization]:
        asset = self._definition.key
        rows = rows_under(
            self._view.state, PARTITION_STATUS, keys=((asset, key) for key in self.everything)
        )
        return {
            key: row.materialization
            for (_, key), row in rows.items()
            if row.materialization is not None
        }

    def _some(self, keys: Mapping[str, object] | Iterator[str]) -> PartitionSet:
        found = some_keys(self._definition.partitions, keys, dynamic=self._lasting)
        return found.intersection(self.everything)

    def _moved(self) -> Iterator[str]:
        """Partitions made from something that holds other data now."""
        for key, held in self.held.items():
            changed = changed_upstreams(self._view, self._definition, key=key, reads=held.reads)
            if any(not is_missing for _, is_missing in changed):
                yield key

    def _recoded(self) -> Iterator[str]:
        version = self._definition.code.version
        return (key for key, held in self.held.items() if held.code_version != version)

    def _newest(self) -> PartitionSet:
        """The newest window of each dimension that is time, of all others every value."""
        axes = self.everything.axes
        sides = [_newest_side(axis, self._view.at.now) for axis in axes]
        newest = PartitionSet(axes, sets.box([[side] for side in sides]))
        return newest.intersection(self.everything)

    def _due(self, term: Term) -> PartitionSet:
        """Of the newest partitions, those not made since the expression last fired."""
        tick = _tick(term, self._since, now=self._view.at.now)
        newest = self._newest()
        if tick is None:
            return newest.difference(newest)
        made = (key for key, held in self.held.items() if current_at(held) >= tick)
        return newest.difference(self._some(made))

    def _late(self) -> PartitionSet:
        """The newest partitions, while the asset misses its freshness policy."""
        newest = self._newest()
        is_late = late_deadline(self._view, self._definition.key) is not None
        return newest if is_late else newest.difference(newest)

    def _remember(self, begins: PartitionSet, ends: PartitionSet) -> PartitionSet:
        before = PartitionSet(self.everything.axes, spans_of(next(self._kept, ())))
        found = before.union(begins).difference(ends).intersection(self.everything)
        self.remembered.append(tuple(sets.boxes(found.spans)))
        return found


def _newest_side(axis: Axis, now: datetime) -> sets.Range:
    first, stop = bounds(axis, now)
    return (max(first, stop - 1), stop) if isinstance(axis, CivilAxis | HourAxis) else (first, stop)


def _next_window(axis: CivilAxis | HourAxis, now: datetime) -> datetime | None:
    """When the next window is complete, and so begins to exist; None: the last one is."""
    first, stop = bounds(axis, now)
    following = axis.window_start(axis.containing(now) + 1)
    begins = axis.window_start(first + 1 - axis.definition.end_offset)
    moments = (each for each in (following, begins) if each > now)
    return next((each for each in moments if bounds(axis, each)[1] > stop), None)


def _tick(term: Term, since: datetime, *, now: datetime) -> datetime | None:
    span = (since + INSTANT, now)
    fired = last_occurrences(parse_cron(term.cron), term.timezone or "UTC", span=span, count=1)
    return fired[-1] if fired else None


__all__ = ["JUDGED_MAX", "Judged", "Remembered", "judge", "late_deadline", "next_moment", "ticks"]
