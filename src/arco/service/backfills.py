"""Backfills as people see them: how far each is, and what of it failed.

Must not know HTTP or terminals.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from arco.model import Key, State
from arco.orchestration.backfills import (
    BACKFILL_CHUNKS,
    BACKFILL_MARKS,
    BACKFILLS,
    NEWEST_BACKFILLS,
    Backfill,
    BackfillChunk,
    Mark,
)
from arco.orchestration.commands.backfills import find_backfill

FAILED_SHOWN = 10
RECENT = 1_000


class BackfillDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One backfill, what is left of it, and the first of its chunks that failed."""

    backfill: Backfill
    """How it stands."""
    remaining: int
    """Partitions that did not come to an end so far."""
    failed: list[BackfillChunk]
    """The first ten chunks of which something failed."""


def backfills(state: State, *, after: Key | None = None) -> Iterator[Backfill]:
    """Every backfill, newest first, behind the negated number `after`."""
    ranks = state.range(NEWEST_BACKFILLS, after=after)
    rows = (state.get(BACKFILLS, rank.backfill_id) for rank in ranks)
    return (row for row in rows if row is not None)


def known_backfill(state: State, name: str) -> Backfill:
    """The backfill with this id, or with the only recent id that ends so.

    Raises: NotFound BACKFILL_UNKNOWN.
    """
    asked = name.upper()
    if state.get(BACKFILLS, asked) is not None:
        return find_backfill(state, asked)
    recent = islice(state.range(NEWEST_BACKFILLS), RECENT)
    found = [row.backfill_id for row in recent if asked and row.backfill_id.endswith(asked)]
    return find_backfill(state, found[0] if len(found) == 1 else name)


def backfill_detail(state: State, name: str) -> BackfillDetail:
    """One backfill with what is left of it. Raises: NotFound BACKFILL_UNKNOWN."""
    row = known_backfill(state, name)
    marks = islice(state.range(BACKFILL_MARKS, row.backfill_id, Mark.FAILED), FAILED_SHOWN)
    chunks = (state.get(BACKFILL_CHUNKS, row.backfill_id, mark.chunk) for mark in marks)
    return BackfillDetail(
        backfill=row,
        remaining=row.total - row.succeeded - row.failed - row.skipped - row.cancelled,
        failed=[chunk for chunk in chunks if chunk is not None],
    )


def backfill_chunks(
    state: State, name: str, *, after: int | None = None
) -> Iterator[BackfillChunk]:
    """The chunks that were begun, in order, behind the chunk `after`.

    Raises: NotFound BACKFILL_UNKNOWN.
    """
    row = known_backfill(state, name)
    behind = None if after is None else (row.backfill_id, after)
    return state.range(BACKFILL_CHUNKS, row.backfill_id, after=behind)


__all__ = [
    "FAILED_SHOWN",
    "BackfillDetail",
    "backfill_chunks",
    "backfill_detail",
    "backfills",
    "known_backfill",
]
