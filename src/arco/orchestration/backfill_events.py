"""What can happen to backfills; every id and time is inside.

Small on purpose: partitions are symbolic sets, and a run is named by its place in its chunk.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from arco.model import Payload
from arco.orchestration.backfills import BackfillStage, BackfillState, RunsPer, Wanted
from arco.orchestration.states import RunState


class BackfillCreated(Payload, frozen=True):
    """A backfill was asked for; its partitions are symbolic sets, however many they are."""

    backfill_id: str
    stages: tuple[BackfillStage, ...]
    which: Wanted
    """Which of the partitions are run when their turn comes."""
    runs_per: RunsPer
    """Whether each partition has a run, or each chunk."""
    chunk_size: int
    """How many partitions are in a chunk."""
    concurrency: int
    """How many of its runs there may be at once."""
    created_at: datetime
    """When it was."""
    selection: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    """What was asked for, as it was spelled; none: every partition."""
    actor: str = ""


class StartedRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run that was triggered in the same commit, and what of the chunk it is about."""

    run_id: str
    place: int = 0
    """Which of the chunk it is about, from 0; 0 when it is all of it."""
    partitions: int = 1
    """How many partitions it makes."""


class BackfillAdvanced(Payload, frozen=True):
    """Steps of a chunk were taken: each started a run, found nothing to do, or was refused."""

    backfill_id: str
    chunk: int
    """Its place in the backfill, from 0."""
    attempt: int
    through: int
    """The first step that was not taken."""
    steps: int
    """How many this attempt has."""
    total: int
    """How many partitions the chunk has."""
    advanced_at: datetime
    """When it was decided."""
    begins: int = 0
    """The first step that was taken."""
    stage: int = 0
    """Which group of assets it belongs to, from 0."""
    first_partition: str = ""
    """The key of the chunk's first partition; said once."""
    last_partition: str = ""
    """The key of the chunk's last partition; said once."""
    runs: tuple[StartedRun, ...] = ()
    skipped: int = 0
    """Partitions there was nothing to do for."""
    refused: tuple[int, ...] = ()
    """Places that could not be tried."""
    refused_partitions: int = 0
    """How many partitions these places are."""
    message: str = ""
    """Why they could not."""


class BackfillRested(Payload, frozen=True):
    """The backfill had its turn and goes on a little later, or it no longer waits for that."""

    backfill_id: str
    continues_at: datetime | None = None
    """When it goes on; None: it does not wait."""


class EndedRun(msgspec.Struct, frozen=True):
    """A run of a backfill, and how it ended."""

    run_id: str
    state: RunState


class BackfillRunsEnded(Payload, frozen=True):
    """Runs of a backfill ended."""

    backfill_id: str
    runs: tuple[EndedRun, ...]
    ended_at: datetime
    """When that was seen."""


class BackfillPaused(Payload, frozen=True):
    """Somebody stopped the dispatch of a backfill; its runs go on."""

    backfill_id: str
    paused_at: datetime
    """When it was."""


class BackfillResumed(Payload, frozen=True):
    """Somebody let a paused backfill go on."""

    backfill_id: str
    resumed_at: datetime
    """When it was."""


class BackfillCancelRequested(Payload, frozen=True):
    """Somebody wants the backfill to stop: nothing of it starts from here, its runs are told."""

    backfill_id: str
    requested_at: datetime
    """When it was."""
    reason: str = ""


class BackfillRetried(Payload, frozen=True):
    """Somebody wants what failed to be tried again."""

    backfill_id: str
    retried_at: datetime
    """When it was."""


class BackfillConcurrencySet(Payload, frozen=True):
    """Somebody changed how many runs of a backfill there may be at once."""

    backfill_id: str
    concurrency: int
    """How many of its runs there may be at once."""
    set_at: datetime
    """When it was."""


class BackfillEnded(Payload, frozen=True):
    """Nothing of the backfill is left to do."""

    backfill_id: str
    state: BackfillState
    ended_at: datetime
    """When it was."""
    message: str = ""


EVENTS: tuple[type[Payload], ...] = (
    BackfillCreated,
    BackfillAdvanced,
    BackfillRested,
    BackfillRunsEnded,
    BackfillPaused,
    BackfillResumed,
    BackfillCancelRequested,
    BackfillRetried,
    BackfillConcurrencySet,
    BackfillEnded,
)

__all__ = [
    "EVENTS",
    "BackfillAdvanced",
    "BackfillCancelRequested",
    "BackfillConcurrencySet",
    "BackfillCreated",
    "BackfillEnded",
    "BackfillPaused",
    "BackfillRested",
    "BackfillResumed",
    "BackfillRetried",
    "BackfillRunsEnded",
    "EndedRun",
    "StartedRun",
]
