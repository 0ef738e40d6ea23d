"""Conditions as people see them: what they say, how they stand, and why something was not run.

Reads state, changes nothing. Must not know HTTP or terminals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from arco.errors import Invalid
from arco.model import State
from arco.orchestration.backfill_sets import LastingValues, shape_of, spans_of
from arco.orchestration.commands.conditions import find_condition
from arco.orchestration.conditions import spelled
from arco.orchestration.evaluations import (
    AT_ONCE,
    CONDITIONS,
    EVALUATIONS,
    Evaluation,
    HeldBack,
    Holding,
    StandingCondition,
    TermSet,
)
from arco.orchestration.partitions import PartitionSet, display, no_keys
from arco.orchestration.selection import unknown_asset
from arco.orchestration.tables import ASSETS
from arco.orchestration.views import AssetView, asset_view, partitions_of

EVALUATIONS_SHOWN = 10
HELD_BACK_WORDS = {
    HeldBack.ASKED: "a run was asked for before, and nothing it looks at has changed since",
    HeldBack.RUNNING: "a run that has not ended makes it already",
    HeldBack.UPSTREAM_MISSING: "something it is made from holds no data",
    HeldBack.UPSTREAM_RUNNING: "something it is made from is being made",
    HeldBack.LATER: "one run takes a thousand partitions; it comes with the next",
}


class ConditionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One condition and how it stands."""

    asset: str
    project: str
    condition: str
    """The expression, as it is written."""
    enabled: bool
    """Whether it starts runs."""
    watches: list[str]
    """The assets that it looks at, besides its own."""
    due_at: datetime | None
    """When the clock makes it be judged again; null: when something happens."""
    evaluations: int
    """How often it was judged."""
    evaluated_at: datetime | None
    """When it was judged last."""
    holds: int
    """Of how many partitions it held then."""
    last_run_id: str
    """The newest run it started."""


class TermStory(msgspec.Struct, frozen=True, kw_only=True):
    """One term of a judged condition."""

    term: str
    """The term, as it is written."""
    depth: int
    """How deep it stands in the expression; 0 is the whole."""
    partitions: int
    """Of how many partitions it held."""
    holds: bool | None = None
    """Whether it held of the partition that was asked about; null: none was, or nobody knows."""


class HeldBackStory(msgspec.Struct, frozen=True, kw_only=True):
    """Partitions of which a condition held and that were not run, for one reason."""

    reason: HeldBack
    why: str
    """The reason, in words."""
    partitions: int
    """How many they are."""
    examples: list[str]
    """The first three of them."""


class EvaluationStory(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a condition came to, as a tree of its terms, the whole first."""

    number: int
    """Counts the evaluations of the asset's condition."""
    evaluated_at: datetime
    """The moment it was judged at."""
    partitions: int
    """How many partitions were looked at."""
    terms: list[TermStory]
    """Its terms, the whole first, each before what it combines."""
    requested: int
    """How many partitions its run makes."""
    examples: list[str]
    """The first three of them."""
    held_back: list[HeldBackStory]
    """Those of which it held and that its run does not make."""
    run_id: str
    message: str


class EvaluationLine(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation in a line."""

    number: int
    """Counts the evaluations of the asset's condition."""
    evaluated_at: datetime
    """The moment it was judged at."""
    holds: int
    """Of how many partitions it held."""
    requested: int
    """How many partitions its run makes."""
    run_id: str


class ConditionDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One condition, its newest evaluation as a tree, and the ones before it."""

    condition: ConditionSummary
    """What it says, and how it stands."""
    partition: str
    """The partition that was asked about; empty: all of them."""
    evaluation: EvaluationStory | None
    """The newest one; null: it was not judged yet."""
    evaluations: list[EvaluationLine]
    """The newest ten, newest first."""


def conditions(state: State, *, after: str = "") -> Iterator[ConditionSummary]:
    """Every condition that is deployed, by asset, behind the asset `after`."""
    rows = state.range(CONDITIONS, after=(after,) if after else None)
    return (condition_summary(state, row) for row in rows if not row.removed)


def condition_summary(state: State, row: StandingCondition) -> ConditionSummary:
    """The condition in one line."""
    newest = state.get(EVALUATIONS, row.asset, row.evaluations)
    return ConditionSummary(
        asset=row.asset,
        project=row.project,
        condition=spelled(row.definition.condition),
        enabled=row.enabled,
        watches=list(row.definition.watches),
        due_at=None if row.due_at == AT_ONCE else row.due_at,
        evaluations=row.evaluations,
        evaluated_at=newest.evaluated_at if newest else None,
        holds=_whole(newest),
        last_run_id=row.last_run_id,
    )


def condition_detail(
    state: State, now: datetime, *, asset: str, partition: str = ""
) -> ConditionDetail:
    """Why the asset, or one partition of it, was run or was not: its newest evaluation.

    Raises: NotFound ASSET_UNKNOWN, CONDITION_UNKNOWN; Invalid PARTITION_UNKNOWN.
    """
    row = known_condition(state, asset, now=now)
    view = asset_view(state, now)
    keys = _named(view, asset, partition=partition) if partition else None
    newest = state.get(EVALUATIONS, asset, row.evaluations)
    lines = newest_evaluations(state, row)
    return ConditionDetail(
        condition=condition_summary(state, row),
        partition=partition,
        evaluation=_story(view, row, found=newest, key=keys) if newest else None,
        evaluations=[_line(each) for each in islice(lines, EVALUATIONS_SHOWN)],
    )


def known_condition(state: State, asset: str, *, now: datetime) -> StandingCondition:
    """The asset's condition. Raises: NotFound ASSET_UNKNOWN, CONDITION_UNKNOWN."""
    row = state.get(ASSETS, asset)
    if row is None or row.removed:
        raise unknown_asset(asset_view(state, now).definitions, asset)
    return find_condition(state, asset)


def newest_evaluations(state: State, row: StandingCondition) -> Iterator[Evaluation]:
    """The evaluations that are kept, newest first."""
    for number in range(row.evaluations, 0, -1):
        found = state.get(EVALUATIONS, row.asset, number)
        if found is None:
            return
        yield found


def _named(view: AssetView, asset: str, *, partition: str) -> str:
    for key in partitions_of(view.definitions[asset], view.at):
        if key and partition in (key, display(key)):
            return key
    raise Invalid(
        "PARTITION_UNKNOWN",
        f"{asset} has no partition {partition!r}.",
        hint=f"`arco why-not {asset}` tells of all of them.",
    )


def _story(
    view: AssetView, row: StandingCondition, *, found: Evaluation, key: str | None
) -> EvaluationStory:
    sets = [_known_set(view, row, told=each) for each in found.sets] if key is not None else []
    terms = [
        TermStory(
            term=spelled(found.condition, place),
            depth=depth,
            partitions=found.sets[place].count,
            holds=_holds(sets, place, key=key, count=found.sets[place].count),
        )
        for place, depth in (_walk(found) if found.sets else ())
    ]
    return EvaluationStory(
        number=found.number,
        evaluated_at=found.evaluated_at,
        partitions=found.judged,
        terms=terms,
        requested=found.requested,
        examples=_shown(found.examples),
        held_back=[_held_back(each) for each in found.held_back],
        run_id=found.run_id,
        message=found.message,
    )


def _walk(found: Evaluation) -> Iterator[tuple[int, int]]:
    """Each term's place and depth, the whole first."""
    waiting = [(len(found.condition.terms) - 1, 0)]
    while waiting:
        place, depth = waiting.pop()
        yield place, depth
        operands = found.condition.terms[place].of
        waiting += ((each, depth + 1) for each in reversed(operands))


def _known_set(view: AssetView, row: StandingCondition, *, told: TermSet) -> PartitionSet | None:
    """The partitions of the set, where what is recorded means the same today."""
    partitions = view.definitions[row.asset].partitions
    if shape_of(partitions) != row.shape:
        return None
    axes = no_keys(partitions, dynamic=LastingValues(view.state, view.at.now)).axes
    return PartitionSet(axes, spans_of(told.boxes))


def _holds(
    sets: Sequence[PartitionSet | None], place: int, *, key: str | None, count: int
) -> bool | None:
    known = sets[place] if key is not None else None
    if key is None or known is None:
        return None
    if known.contains(key):
        return True
    return False if known.count == count else None


def _held_back(held: Holding) -> HeldBackStory:
    return HeldBackStory(
        reason=held.reason,
        why=HELD_BACK_WORDS[held.reason],
        partitions=held.count,
        examples=_shown(held.examples),
    )


def _line(found: Evaluation) -> EvaluationLine:
    return EvaluationLine(
        number=found.number,
        evaluated_at=found.evaluated_at,
        holds=_whole(found),
        requested=found.requested,
        run_id=found.run_id,
    )


def _whole(found: Evaluation | None) -> int:
    return found.sets[-1].count if found is not None and found.sets else 0


def _shown(keys: Sequence[str]) -> list[str]:
    return [display(key) for key in keys if key]


__all__ = [
    "EVALUATIONS_SHOWN",
    "HELD_BACK_WORDS",
    "ConditionDetail",
    "ConditionSummary",
    "EvaluationLine",
    "EvaluationStory",
    "HeldBackStory",
    "TermStory",
    "condition_detail",
    "condition_summary",
    "conditions",
    "known_condition",
    "newest_evaluations",
]
