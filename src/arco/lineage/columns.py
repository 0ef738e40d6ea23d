"""Column lineage: which columns the values of a column come from, and which decide what rows there
are.

Law: an edge is never guessed. It was read off the query that ran or declared with the code, and a
dataset without such edges says why. A dataset's edges are replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from arco.model import Change, Drop, Misses, Payload, Put, State, Table

ROWS = ""
"""Stands for no column of its own: the edge decides which rows, groups or order there are."""


class TraceMethod(StrEnum):
    """How the columns of a dataset are known."""

    QUERY = "QUERY"
    DECLARED = "DECLARED"
    UNKNOWN = "UNKNOWN"


class ColumnSource(msgspec.Struct, frozen=True, omit_defaults=True):
    """`column` ("" for the rows as such) depends on a column of an upstream dataset."""

    column: str
    upstream: str
    upstream_column: str


class DatasetTrace(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All that is known of one dataset's columns; `reason` says why nothing is."""

    dataset: str
    method: TraceMethod
    sources: tuple[ColumnSource, ...] = ()
    """Sorted, each once."""
    reason: str = ""


class ColumnsTraced(Payload, frozen=True):
    """The columns of these datasets come from elsewhere than was known until now."""

    traces: tuple[DatasetTrace, ...]
    run_id: str
    traced_at: datetime


class ColumnEdge(msgspec.Struct, frozen=True, kw_only=True):
    """A column of `downstream` ("": its rows as such) depends on a column of `upstream`."""

    downstream: str
    column: str
    upstream: str
    upstream_column: str
    method: TraceMethod
    run_id: str
    traced_at: datetime


class ColumnConsumer(msgspec.Struct, frozen=True, kw_only=True):
    """The edge seen from upstream: the index that downward walks use."""

    upstream: str
    upstream_column: str
    downstream: str
    column: str


class TracedDataset(msgspec.Struct, frozen=True, kw_only=True):
    """How the columns of a dataset are known, and since which run."""

    dataset: str
    method: TraceMethod
    reason: str
    edges: int
    run_id: str
    traced_at: datetime


COLUMN_EDGES = Table(
    "lineage.column_edges", ColumnEdge, ("downstream", "column", "upstream", "upstream_column")
)
COLUMN_CONSUMERS = Table(
    "lineage.column_consumers",
    ColumnConsumer,
    ("upstream", "upstream_column", "downstream", "column"),
    public=False,
)
TRACED_DATASETS = Table("lineage.traced_datasets", TracedDataset, ("dataset",))
COLUMN_TABLES: tuple[Table[Any], ...] = (COLUMN_EDGES, COLUMN_CONSUMERS, TRACED_DATASETS)


def columns_traced(state: State, event: ColumnsTraced) -> Iterator[Change]:
    """Each dataset has these edges and no others; what stands already stays as it is."""
    misses = Misses()
    for trace in event.traces:
        with misses:
            yield from _edges(state, event, trace=trace)
            yield from _traced(state, event, trace=trace)
    misses.settle()


def _edges(state: State, event: ColumnsTraced, *, trace: DatasetTrace) -> Iterator[Change]:
    known = {source_of(edge): edge for edge in state.range(COLUMN_EDGES, trace.dataset)}
    wanted = set(trace.sources)
    for source, edge in known.items():
        if source not in wanted:
            yield from _dropped(edge)
    for source in trace.sources:
        if source not in known or known[source].method is not trace.method:
            yield from _placed(event, trace, source=source)


def stands(state: State, trace: DatasetTrace) -> bool:
    """Whether recording the trace would change nothing."""
    row = state.get(TRACED_DATASETS, trace.dataset)
    if row is None or (row.method, row.reason) != (trace.method, trace.reason):
        return False
    return {source_of(edge) for edge in state.range(COLUMN_EDGES, trace.dataset)} == set(
        trace.sources
    )


def source_of(edge: ColumnEdge) -> ColumnSource:
    """The edge without how and since when it is known."""
    return ColumnSource(edge.column, edge.upstream, edge.upstream_column)


def in_order(sources: Iterable[ColumnSource]) -> tuple[ColumnSource, ...]:
    """Sorted, each once."""
    return tuple(
        sorted(set(sources), key=lambda each: (each.column, each.upstream, each.upstream_column))
    )


def _dropped(edge: ColumnEdge) -> Iterator[Change]:
    yield Drop(COLUMN_EDGES, COLUMN_EDGES.key_of(edge))
    seen_from_upstream = (edge.upstream, edge.upstream_column, edge.downstream, edge.column)
    yield Drop(COLUMN_CONSUMERS, seen_from_upstream)


def _placed(event: ColumnsTraced, trace: DatasetTrace, *, source: ColumnSource) -> Iterator[Change]:
    yield Put(
        COLUMN_EDGES,
        ColumnEdge(
            downstream=trace.dataset,
            column=source.column,
            upstream=source.upstream,
            upstream_column=source.upstream_column,
            method=trace.method,
            run_id=event.run_id,
            traced_at=event.traced_at,
        ),
    )
    consumer = ColumnConsumer(
        upstream=source.upstream,
        upstream_column=source.upstream_column,
        downstream=trace.dataset,
        column=source.column,
    )
    yield Put(COLUMN_CONSUMERS, consumer)


def _traced(state: State, event: ColumnsTraced, *, trace: DatasetTrace) -> Iterator[Change]:
    row = TracedDataset(
        dataset=trace.dataset,
        method=trace.method,
        reason=trace.reason,
        edges=len(trace.sources),
        run_id=event.run_id,
        traced_at=event.traced_at,
    )
    if state.get(TRACED_DATASETS, trace.dataset) != row:
        yield Put(TRACED_DATASETS, row)


__all__ = [
    "COLUMN_CONSUMERS",
    "COLUMN_EDGES",
    "COLUMN_TABLES",
    "ROWS",
    "TRACED_DATASETS",
    "ColumnConsumer",
    "ColumnEdge",
    "ColumnSource",
    "ColumnsTraced",
    "DatasetTrace",
    "TraceMethod",
    "TracedDataset",
    "columns_traced",
    "in_order",
    "source_of",
    "stands",
]
