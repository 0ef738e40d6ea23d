"""What a publication knows of its tables' columns: read off queries, or as their authors declare.

Law: a declared column that is not there makes the whole declaration unknown, with the reason. Must
not know how publications move.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from arco.catalog.tables import COLUMNS
from arco.lineage.columns import (
    ROWS,
    ColumnSource,
    ColumnsTraced,
    DatasetTrace,
    TraceMethod,
    in_order,
    stands,
)
from arco.lineage.tracing import ReadTable, Untraceable, trace_query
from arco.model import State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.rows import Publication
from arco.orchestration.sql_text import plain_sql
from arco.orchestration.tables import ASSETS

LOG = logging.getLogger(__name__)
SAYS_NOTHING = "its code is Python and declares no column_lineage"


class Traceable(msgspec.Struct, frozen=True):
    """A published asset, the columns it has now, and those of its upstreams."""

    definition: AssetDefinition
    columns: tuple[str, ...]
    upstreams: dict[str, tuple[str, ...]]
    """Asset key -> columns; an upstream without data is left out."""


def traceable_assets(
    state: State, publication: Publication, *, published: Mapping[str, Sequence[str]]
) -> list[Traceable]:
    """The assets of the publication that read others; `published`: asset -> its columns now."""
    found = []
    for table in publication.tables:
        asset = state.get(ASSETS, table.asset)
        if asset is None or not any(each.parameter for each in asset.definition.dependencies):
            continue
        upstreams = {
            each.upstream: tuple(published.get(each.upstream) or _columns(state, each.upstream))
            for each in asset.definition.dependencies
            if each.parameter
        }
        found.append(Traceable(asset.definition, tuple(published[table.asset]), upstreams))
    return found


def traced(assets: Iterable[Traceable]) -> tuple[DatasetTrace, ...]:
    """What is known of each asset's columns. Cost: milliseconds a query, and a parser to load."""
    return tuple(map(_trace, assets))


def columns_event(
    state: State, traces: Iterable[DatasetTrace], *, run_id: str, now: datetime
) -> list[ColumnsTraced]:
    """The event for the traces that say something else than what stands, if there are any."""
    changed = tuple(trace for trace in traces if not stands(state, trace))
    if not changed:
        return []
    return [ColumnsTraced(traces=changed, run_id=run_id, traced_at=now)]


def _columns(state: State, key: str) -> list[str]:
    asset = state.get(ASSETS, key)
    return [row.name for row in state.range(COLUMNS, asset.table_id)] if asset else []


def _trace(asset: Traceable) -> DatasetTrace:
    definition = asset.definition
    if definition.column_lineage:
        method, find = TraceMethod.DECLARED, _declared
    elif definition.kind == "sql":
        method, find = TraceMethod.QUERY, _read_off
    else:
        return _unknown(asset, SAYS_NOTHING)
    try:
        return DatasetTrace(dataset=definition.key, method=method, sources=find(asset))
    except Untraceable as error:
        return _unknown(asset, str(error))
    except Exception as error:
        # Whatever a parser makes of somebody's query, the data is published all the same.
        LOG.warning("the columns of %s were not traced", definition.key, exc_info=error)
        return _unknown(asset, f"tracing failed with {type(error).__name__}")


def _unknown(asset: Traceable, reason: str) -> DatasetTrace:
    key = asset.definition.key
    return DatasetTrace(dataset=key, method=TraceMethod.UNKNOWN, reason=reason)


def _read_off(asset: Traceable) -> tuple[ColumnSource, ...]:
    tables = [
        ReadTable(each.parameter, each.upstream, asset.upstreams[each.upstream])
        for each in asset.definition.dependencies
        if each.parameter
    ]
    return _spelled(asset, trace_query(plain_sql(asset.definition.sql), tables))


def _declared(asset: Traceable) -> tuple[ColumnSource, ...]:
    for each in asset.definition.column_lineage:
        if each.upstream_column not in asset.upstreams.get(each.upstream, ()):
            raise Untraceable(f"{each.upstream} has no column {each.upstream_column!r}")
    sources = (
        ColumnSource(each.column, each.upstream, each.upstream_column)
        for each in asset.definition.column_lineage
    )
    return _spelled(asset, sources)


def _spelled(asset: Traceable, sources: Iterable[ColumnSource]) -> tuple[ColumnSource, ...]:
    """The sources with the asset's own columns as its table spells them."""
    own = {name.lower(): name for name in asset.columns} | {ROWS: ROWS}
    spelled = []
    for source in sources:
        column = own.get(source.column.lower())
        if column is None:
            raise Untraceable(f"the table has no column {source.column!r}")
        spelled.append(msgspec.structs.replace(source, column=column))
    return in_order(spelled)


__all__ = ["Traceable", "columns_event", "traceable_assets", "traced"]
