"""Views that are traced: what golden histories tell of them."""

from __future__ import annotations

from collections.abc import Iterator

from arco.lineage.columns import ColumnSource, DatasetTrace, TraceMethod
from arco.lineage.view_edges import ViewsTraced, ViewTrace
from arco.model import Decision, Event


def view_traces(table: str, *, other: str, view: str) -> Iterator[Decision]:
    """The view reads a column, then a table of which no columns are known; then it goes, and
    another view reads the column.
    """
    unknown = DatasetTrace(dataset=view, method=TraceMethod.UNKNOWN, reason="a pivot")
    yield _traced(_reading(view, table))
    yield _traced(ViewTrace(view=view, upstreams=(other,), columns=unknown))
    yield _traced(ViewTrace(view=view))
    yield _traced(_reading(other, table))


def _reading(view: str, table: str) -> ViewTrace:
    source = ColumnSource("paid", table, "amount")
    columns = DatasetTrace(dataset=view, method=TraceMethod.QUERY, sources=(source,))
    return ViewTrace(view=view, upstreams=(table,), columns=columns)


def _traced(trace: ViewTrace) -> Decision:
    return lambda state, now: [Event(ViewsTraced(traces=(trace,), traced_at=now))]


__all__ = ["view_traces"]
