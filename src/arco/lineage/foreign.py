"""Lineage that other systems report: OpenLineage run events, and the edges they add up to.

Law F8: what a run read and wrote is a union, times are a smallest and a largest, so reports may
come in any order and any number of times. Must not know how a report arrived.
Source: OpenLineage 2-0-2, "RunEvent".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import product
from typing import Annotated

import msgspec

from arco.model import Change, Misses, Payload, Put, State, Table

DATASETS_MAX = 100
OWN_NAMESPACE = "arco"
"""Datasets of this namespace are our own tables, named `namespace.table`."""
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class RunEventType(StrEnum):
    """What a report says about its run."""

    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"
    OTHER = "OTHER"


_COMPLETE = RunEventType.COMPLETE


class RunReference(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The run of another system."""

    run_id: Text


class NameReference(msgspec.Struct, frozen=True, gc=False):
    """A job or a dataset of another system."""

    namespace: Text
    name: Text


References = Annotated[tuple[NameReference, ...], msgspec.Meta(max_length=DATASETS_MAX)]


class ForeignRunReported(Payload, frozen=True, kw_only=True, rename="camel", gc=False):
    """An OpenLineage run event; facets and whatever else it says are left alone."""

    run: RunReference
    job: NameReference
    event_time: Moment
    event_type: RunEventType = RunEventType.OTHER
    inputs: References = ()
    outputs: References = ()


class ForeignRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A run of another system, as far as its reports tell."""

    job: str
    """`namespace/name` of the job that ran."""
    run_id: str
    upstreams: tuple[str, ...]
    """What all its reports together say it read, sorted."""
    downstreams: tuple[str, ...]
    """What all its reports together say it wrote, sorted."""
    is_complete: bool
    """Only a run that completed makes edges."""
    first_reported_at: datetime
    reported_at: datetime


class ForeignEdge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Another system made `downstream` from `upstream`; the newest run that did so."""

    downstream: str
    upstream: str
    job: str
    run_id: str
    first_reported_at: datetime
    reported_at: datetime


class ForeignConsumer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The edge seen from upstream: the index that downward walks use."""

    upstream: str
    downstream: str


FOREIGN_RUNS = Table("lineage.foreign_runs", ForeignRun, ("job", "run_id"))
FOREIGN_EDGES = Table("lineage.foreign_edges", ForeignEdge, ("downstream", "upstream"))
FOREIGN_CONSUMERS = Table(
    "lineage.foreign_consumers", ForeignConsumer, ("upstream", "downstream"), public=False
)


def foreign_runs_reported(state: State, facts: Sequence[ForeignRunReported]) -> Iterator[Change]:
    """Each run with what its reports add, and an edge for each pair once it completed."""
    edges: dict[tuple[str, str], ForeignEdge] = {}
    misses = Misses()
    for (job, run), reports in _by_run(facts):
        with misses:
            known = state.get(FOREIGN_RUNS, dataset_name(job), run.run_id)
            joined = _joined(known, reports, named=(dataset_name(job), run.run_id))
            if joined == known:
                continue
            yield Put(FOREIGN_RUNS, joined)
            for pair in _pairs(joined):
                standing = edges.get(pair) or state.get(FOREIGN_EDGES, *pair)
                edges[pair] = _edge(standing, joined, pair=pair)
    misses.settle()
    for pair, edge in edges.items():
        if state.get(FOREIGN_EDGES, *pair) is None:
            yield Put(FOREIGN_CONSUMERS, ForeignConsumer(upstream=pair[1], downstream=pair[0]))
        yield Put(FOREIGN_EDGES, edge)


def dataset_name(reference: NameReference) -> str:
    """One name for a job or dataset; our own tables keep theirs.

    >>> dataset_name(NameReference("postgres://db:5432", "shop.public.orders"))
    'postgres://db:5432/shop.public.orders'
    >>> dataset_name(NameReference("arco", "raw.orders"))
    'raw.orders'
    """
    if reference.namespace == OWN_NAMESPACE:
        return reference.name
    return f"{reference.namespace}/{reference.name}"


def _by_run(
    facts: Sequence[ForeignRunReported],
) -> Iterable[tuple[tuple[NameReference, RunReference], list[ForeignRunReported]]]:
    found: dict[tuple[NameReference, RunReference], list[ForeignRunReported]] = {}
    for fact in facts:
        named = (fact.job, fact.run)
        reports = found.get(named)
        if reports is None:
            found[named] = [fact]
        else:
            reports.append(fact)
    return found.items()


def _joined(
    known: ForeignRun | None, reports: Sequence[ForeignRunReported], *, named: tuple[str, str]
) -> ForeignRun:
    """The run with what these reports say; equal to `known` when that is nothing more."""
    moments = [report.event_time for report in reports]
    first, last = min(moments).astimezone(UTC), max(moments).astimezone(UTC)
    is_complete = _COMPLETE in [report.event_type for report in reports]
    if known is not None:
        first, last = min(first, known.first_reported_at), max(last, known.reported_at)
    return ForeignRun(
        job=named[0],
        run_id=named[1],
        upstreams=_union(known.upstreams if known else (), {each.inputs for each in reports}),
        downstreams=_union(known.downstreams if known else (), {each.outputs for each in reports}),
        is_complete=is_complete or (known is not None and known.is_complete),
        first_reported_at=first,
        reported_at=last,
    )


def _union(known: tuple[str, ...], several: Iterable[tuple[NameReference, ...]]) -> tuple[str, ...]:
    found = {dataset_name(reference) for references in several for reference in references}
    return tuple(sorted(found.union(known)))


def _pairs(run: ForeignRun) -> Iterator[tuple[str, str]]:
    """What the run made from what, each downstream first; nothing until it completed."""
    if run.is_complete:
        made = product(run.downstreams, run.upstreams)
        yield from (pair for pair in made if pair[0] != pair[1])


def _edge(known: ForeignEdge | None, run: ForeignRun, *, pair: tuple[str, str]) -> ForeignEdge:
    newest = (run.reported_at, run.job, run.run_id)
    first = run.first_reported_at
    if known is not None:
        newest = max(newest, (known.reported_at, known.job, known.run_id))
        first = min(first, known.first_reported_at)
    reported_at, job, run_id = newest
    return ForeignEdge(
        downstream=pair[0],
        upstream=pair[1],
        job=job,
        run_id=run_id,
        first_reported_at=first,
        reported_at=reported_at,
    )


__all__ = [
    "FOREIGN_CONSUMERS",
    "FOREIGN_EDGES",
    "FOREIGN_RUNS",
    "OWN_NAMESPACE",
    "ForeignConsumer",
    "ForeignEdge",
    "ForeignRun",
    "ForeignRunReported",
    "NameReference",
    "RunEventType",
    "RunReference",
    "dataset_name",
    "foreign_runs_reported",
]
