"""The projections of lineage: which dataset was made from which, as runs really did it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from arco.model import Table


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """`downstream` was made from `upstream`; the newest run that did so."""

    downstream: str
    upstream: str
    run_id: str
    downstream_version: int | None = None
    upstream_version: int | None = None
    first_recorded_at: datetime
    recorded_at: datetime


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """The edge seen from upstream: the index that downward walks use."""

    upstream: str
    downstream: str


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest materialization of one partition read of one upstream."""

    downstream: str
    partition_key: str
    upstream: str
    upstream_partition_keys: tuple[str, ...] = ()
    upstream_data_versions: tuple[str, ...] = ()
    upstream_version: int | None = None
    run_id: str
    recorded_at: datetime


class RecordedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run whose reads an event of the first version recorded; the later ones count instead."""

    run_id: str


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """How often reads were recorded: one row, so that recording twice changes nothing."""

    name: str
    """Always `reads`."""
    number: int
    """The next recording is this plus one, or it has happened already."""


EDGES = Table("lineage.edges", Edge, ("downstream", "upstream"))
CONSUMERS = Table("lineage.consumers", Consumer, ("upstream", "downstream"), public=False)
OBSERVATIONS = Table(
    "lineage.observations", Observation, ("downstream", "partition_key", "upstream")
)
RECORDED_RUNS = Table("lineage.recorded_runs", RecordedRun, ("run_id",), public=False)
RECORDINGS = Table("lineage.recordings", Recording, ("name",), public=False)

ALL: tuple[Table[Any], ...] = (EDGES, CONSUMERS, OBSERVATIONS, RECORDED_RUNS, RECORDINGS)

__all__ = [
    "ALL",
    "CONSUMERS",
    "EDGES",
    "OBSERVATIONS",
    "RECORDED_RUNS",
    "RECORDINGS",
    "Consumer",
    "Edge",
    "Observation",
    "RecordedRun",
    "Recording",
]
