"""Backfills as requests and answers name them: one declaration for the server and its clients."""

from __future__ import annotations

from typing import Annotated

import msgspec

from arco.orchestration.backfills import Backfill, BackfillChunk, RunsPer, Wanted
from arco.orchestration.commands.backfills import CHUNK_SIZE, CONCURRENCY
from arco.wire.runs import TERMS_MAX, Text

PARTITIONS_MAX = 2_000


class BackfillRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which partitions to make again, and how."""

    selection: Annotated[tuple[Text, ...], msgspec.Meta(max_length=TERMS_MAX)] = ()
    """Terms of the selection language, such as `raw.flights+`; none: every asset."""
    partitions: Annotated[tuple[Text, ...], msgspec.Meta(max_length=PARTITIONS_MAX)] = ()
    """Each a partition or a range, such as `2013-01..2013-06`; none: every partition."""
    which: Wanted = "all"
    """Of these only what is missing, failed last, or is stale when its turn comes."""
    runs_per: RunsPer = "partition"
    """Whether each partition has a run of its own, or each chunk."""
    chunk_size: int = CHUNK_SIZE
    """How many partitions are in a chunk."""
    concurrency: int = CONCURRENCY
    """How many of its runs there may be at once."""


class BackfillList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Backfills, newest first."""

    backfills: list[Backfill]
    """Each with how far it is."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class ChunkList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Chunks of a backfill that were begun, in order."""

    chunks: list[BackfillChunk]
    """Each with how far it is."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class BackfillCancelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a backfill is stopped."""

    reason: Text = ""


class BackfillSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a backfill can be changed while it runs."""

    concurrency: int
    """How many of its runs there may be at once."""


__all__ = [
    "PARTITIONS_MAX",
    "BackfillCancelRequest",
    "BackfillList",
    "BackfillRequest",
    "BackfillSettings",
    "ChunkList",
]
