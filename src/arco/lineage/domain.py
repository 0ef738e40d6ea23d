"""Lineage as a domain: one event, of a run's publication, and one fact, that others report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from arco.lineage.columns import COLUMN_TABLES, ColumnsTraced, columns_traced
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
    Consumer,
    Edge,
    Observation,
    RecordedRun,
)
from arco.model import Change, Domain, Jointly, Misses, Payload, Put, State


class ObservedRead(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One partition of `downstream` was made from these partitions of `upstream`."""

    downstream: str
    upstream: str
    partition_key: str = ""
    upstream_partition_keys: tuple[str, ...] = ()
    upstream_data_versions: tuple[str, ...] = ()
    upstream_version: int | None = None
    downstream_version: int | None = None


class ReadsRecorded(Payload, frozen=True):
    """What the published tasks of a run really read."""

    run_id: str
    reads: tuple[ObservedRead, ...]
    recorded_at: datetime


def reads_recorded(state: State, event: ReadsRecorded) -> Iterator[Change]:
    """An edge per pair of datasets, and the newest observation per partition."""
    if state.get(RECORDED_RUNS, event.run_id) is not None:
        return
    yield Put(RECORDED_RUNS, RecordedRun(run_id=event.run_id))
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
    {ReadsRecorded: reads_recorded, ColumnsTraced: columns_traced},
    facts={ForeignRunReported: Jointly(foreign_runs_reported)},
    open_facts=frozenset({ForeignRunReported}),
)

__all__ = ["DOMAIN", "ObservedRead", "ReadsRecorded", "reads_recorded"]
