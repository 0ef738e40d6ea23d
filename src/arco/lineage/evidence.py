"""Evidence: why an edge stands, since which run, and how sure that is.

Law: how sure follows from who said it; nothing is raised to what a run observed. Must not know who
asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TypeAlias

import msgspec

from arco.lineage.columns import COLUMN_EDGES, TRACED_DATASETS, ColumnSource, TraceMethod, source_of
from arco.lineage.foreign import FOREIGN_EDGES, ForeignEdge
from arco.lineage.tables import EDGES, OBSERVATIONS, Edge
from arco.model import State, rows_under

PARTS_MAX = 1_000
Pair: TypeAlias = tuple[str, str]
"""Upstream and downstream."""


class Certainty(StrEnum):
    """How sure an edge is, the surest first."""

    OBSERVED = "OBSERVED"
    """A run of ours read the one and published the other."""
    PARSED = "PARSED"
    """A query says so: its text was read with the columns of what it reads. A view's text says so
    of tables, too."""
    DECLARED = "DECLARED"
    """Its author says so."""
    REPORTED = "REPORTED"
    """Another system says so."""


COLUMN_CERTAINTY = {TraceMethod.QUERY: Certainty.PARSED, TraceMethod.DECLARED: Certainty.DECLARED}


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is known of one edge: the newest run that made it, and the versions it read and made."""

    upstream: str
    downstream: str
    certainty: Certainty
    """How sure the edge is."""
    run_id: str
    job: str = ""
    """Of the other system that reported it."""
    upstream_version: int | None = None
    downstream_version: int | None = None
    first_recorded_at: datetime
    recorded_at: datetime


class ReadPartition(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the newest materialization of one partition read across the edge."""

    partition_key: str
    upstream_partition_keys: tuple[str, ...]
    upstream_version: int | None = None
    run_id: str
    recorded_at: datetime


class EdgeStory(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one edge."""

    edge: Evidence
    """The newest run that made it, and how sure that is."""
    columns: tuple[ColumnSource, ...]
    columns_certainty: Certainty | None
    """None: they are not known, for the `reason`."""
    reason: str
    partitions: tuple[ReadPartition, ...]
    """What the newest materialization of each partition read."""
    truncated: bool
    """True when there are more partitions or columns than are told."""


class LineagePath(msgspec.Struct, frozen=True):
    """The datasets of a shortest way down, both ends included; none: there is no way."""

    datasets: tuple[str, ...]
    edges: tuple[Evidence, ...] = ()
    """What is known of each hop."""


def evidence_of(state: State, pairs: Iterable[Pair]) -> tuple[Evidence, ...]:
    """What is known of the edges, in their order; those that are not there are left out.

    Cost: a row each; cold ones are read together.
    """
    keys = [(downstream, upstream) for upstream, downstream in pairs]
    own = rows_under(state, EDGES, keys=keys)
    others = rows_under(state, FOREIGN_EDGES, keys=[key for key in keys if key not in own])
    found = (own.get(key) or others.get(key) for key in keys)
    return tuple(_evidence(edge) for edge in found if edge is not None)


def edge_story(state: State, *, upstream: str, downstream: str) -> EdgeStory | None:
    """What is known of one edge; None when there is none. Cost: its rows, up to `PARTS_MAX`."""
    edges = evidence_of(state, [(upstream, downstream)])
    if not edges:
        return None
    columns = list(islice(_columns(state, upstream, downstream=downstream), PARTS_MAX + 1))
    partitions = list(islice(_partitions(state, upstream, downstream=downstream), PARTS_MAX + 1))
    trace = state.get(TRACED_DATASETS, downstream)
    return EdgeStory(
        edge=edges[0],
        columns=tuple(columns[:PARTS_MAX]),
        columns_certainty=COLUMN_CERTAINTY.get(trace.method) if trace else None,
        reason=trace.reason if trace else "",
        partitions=tuple(partitions[:PARTS_MAX]),
        truncated=max(len(columns), len(partitions)) > PARTS_MAX,
    )


def _evidence(edge: Edge | ForeignEdge) -> Evidence:
    if isinstance(edge, ForeignEdge):
        return Evidence(
            upstream=edge.upstream,
            downstream=edge.downstream,
            certainty=Certainty.REPORTED,
            run_id=edge.run_id,
            job=edge.job,
            first_recorded_at=edge.first_reported_at,
            recorded_at=edge.reported_at,
        )
    return Evidence(
        upstream=edge.upstream,
        downstream=edge.downstream,
        certainty=Certainty.OBSERVED if edge.run_id else Certainty.PARSED,
        run_id=edge.run_id,
        upstream_version=edge.upstream_version,
        downstream_version=edge.downstream_version,
        first_recorded_at=edge.first_recorded_at,
        recorded_at=edge.recorded_at,
    )


def _columns(state: State, upstream: str, *, downstream: str) -> Iterator[ColumnSource]:
    for edge in state.range(COLUMN_EDGES, downstream):
        if edge.upstream == upstream:
            yield source_of(edge)


def _partitions(state: State, upstream: str, *, downstream: str) -> Iterator[ReadPartition]:
    for seen in state.range(OBSERVATIONS, downstream):
        if seen.upstream == upstream:
            yield ReadPartition(
                partition_key=seen.partition_key,
                upstream_partition_keys=seen.upstream_partition_keys,
                upstream_version=seen.upstream_version,
                run_id=seen.run_id,
                recorded_at=seen.recorded_at,
            )


__all__ = [
    "COLUMN_CERTAINTY",
    "PARTS_MAX",
    "Certainty",
    "EdgeStory",
    "Evidence",
    "LineagePath",
    "ReadPartition",
    "edge_story",
    "evidence_of",
]
