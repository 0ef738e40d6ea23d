"""The lineage of views: read off their texts, with the columns of what they read as those stand.

Law: exact, or of tables alone with the reason. What a view reads is traced again in the commit that
changes the view, or a name or columns that it reads. Must not know HTTP or terminals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from arco.catalog.finding import DEFAULT_CATALOG, look_up
from arco.catalog.kinds import Found, Kind
from arco.catalog.tables import COLUMNS
from arco.lineage.columns import ColumnSource, DatasetTrace, TraceMethod, in_order
from arco.lineage.tables import CONSUMERS
from arco.lineage.tracing import (
    DIALECT,
    ReadTable,
    Untraceable,
    output_columns,
    tables_read,
    trace_query,
)
from arco.lineage.view_edges import ViewsTraced, ViewTrace, edges_of_view, is_traced_so, was_traced
from arco.model import State

DEPTH_MAX = 8
VIEWS_MAX = 1_000
"""So many views are traced again with one commit: those that are nearest to what changed."""
READERS_MAX = 1_000
READABLE = (Kind.TABLE, Kind.VIEW)
NAME = re.compile(r"\w+(?:\.\w+)+")
Text = tuple[str, str]
"""Dialect and query."""


def dataset_of(found: Found) -> str:
    """What lineage calls a table or view: its name, without the catalog that needs not be said."""
    return found.full_name.removeprefix(f"{DEFAULT_CATALOG}.")


def retraced(state: State, names: Iterable[str], *, now: datetime) -> list[ViewsTraced]:
    """The event for the views among these datasets, and those that read them, if what they read is
    not what stands.

    Cost: milliseconds for each view that may have changed, and a parser to load with the first.
    """
    traces = (_trace_of(state, name) for name in views_among(state, names))
    changed = tuple(trace for trace in traces if not is_traced_so(state, trace))
    return [ViewsTraced(traces=changed, traced_at=now)] if changed else []


def view_columns(state: State, view: Found, *, depth: int = 0) -> tuple[str, ...]:
    """The columns of a view, in lower case. Raises: Untraceable."""
    dialect, text = next(_texts(view))
    read = _read(state, view, text=(dialect, text))
    return output_columns(text, _schemas(state, read, depth=depth), dialect=dialect)


def views_among(state: State, names: Iterable[str]) -> list[str]:
    """The names that are or were views, and the views that read them, nearest first.

    Cost: a look at what was made from each, of the first `READERS_MAX`.
    """
    seen = dict.fromkeys(names)
    waiting = list(seen)
    found: list[str] = []
    for name in waiting:
        if len(found) >= VIEWS_MAX:
            break
        if look_up(state, Kind.VIEW, name=name) is not None or was_traced(state, name):
            found.append(name)
        readers = [row.downstream for row in islice(state.range(CONSUMERS, name), READERS_MAX)]
        fresh = [each for each in readers if each not in seen and edges_of_view(state, each)]
        seen.update(dict.fromkeys(fresh))
        waiting += fresh
    return found


def _trace_of(state: State, name: str) -> ViewTrace:
    view = look_up(state, Kind.VIEW, name=name)
    if view is None:
        return ViewTrace(view=name)
    texts = list(_texts(view))
    try:
        reads = [_read(state, view, text=text) for text in texts]
    except Untraceable as error:
        return _told(name, _mentioned(state, view), reason=str(error))
    upstreams = {dataset for read in reads for _, dataset, _ in read}
    try:
        sources = {
            _sources(state, view, text=text, read=read)
            for text, read in zip(texts, reads, strict=True)
        }
    except Untraceable as error:
        return _told(name, upstreams, reason=str(error))
    if len(sources) > 1:
        return _told(name, upstreams, reason="its texts come from different columns")
    return _told(name, upstreams, sources=sources.pop())


def _told(
    name: str, upstreams: Iterable[str], *, reason: str = "", sources: Sequence[ColumnSource] = ()
) -> ViewTrace:
    method = TraceMethod.UNKNOWN if reason else TraceMethod.QUERY
    columns = DatasetTrace(dataset=name, method=method, sources=tuple(sources), reason=reason)
    return ViewTrace(view=name, upstreams=tuple(sorted(set(upstreams) - {name})), columns=columns)


def _texts(view: Found) -> Iterator[Text]:
    """The view's texts, that of our own dialect first."""
    texts: dict[str, str] = view.row.texts
    yield from sorted(texts.items(), key=lambda text: (text[0] != DIALECT, text[0]))


Read = tuple[str, str, Found | None]
"""A name in a text, the dataset it is, and what stands there."""


def _read(state: State, view: Found, *, text: Text) -> list[Read]:
    """What a text names, each resolved. Raises: Untraceable."""
    return [_resolved(state, view, name=name) for name in tables_read(text[1], dialect=text[0])]


def _resolved(state: State, view: Found, *, name: str) -> Read:
    """A name without a namespace is one of the view's own."""
    within = f"{view.row.catalog}.{view.row.namespace}."
    full = name if "." in name else within + name
    for kind in READABLE:
        found = look_up(state, kind, name=full)
        if found is not None:
            return name, dataset_of(found), found
    return name, full.removeprefix(f"{DEFAULT_CATALOG}."), None


def _sources(
    state: State, view: Found, *, text: Text, read: Sequence[Read]
) -> tuple[ColumnSource, ...]:
    tables = _schemas(state, read, depth=0)
    return in_order(trace_query(text[1], tables, dialect=text[0]))


def _schemas(state: State, read: Sequence[Read], *, depth: int) -> list[ReadTable]:
    """What a text reads, with columns. Raises: Untraceable."""
    if depth >= DEPTH_MAX:
        raise Untraceable(f"views read each other more than {DEPTH_MAX} deep")
    return [
        ReadTable(name, dataset, _columns_of(state, found, name=name, depth=depth))
        for name, dataset, found in read
    ]


def _columns_of(state: State, found: Found | None, *, name: str, depth: int) -> tuple[str, ...]:
    if found is None:
        raise Untraceable(f"there is no table {name}")
    if found.kind is Kind.VIEW:
        return view_columns(state, found, depth=depth + 1)
    return tuple(row.name for row in state.range(COLUMNS, found.object_id))


def _mentioned(state: State, view: Found) -> set[str]:
    """The tables and views whose names stand anywhere in texts that are not understood."""
    names = {name for _, text in _texts(view) for name in NAME.findall(text)}
    found = (_resolved(state, view, name=name) for name in sorted(names))
    return {dataset for _, dataset, there in found if there is not None}


__all__ = ["READABLE", "dataset_of", "retraced", "view_columns", "views_among"]
