"""Lineage that other systems report: OpenLineage run events, and the edges they add up to.

Law F8: what a run read and wrote is a union, times are a smallest and a largest, so reports may
come in any order and any number of times. Must not know how a report arrived.
Source: OpenLineage 2-0-2, "RunEvent".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import product
from typing import Annotated

import msgspec

from arco.model import Change, Payload, Put, State, Table

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


class RunReference(msgspec.Struct, frozen=True, rename="camel"):
    """The run of another system."""

    run_id: Text


class NameReference(msgspec.Struct, frozen=True):
    """A job or a dataset of another system."""

    namespace: Text
    name: Text


References = Annotated[tuple[NameReference, ...], msgspec.Meta(max_length=DATASETS_MAX)]


class ForeignRunReported(Payload, frozen=True, kw_only=True, rename="camel"):
    """An OpenLineage run event; facets and whatever else it says are left alone."""

    run: RunReference
    job: NameReference
    event_time: Moment
    event_type: RunEventType = RunEventType.OTHER
    inputs: References = ()
    outputs: References = ()


class ForeignRun(msgspec.Struct, frozen=True, kw_only=True):
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


class ForeignEdge(msgspec.Struct, frozen=True, kw_only=True):
    """Another system made `downstream` from `upstream`; the newest run that did so."""

    downstream: str
    upstream: str
    job: str
    run_id: str
    first_reported_at: datetime
    reported_at: datetime


class ForeignConsumer(msgspec.Struct, frozen=True, kw_only=True):
    """The edge seen from upstream: the index that downward walks use."""

    upstream: str
    downstream: str


FOREIGN_RUNS = Table("lineage.foreign_runs", ForeignRun, ("job", "run_id"))
FOREIGN_EDGES = Table("lineage.foreign_edges", ForeignEdge, ("downstream", "upstream"))
FOREIGN_CONSUMERS = Table(
    "lineage.foreign_consumers", ForeignConsumer, ("upstream", "downstream"), public=False
)


def foreign_run_reported(state: State, fact: ForeignRunReported) -> Iterator[Change]:
    """The run with what this report adds, and an edge for each pair once the run completed."""
    job = dataset_name(fact.job)
    known = state.get(FOREIGN_RUNS, job, fact.run.run_id)
    if known is not None and _is_told(known, fact):
        return
    run = _joined(known, fact, job=job)
    yield Put(FOREIGN_RUNS, run)
    if run.is_complete:
        for pair in product(run.downstreams, run.upstreams):
            if pair[0] != pair[1]:
                yield from _edge(state, run, pair=pair)


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


def _is_told(known: ForeignRun, fact: ForeignRunReported) -> bool:
    """True when the report says nothing that others of its run did not say."""
    return (
        known.first_reported_at <= fact.event_time <= known.reported_at
        and (known.is_complete or fact.event_type is not RunEventType.COMPLETE)
        and _holds(known.upstreams, fact.inputs)
        and _holds(known.downstreams, fact.outputs)
    )


def _holds(known: tuple[str, ...], references: Sequence[NameReference]) -> bool:
    return not [each for each in references if dataset_name(each) not in known]


def _joined(known: ForeignRun | None, fact: ForeignRunReported, *, job: str) -> ForeignRun:
    moment = fact.event_time.astimezone(UTC)
    return ForeignRun(
        job=job,
        run_id=fact.run.run_id,
        upstreams=_union(known.upstreams if known else (), fact.inputs),
        downstreams=_union(known.downstreams if known else (), fact.outputs),
        is_complete=(known is not None and known.is_complete)
        or fact.event_type is RunEventType.COMPLETE,
        first_reported_at=min(known.first_reported_at, moment) if known else moment,
        reported_at=max(known.reported_at, moment) if known else moment,
    )


def _union(known: tuple[str, ...], references: Sequence[NameReference]) -> tuple[str, ...]:
    return tuple(sorted({*known, *map(dataset_name, references)}))


def _edge(state: State, run: ForeignRun, *, pair: tuple[str, str]) -> Iterator[Change]:
    downstream, upstream = pair
    known = state.get(FOREIGN_EDGES, downstream, upstream)
    newest = (run.reported_at, run.job, run.run_id)
    first = run.first_reported_at
    if known is None:
        yield Put(FOREIGN_CONSUMERS, ForeignConsumer(upstream=upstream, downstream=downstream))
    else:
        newest = max(newest, (known.reported_at, known.job, known.run_id))
        first = min(first, known.first_reported_at)
    reported_at, job, run_id = newest
    yield Put(
        FOREIGN_EDGES,
        ForeignEdge(
            downstream=downstream,
            upstream=upstream,
            job=job,
            run_id=run_id,
            first_reported_at=first,
            reported_at=reported_at,
        ),
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
    "foreign_run_reported",
]
