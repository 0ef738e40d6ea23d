"""Lineage as a domain: one event, of a run's publication, and one fact, that others report."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from arco.lineage.columns import COLUMN_TABLES, ColumnsTraced, columns_traced
from arco.lineage.events import ObservedRead, ReadsRecorded, ReadsRecordedV2
from arco.lineage.foreign import (
    FOREIGN_CONSUMERS,
    FOREIGN_EDGES,
    FOREIGN_RUNS,
    ForeignRunReported,
    foreign_runs_reported,
)
from arco.lineage.tables import (
    ALL,
    CONSUMERS,
    EDGES,
    OBSERVATIONS,
    RECORDED_RUNS,
    RECORDINGS,
    Consumer,
    Edge,
    Observation,
    RecordedRun,
    Recording,
)
from arco.lineage.view_edges import ViewsTraced, views_traced
from arco.model import Change, Domain, Drop, Jointly, Misses, Put, State

READS = "reads"
LET_GO_MAX = 64
"""So many rows of the first version are let go with each recording."""


def next_recording(state: State) -> int:
    """The number of the recording that follows all that happened."""
    row = state.get(RECORDINGS, READS)
    return (row.number if row else 0) + 1


def reads_recorded(state: State, event: ReadsRecorded) -> Iterator[Change]:
    """An edge per pair of datasets, and the newest observation per partition."""
    if state.get(RECORDED_RUNS, event.run_id) is not None:
        return
    yield Put(RECORDED_RUNS, RecordedRun(run_id=event.run_id))
    yield from _seen(state, event)


def reads_recorded_in_turn(state: State, event: ReadsRecordedV2) -> Iterator[Change]:
    """As `reads_recorded`, if it follows the last recording: one row knows, not one for each run.

    What the first version left behind is let go piece by piece.
    """
    if event.number != next_recording(state):
        return
    yield Put(RECORDINGS, Recording(name=READS, number=event.number))
    yield from _seen(state, event)
    for row in islice(state.range(RECORDED_RUNS), LET_GO_MAX):
        yield Drop(RECORDED_RUNS, (row.run_id,))


def _seen(state: State, event: ReadsRecorded) -> Iterator[Change]:
    seen: set[tuple[str, str]] = set()
    misses = Misses()
    for read in event.reads:
        yield Put(OBSERVATIONS, _observation(event, read))
        pair = (read.downstream, read.upstream)
        if pair not in seen:
            seen.add(pair)
            with misses:
                yield from _edge(state, event, read=read)
    misses.settle()


def _observation(event: ReadsRecorded, read: ObservedRead) -> Observation:
    return Observation(
        downstream=read.downstream,
        partition_key=read.partition_key,
        upstream=read.upstream,
        upstream_partition_keys=read.upstream_partition_keys,
        upstream_data_versions=read.upstream_data_versions,
        upstream_version=read.upstream_version,
        run_id=event.run_id,
        recorded_at=event.recorded_at,
    )


def _edge(state: State, event: ReadsRecorded, *, read: ObservedRead) -> Iterator[Change]:
    known = state.get(EDGES, read.downstream, read.upstream)
    yield Put(
        EDGES,
        Edge(
            downstream=read.downstream,
            upstream=read.upstream,
            run_id=event.run_id,
            downstream_version=read.downstream_version,
            upstream_version=read.upstream_version,
            first_recorded_at=known.first_recorded_at if known else event.recorded_at,
            recorded_at=event.recorded_at,
        ),
    )
    if known is None:
        yield Put(CONSUMERS, Consumer(upstream=read.upstream, downstream=read.downstream))


DOMAIN = Domain(
    "lineage",
    (*ALL, *COLUMN_TABLES, FOREIGN_RUNS, FOREIGN_EDGES, FOREIGN_CONSUMERS),
    {
        ReadsRecorded: reads_recorded,
        ReadsRecordedV2: reads_recorded_in_turn,
        ColumnsTraced: columns_traced,
        ViewsTraced: views_traced,
    },
    facts={ForeignRunReported: Jointly(foreign_runs_reported)},
    open_facts=frozenset({ForeignRunReported}),
)

__all__ = [
    "DOMAIN",
    "next_recording",
    "reads_recorded",
    "reads_recorded_in_turn",
]
