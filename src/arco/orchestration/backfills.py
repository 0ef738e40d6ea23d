"""Backfills: partitions that are to be made again, in chunks, and how far that is.

The partitions are a symbolic set: a backfill of a million is as small as one of ten. Must not know
how sets of partitions are read or walked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from arco.model import Table

RunsPer: TypeAlias = Literal["partition", "chunk"]
Wanted: TypeAlias = Literal["all", "missing", "failed", "stale"]
Boxes: TypeAlias = tuple[tuple[tuple[int, int], ...], ...]
"""Disjoint boxes of ordinals: a range for each dimension, in the order of their names."""


class BackfillState(StrEnum):
    """Where a backfill stands."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class ChunkState(StrEnum):
    """Where a chunk that was begun stands."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Mark(StrEnum):
    """Why a chunk is looked at again."""

    OPEN = "OPEN"
    """Some of its partitions were not tried yet."""
    FAILED = "FAILED"
    """Some of its partitions failed, though others of them may still run."""


BACKFILL_MOVES: Mapping[BackfillState, frozenset[BackfillState]] = {
    BackfillState.PENDING: frozenset(
        {
            BackfillState.RUNNING,
            BackfillState.PAUSED,
            BackfillState.SUCCEEDED,
            BackfillState.FAILED,
            BackfillState.CANCELLED,
        }
    ),
    BackfillState.RUNNING: frozenset(
        {
            BackfillState.PAUSED,
            BackfillState.SUCCEEDED,
            BackfillState.FAILED,
            BackfillState.CANCELLED,
        }
    ),
    BackfillState.PAUSED: frozenset(
        {
            BackfillState.PENDING,
            BackfillState.RUNNING,
            BackfillState.SUCCEEDED,
            BackfillState.FAILED,
            BackfillState.CANCELLED,
        }
    ),
    BackfillState.SUCCEEDED: frozenset(),
    BackfillState.FAILED: frozenset({BackfillState.RUNNING}),
    BackfillState.CANCELLED: frozenset(),
}

BACKFILL_OWNERS: Mapping[BackfillState, str] = {
    BackfillState.PENDING: "advance_backfills",
    BackfillState.RUNNING: "advance_backfills",
    # Whoever paused it resumes or cancels it; what runs ends by itself.
    BackfillState.PAUSED: "resume_backfill",
    BackfillState.FAILED: "retry_backfill",
}

ENDED = frozenset({BackfillState.SUCCEEDED, BackfillState.FAILED, BackfillState.CANCELLED})


class BackfillStage(msgspec.Struct, frozen=True):
    """Assets with the same partitions, each made of the same partition of those before it."""

    assets: tuple[str, ...]
    """Upstream first."""
    shape: str
    """What the ordinals mean: partitions of another shape are others."""
    boxes: Boxes
    """Which partitions, as ranges of ordinals."""
    partitions: int
    """How many partitions are in the boxes."""


class Backfill(msgspec.Struct, frozen=True, kw_only=True):
    """One backfill; the counters equal a recount of its chunks."""

    backfill_id: str
    number: int
    """Counts backfills in the order of the log; the only order they have."""
    state: BackfillState
    cancel_requested: bool = False
    selection: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    """Upstream first."""
    partitions: tuple[str, ...] = ()
    """What `--partition` said; nothing: every partition."""
    which: Wanted
    """Which of its partitions are run when their turn comes."""
    runs_per: RunsPer
    """Whether each partition has a run, or each chunk."""
    chunk_size: int
    """How many partitions are in a chunk."""
    concurrency: int
    """How many of its runs there may be at once."""
    total: int
    """How many partitions it has, each once for every asset group that is cut like it."""
    chunks: int
    """How many chunks it has."""
    next_chunk: int = 0
    """Chunks before this one were begun."""
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    """Partitions that the filter left out, or that are no more."""
    cancelled: int = 0
    """Partitions whose run was cancelled."""
    running: int = 0
    """How many of its runs have not ended."""
    actor: str = ""
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    continues_at: datetime | None = None
    """It rests until then, so that others have their turn."""
    message: str = ""


class BackfillChunk(msgspec.Struct, frozen=True, kw_only=True):
    """Some partitions of a backfill, one after the other; a row of its own once it was begun."""

    backfill_id: str
    """Its backfill."""
    chunk: int
    """Its place in the backfill, from 0."""
    stage: int
    """Which group of assets it belongs to, from 0."""
    state: ChunkState
    attempt: int = 1
    """How often it was begun."""
    first_partition: str
    """The key of its first partition."""
    last_partition: str
    """The key of its last partition."""
    total: int
    """How many partitions it has."""
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    cancelled: int = 0
    running: int = 0
    """How many of its runs have not ended."""
    step: int = 0
    """How many steps of this attempt were taken; a step is a run."""
    steps: int
    """How many steps this attempt has."""
    retried: tuple[int, ...] | None = None
    """The places this attempt is about; None: all of them."""
    failed_places: tuple[int, ...] = ()
    """Which of its runs a retry takes up again."""
    run_id: str = ""
    """Its newest run."""
    message: str = ""
    """Why partitions of it were refused."""
    started_at: datetime
    ended_at: datetime | None = None


class BackfillPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a backfill is about, as symbolic sets."""

    backfill_id: str
    stages: tuple[BackfillStage, ...]


class BackfillRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a backfill that has not ended."""

    backfill_id: str
    run_id: str
    chunk: int
    """The chunk it is of."""
    place: int
    """Which of the chunk it is about, from 0; 0 when it is all of it."""
    partitions: int
    """How many partitions it makes."""


class BackfillMark(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk that is not done with."""

    backfill_id: str
    mark: Mark
    chunk: int
    """Its place in the backfill."""


class ActiveBackfill(msgspec.Struct, frozen=True, kw_only=True):
    """A backfill that has not ended."""

    number: int
    backfill_id: str


class NewestBackfill(msgspec.Struct, frozen=True, kw_only=True):
    """The list of backfills, newest first: rank is the negated number."""

    rank: int
    backfill_id: str


BACKFILLS = Table("orchestration.backfills", Backfill, ("backfill_id",))
BACKFILL_CHUNKS = Table("orchestration.backfill_chunks", BackfillChunk, ("backfill_id", "chunk"))
BACKFILL_PLANS = Table("orchestration.backfill_plans", BackfillPlan, ("backfill_id",), public=False)
BACKFILL_RUNS = Table(
    "orchestration.backfill_runs", BackfillRun, ("backfill_id", "run_id"), public=False
)
BACKFILL_MARKS = Table(
    "orchestration.backfill_marks", BackfillMark, ("backfill_id", "mark", "chunk"), public=False
)
ACTIVE_BACKFILLS = Table(
    "orchestration.active_backfills", ActiveBackfill, ("number",), public=False
)
NEWEST_BACKFILLS = Table("orchestration.newest_backfills", NewestBackfill, ("rank",), public=False)
TABLES = (
    BACKFILLS,
    BACKFILL_CHUNKS,
    BACKFILL_PLANS,
    BACKFILL_RUNS,
    BACKFILL_MARKS,
    ACTIVE_BACKFILLS,
    NEWEST_BACKFILLS,
)

__all__ = [
    "ACTIVE_BACKFILLS",
    "BACKFILLS",
    "BACKFILL_CHUNKS",
    "BACKFILL_MARKS",
    "BACKFILL_MOVES",
    "BACKFILL_OWNERS",
    "BACKFILL_PLANS",
    "BACKFILL_RUNS",
    "ENDED",
    "NEWEST_BACKFILLS",
    "TABLES",
    "ActiveBackfill",
    "Backfill",
    "BackfillChunk",
    "BackfillMark",
    "BackfillPlan",
    "BackfillRun",
    "BackfillStage",
    "BackfillState",
    "Boxes",
    "ChunkState",
    "Mark",
    "NewestBackfill",
    "RunsPer",
    "Wanted",
]
