"""Impact: what would be different if a column, or one partition, were.

Follows column edges where the columns of a dataset are known. Where they are not, it says that an
effect is possible, and why. Cycles end a walk; answers are capped and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import TypeAlias, TypeVar

import msgspec

from arco.lineage.columns import (
    ROWS,
    TRACED_DATASETS,
    TracedDataset,
    TraceMethod,
)
from arco.lineage.graph import COLUMNS, Link, datasets_below, graph_of
from arco.lineage.tables import OBSERVATIONS, Observation
from arco.model import Key, State, rows_under

PLACES_MAX = 10_000
LINKS_MAX = 10_000
HOPS_MAX = 10_000
ANY = "*"
"""Stands for every partition of a dataset; no partition has this key."""
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
    kind: str = ""
    """What the dataset is: `asset`, `table`, `view`, or `foreign`."""
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
    upstream_version: int | None = None
    """The version of the upstream that was read."""
    run_id: str


class PartitionImpact(msgspec.Struct, frozen=True, kw_only=True):
    """Every partition that was made from some, directly or not."""

    dataset: str
    partition_keys: tuple[str, ...]
    version: int | None = None
    """Only what was made from this version of the dataset; null: from any."""
    affected: tuple[AffectedPartition, ...]
    truncated: bool = False


Place: TypeAlias = tuple[str, str]
T = TypeVar("T")


def column_impact(state: State, dataset: str, *, column: str, hops: int = HOPS_MAX) -> Impact:
    """What would be different if the column's values were; without a column: if the rows were."""
    readers = _Readers(state)
    told: dict[Node, Affected] = {}

    def expand(nodes: Sequence[Node], hop: int) -> Iterator[Node]:
        for node, reached, reason in _reached(readers, nodes):
            if reached not in told:
                told[reached] = _affected(node, reached, hop=hop, reason=reason)
            yield reached

    effect = Effect.VALUES if column else Effect.ROWS
    truncated = walk([Node(dataset, column, effect)], expand, hops=hops)
    return Impact(
        dataset=dataset,
        column=column,
        affected=tuple(told.values()),
        truncated=truncated or readers.truncated,
    )


def column_origins(state: State, dataset: str, *, column: str) -> Origins:
    """Every column the column's values come from, up to those of sources."""
    graph = graph_of(state)
    found: list[tuple[int, Link]] = []

    def expand(nodes: Sequence[Key], hop: int) -> Iterator[Key]:
        for link in islice(graph.above(COLUMNS, nodes), LINKS_MAX):
            found.append((hop, link))
            yield link[1]

    truncated = walk([(dataset, column)], expand) or len(found) > LINKS_MAX
    shown = found[:LINKS_MAX]
    traces = rows_under(state, TRACED_DATASETS, keys={near[:1] for _, (near, _) in shown})
    return Origins(
        dataset=dataset,
        column=column,
        origins=tuple(_origin(hop, link, traces=traces) for hop, link in shown),
        truncated=truncated,
    )


def partition_impact(
    state: State, dataset: str, *, partition_keys: Sequence[str], version: int | None = None
) -> PartitionImpact:
    """Every partition that was made from these, as runs recorded it; no keys: from any partition.

    Cost: the newest observations of every dataset downstream.
    """
    graph = graph_of(state)
    found: dict[AffectedPartition, None] = {}

    def expand(places: Sequence[Place], hop: int) -> Iterator[Place]:
        bad = _Bad(places, version=version if hop == 1 else None)
        for upstream, downstream, _ in list(datasets_below(graph, bad.keys)):
            for seen in state.range(OBSERVATIONS, downstream):
                for key in bad.read_by(seen, upstream):
                    found[_affected_partition(hop, seen, key=key)] = None
                    yield seen.downstream, seen.partition_key

    starts = [(dataset, key) for key in partition_keys] or [(dataset, ANY)]
    truncated = walk(starts, expand)
    return PartitionImpact(
        dataset=dataset,
        partition_keys=tuple(partition_keys),
        version=version,
        affected=tuple(found),
        truncated=truncated,
    )


def walk(
    starts: Iterable[T],
    expand: Callable[[Sequence[T], int], Iterable[T]],
    *,
    hops: int = HOPS_MAX,
) -> bool:
    """Breadth first from `starts`, every place once; True when there were too many to visit."""
    frontier = list(starts)
    seen = set(frontier)
    hop = 1
    while frontier and hop <= hops:
        reached: list[T] = []
        for place in expand(frontier, hop):
            if place not in seen:
                seen.add(place)
                reached.append(place)
            if len(seen) > PLACES_MAX:
                return True
        frontier = reached
        hop += 1
    return False


class _Readers:
    """What was made from each dataset, and why its columns are not known."""

    def __init__(self, state: State) -> None:
        self.graph = graph_of(state)
        self.truncated = False
        self._state = state
        self._found: dict[str, list[tuple[str, str]]] = {}

    def of(self, datasets: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
        """Dataset -> every dataset that reads it, with the reason; "" when its columns are known.

        More of them than an impact can tell are left out.
        """
        asked = [each for each in dict.fromkeys(datasets) if each not in self._found]
        edges = list(islice(datasets_below(self.graph, asked), PLACES_MAX + 1))
        self.truncated |= len(edges) > PLACES_MAX
        ours = {(downstream,) for _, downstream, foreign in edges if not foreign}
        traces = rows_under(self._state, TRACED_DATASETS, keys=ours)
        self._found.update((each, []) for each in asked)
        for upstream, downstream, foreign in edges:
            reason = FOREIGN if foreign else _unknown(traces.get((downstream,)))
            self._found[upstream].append((downstream, reason))
        return self._found


def _reached(readers: _Readers, nodes: Sequence[Node]) -> Iterator[tuple[Node, Node, str]]:
    """What depends on each node directly, and why that is only possible where it is."""
    values = {(n.dataset, n.column): n for n in nodes if n.effect is Effect.VALUES}
    for near, (dataset, column) in readers.graph.below(COLUMNS, list(values)):
        effect = Effect.ROWS if column == ROWS else Effect.VALUES
        yield values[near], Node(dataset, column, effect), ""
    found = readers.of(node.dataset for node in nodes)
    for node in nodes:
        for downstream, reason in found[node.dataset]:
            if node.effect is Effect.POSSIBLE or reason:
                yield node, Node(downstream, ROWS, Effect.POSSIBLE), reason
            elif node.effect is Effect.ROWS:
                yield node, Node(downstream, ROWS, Effect.ROWS), ""


def _unknown(trace: TracedDataset | None) -> str:
    """Why a dataset's columns are not known; "" when they are."""
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


def _origin(hop: int, link: Link, *, traces: Mapping[Key, TracedDataset]) -> Origin:
    (dataset, column), (upstream, upstream_column) = link
    return Origin(
        hop=hop,
        dataset=dataset,
        column=column,
        upstream=upstream,
        upstream_column=upstream_column,
        method=traces[dataset,].method,
    )


class _Bad:
    """Partitions that are bad, by dataset; `version`: only as they are in this version of it."""

    def __init__(self, places: Iterable[Place], *, version: int | None) -> None:
        self.keys: dict[str, set[str]] = {}
        self._version = version
        for dataset, key in places:
            self.keys.setdefault(dataset, set()).add(key)

    def read_by(self, seen: Observation, upstream: str) -> Iterator[str]:
        """The bad partitions of the upstream that were read."""
        if seen.upstream != upstream:
            return
        if self._version is not None and seen.upstream_version != self._version:
            return
        bad = self.keys[upstream]
        yield from (key for key in seen.upstream_partition_keys or ("",) if {key, ANY} & bad)


def _affected_partition(hop: int, seen: Observation, *, key: str) -> AffectedPartition:
    return AffectedPartition(
        hop=hop,
        dataset=seen.downstream,
        partition_key=seen.partition_key,
        upstream=seen.upstream,
        upstream_partition_key=key,
        upstream_version=seen.upstream_version,
        run_id=seen.run_id,
    )


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
