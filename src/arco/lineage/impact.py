"""Impact: what would be different if a column, or one partition, were.

Follows column edges where the columns of a dataset are known. Where they are not, it says that an
effect is possible, and why. Cycles end a walk; answers are capped and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TypeAlias, TypeVar

import msgspec

from arco.lineage.columns import (
    COLUMN_CONSUMERS,
    COLUMN_EDGES,
    ROWS,
    TRACED_DATASETS,
    TraceMethod,
)
from arco.lineage.foreign import FOREIGN_CONSUMERS
from arco.lineage.tables import CONSUMERS, OBSERVATIONS, Observation
from arco.model import State

PLACES_MAX = 10_000
NOT_TRACED = "it has not been published since columns are traced"
FOREIGN = "another system reported that it reads this"


class Effect(StrEnum):
    """What of a dataset would be different."""

    VALUES = "VALUES"
    ROWS = "ROWS"
    """Which rows, groups or first rows there are: thereby perhaps every value."""
    POSSIBLE = "POSSIBLE"
    """Unknown: the dataset reads what is affected, and its columns are not traced."""


class Node(msgspec.Struct, frozen=True):
    """A column of a dataset, or the dataset as a whole when `column` is empty."""

    dataset: str
    column: str
    effect: Effect = Effect.VALUES


class Affected(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One consequence, `hop` steps away, and what it follows from directly."""

    hop: int
    dataset: str
    column: str = ""
    effect: Effect
    because_of: str
    """The dataset, or `dataset.column`, one step nearer."""
    reason: str = ""
    """Why it is only possible."""


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that depends on a column, nearest first."""

    dataset: str
    column: str
    affected: tuple[Affected, ...]
    truncated: bool = False


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """A column that a column, or the rows, of `dataset` depend on directly."""

    hop: int
    dataset: str
    column: str
    upstream: str
    upstream_column: str
    method: TraceMethod


class Origins(msgspec.Struct, frozen=True, kw_only=True):
    """Where a column comes from, nearest first."""

    dataset: str
    column: str
    origins: tuple[Origin, ...]
    truncated: bool = False


class AffectedPartition(msgspec.Struct, frozen=True, kw_only=True):
    """A partition whose newest data was made from the bad one, `hop` steps away."""

    hop: int
    dataset: str
    partition_key: str
    upstream: str
    upstream_partition_key: str
    run_id: str


class PartitionImpact(msgspec.Struct, frozen=True, kw_only=True):
    """Every partition that was made from some, directly or not."""

    dataset: str
    partition_keys: tuple[str, ...]
    affected: tuple[AffectedPartition, ...]
    truncated: bool = False


Place: TypeAlias = tuple[str, str]
T = TypeVar("T")


def column_impact(state: State, dataset: str, *, column: str) -> Impact:
    """What would be different if the column's values were; without a column: if the rows were."""
    found: list[Affected] = []

    def expand(node: Node, hop: int) -> Iterator[Node]:
        for reached, reason in _reached(state, node):
            found.append(_affected(node, reached, hop=hop, reason=reason))
            yield reached

    effect = Effect.VALUES if column else Effect.ROWS
    truncated = walk([Node(dataset, column, effect)], expand)
    unique = {(each.dataset, each.column, each.effect): each for each in reversed(found)}
    told = [each for each in found if unique[(each.dataset, each.column, each.effect)] is each]
    return Impact(dataset=dataset, column=column, affected=tuple(told), truncated=truncated)


def column_origins(state: State, dataset: str, *, column: str) -> Origins:
    """Every column the column's values come from, up to those of sources."""
    found: list[Origin] = []

    def expand(place: Place, hop: int) -> Iterator[Place]:
        for edge in state.range(COLUMN_EDGES, *place):
            found.append(
                Origin(
                    hop=hop,
                    dataset=edge.downstream,
                    column=edge.column,
                    upstream=edge.upstream,
                    upstream_column=edge.upstream_column,
                    method=edge.method,
                )
            )
            yield edge.upstream, edge.upstream_column

    truncated = walk([(dataset, column)], expand)
    return Origins(dataset=dataset, column=column, origins=tuple(found), truncated=truncated)


def partition_impact(
    state: State, dataset: str, *, partition_keys: Sequence[str]
) -> PartitionImpact:
    """Every partition that was made from these, as runs recorded it.

    Cost: the newest observations of every dataset downstream.
    """
    found: list[AffectedPartition] = []

    def expand(place: Place, hop: int) -> Iterator[Place]:
        for seen in _observations(state, place):
            found.append(
                AffectedPartition(
                    hop=hop,
                    dataset=seen.downstream,
                    partition_key=seen.partition_key,
                    upstream=place[0],
                    upstream_partition_key=place[1],
                    run_id=seen.run_id,
                )
            )
            yield seen.downstream, seen.partition_key

    truncated = walk([(dataset, key) for key in partition_keys], expand)
    return PartitionImpact(
        dataset=dataset,
        partition_keys=tuple(partition_keys),
        affected=tuple(found),
        truncated=truncated,
    )


def walk(starts: Iterable[T], expand: Callable[[T, int], Iterable[T]]) -> bool:
    """Breadth first from `starts`, every place once; True when there were too many to visit."""
    frontier = list(starts)
    seen = set(frontier)
    hop = 1
    while frontier:
        reached: list[T] = []
        for place in (place for at in frontier for place in expand(at, hop)):
            if place not in seen:
                seen.add(place)
                reached.append(place)
            if len(seen) > PLACES_MAX:
                return True
        frontier = reached
        hop += 1
    return False


def _reached(state: State, node: Node) -> Iterator[tuple[Node, str]]:
    """What depends on the node directly, and why that is only possible where it is."""
    if node.effect is Effect.VALUES:
        for edge in state.range(COLUMN_CONSUMERS, node.dataset, node.column):
            effect = Effect.ROWS if edge.column == ROWS else Effect.VALUES
            yield Node(edge.downstream, edge.column, effect), ""
    for consumer in state.range(CONSUMERS, node.dataset):
        reason = _unknown(state, consumer.downstream)
        if node.effect is Effect.POSSIBLE or reason:
            yield Node(consumer.downstream, ROWS, Effect.POSSIBLE), reason
        elif node.effect is Effect.ROWS:
            yield Node(consumer.downstream, ROWS, Effect.ROWS), ""
    for foreign in state.range(FOREIGN_CONSUMERS, node.dataset):
        yield Node(foreign.downstream, ROWS, Effect.POSSIBLE), FOREIGN


def _unknown(state: State, dataset: str) -> str:
    """Why the dataset's columns are not known; "" when they are."""
    trace = state.get(TRACED_DATASETS, dataset)
    if trace is None:
        return NOT_TRACED
    return trace.reason if trace.method is TraceMethod.UNKNOWN else ""


def _affected(node: Node, reached: Node, *, hop: int, reason: str) -> Affected:
    return Affected(
        hop=hop,
        dataset=reached.dataset,
        column=reached.column,
        effect=reached.effect,
        because_of=f"{node.dataset}.{node.column}" if node.column else node.dataset,
        reason=reason,
    )


def _observations(state: State, place: Place) -> Iterator[Observation]:
    dataset, partition_key = place
    for consumer in state.range(CONSUMERS, dataset):
        for seen in state.range(OBSERVATIONS, consumer.downstream):
            read = seen.upstream_partition_keys or ("",)
            if seen.upstream == dataset and partition_key in read:
                yield seen


__all__ = [
    "PLACES_MAX",
    "Affected",
    "AffectedPartition",
    "Effect",
    "Impact",
    "Node",
    "Origin",
    "Origins",
    "PartitionImpact",
    "column_impact",
    "column_origins",
    "partition_impact",
    "walk",
]
