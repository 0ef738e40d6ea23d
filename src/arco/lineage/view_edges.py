"""What views read: the event that says it, and the edges it stands for.

Law: a view's edges are those of its present text, replaced as a whole; no run made them, so their
`run_id` is empty. Must not know how a text is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from arco.lineage.columns import (
    TRACED_DATASETS,
    ColumnsTraced,
    DatasetTrace,
    TraceMethod,
    columns_traced,
    stands,
)
from arco.lineage.tables import CONSUMERS, EDGES, Consumer, Edge
from arco.model import Change, Drop, Misses, Payload, Put, State

NO_RUN = ""


class ViewTrace(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the text of one view reads."""

    view: str
    """Its name, as that of a dataset."""
    upstreams: tuple[str, ...] = ()
    """Sorted, each once."""
    columns: DatasetTrace | None = None
    """What is known of its columns; null: the view is gone."""


class ViewsTraced(Payload, frozen=True):
    """These views read what their texts say."""

    traces: tuple[ViewTrace, ...]
    traced_at: datetime


def views_traced(state: State, event: ViewsTraced) -> Iterator[Change]:
    """Each view has these edges and no others; what stands already stays as it is."""
    misses = Misses()
    for trace in event.traces:
        with misses:
            yield from _edges(state, trace, event=event)
            yield from _columns(state, trace, event=event)
    misses.settle()


def is_traced_so(state: State, trace: ViewTrace) -> bool:
    """Whether recording the trace would change nothing."""
    known = tuple(edge.upstream for edge in edges_of_view(state, trace.view))
    if known != trace.upstreams:
        return False
    if trace.columns is not None:
        return stands(state, trace.columns)
    return not was_traced(state, trace.view)


def was_traced(state: State, view: str) -> bool:
    """True for the name of a view that is traced, also one that reads nothing."""
    row = state.get(TRACED_DATASETS, view)
    return row is not None and row.run_id == NO_RUN


def edges_of_view(state: State, view: str) -> list[Edge]:
    """The edges that a view's text stands for; none for what runs make."""
    return [edge for edge in state.range(EDGES, view) if edge.run_id == NO_RUN]


def _edges(state: State, trace: ViewTrace, *, event: ViewsTraced) -> Iterator[Change]:
    known = {edge.upstream for edge in edges_of_view(state, trace.view)}
    for upstream in sorted(known.difference(trace.upstreams)):
        yield Drop(EDGES, (trace.view, upstream))
        yield Drop(CONSUMERS, (upstream, trace.view))
    for upstream in trace.upstreams:
        if state.get(EDGES, trace.view, upstream) is None:
            yield Put(EDGES, _edge(trace.view, upstream, event=event))
            yield Put(CONSUMERS, Consumer(upstream=upstream, downstream=trace.view))


def _edge(view: str, upstream: str, *, event: ViewsTraced) -> Edge:
    return Edge(
        downstream=view,
        upstream=upstream,
        run_id=NO_RUN,
        first_recorded_at=event.traced_at,
        recorded_at=event.traced_at,
    )


def _columns(state: State, trace: ViewTrace, *, event: ViewsTraced) -> Iterator[Change]:
    if trace.columns is None and not was_traced(state, trace.view):
        return
    gone = DatasetTrace(dataset=trace.view, method=TraceMethod.UNKNOWN)
    told = trace.columns or gone
    if trace.columns is None or not stands(state, told):
        changed = ColumnsTraced(traces=(told,), run_id=NO_RUN, traced_at=event.traced_at)
        yield from columns_traced(state, changed)
    if trace.columns is None:
        yield Drop(TRACED_DATASETS, (trace.view,))


__all__ = [
    "NO_RUN",
    "ViewTrace",
    "ViewsTraced",
    "edges_of_view",
    "is_traced_so",
    "views_traced",
    "was_traced",
]
