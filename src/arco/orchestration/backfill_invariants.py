"""The laws of backfills as checks on a state: what must hold after every event.

A violation is a sentence, so that a failing search says what broke. Must not change the state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arco.model import State
from arco.orchestration.backfills import (
    ACTIVE_BACKFILLS,
    BACKFILL_CHUNKS,
    BACKFILL_MARKS,
    BACKFILL_MOVES,
    BACKFILL_RUNS,
    BACKFILLS,
    ENDED,
    NEWEST_BACKFILLS,
    Backfill,
    BackfillChunk,
    BackfillRun,
    ChunkState,
    Mark,
)
from arco.orchestration.states import is_allowed

COUNTED = ("succeeded", "failed", "skipped", "cancelled", "running")


def backfill_violations(state: State) -> Iterator[str]:
    """Everything about backfills that contradicts itself."""
    rows = list(state.range(BACKFILLS))
    active = {row.backfill_id for row in state.range(ACTIVE_BACKFILLS)}
    if active != {row.backfill_id for row in rows if row.state not in ENDED}:
        yield "index active_backfills differs from the rows"
    if [-row.rank for row in state.range(NEWEST_BACKFILLS)][::-1] != sorted(
        row.number for row in rows
    ):
        yield "index newest_backfills differs from the rows"
    for row in rows:
        chunks = list(state.range(BACKFILL_CHUNKS, row.backfill_id))
        runs = list(state.range(BACKFILL_RUNS, row.backfill_id))
        yield from _count_violations(row, chunks, runs=runs)
        for chunk in chunks:
            mine = [run for run in runs if run.chunk == chunk.chunk]
            yield from _chunk_violations(row, chunk, runs=mine)
        yield from _mark_violations(state, row, chunks=chunks)


def forbidden_backfill_moves(before: State, after: State) -> Iterator[str]:
    """Backfills of `after` in states that those of `before` may not move to, and lost progress."""
    for row in before.range(BACKFILLS):
        moved = after.get(BACKFILLS, row.backfill_id)
        if moved is None:
            yield f"backfill {row.backfill_id} is gone"
        elif moved.state != row.state and not is_allowed(BACKFILL_MOVES, row.state, to=moved.state):
            yield f"backfill {row.backfill_id}: {row.state} -> {moved.state}"
        elif row.cancel_requested and moved.next_chunk > row.next_chunk:
            yield f"backfill {row.backfill_id} went on after it was cancelled"
        elif moved.succeeded < row.succeeded:
            yield f"backfill {row.backfill_id} lost what succeeded"


def _count_violations(
    row: Backfill, chunks: Sequence[BackfillChunk], *, runs: Sequence[BackfillRun]
) -> Iterator[str]:
    for name in COUNTED:
        counted = sum(getattr(chunk, name) for chunk in chunks)
        if getattr(row, name) != counted:
            yield f"backfill {row.backfill_id}: {name} is {getattr(row, name)}, not {counted}"
    if row.running != len(runs):
        yield f"backfill {row.backfill_id}: {len(runs)} runs are watched, not {row.running}"
    if row.next_chunk != len(chunks):
        yield f"backfill {row.backfill_id}: {len(chunks)} chunks were begun, not {row.next_chunk}"
    if row.state in ENDED and row.running:
        yield f"backfill {row.backfill_id} ended before its runs"


def _chunk_violations(
    row: Backfill, chunk: BackfillChunk, *, runs: Sequence[BackfillRun]
) -> Iterator[str]:
    name = f"chunk {row.backfill_id}/{chunk.chunk}"
    if chunk.running != len(runs):
        yield f"{name}: {len(runs)} runs are watched, not {chunk.running}"
    if len({run.place for run in runs}) < len(runs):
        yield f"{name}: a place has two runs"
    width = chunk.total if row.runs_per == "chunk" else 1
    counted = chunk.succeeded + chunk.failed + chunk.skipped + chunk.cancelled
    known = counted + sum(run.partitions for run in runs) + (chunk.steps - chunk.step) * width
    if known != chunk.total:
        yield f"{name}: {known} partitions are accounted for, not {chunk.total}"
    if chunk.state is not ChunkState.RUNNING and chunk.running:
        yield f"{name} ended before its runs"
    if chunk.state is ChunkState.SUCCEEDED and (chunk.failed_places or chunk.step < chunk.steps):
        yield f"{name} succeeded without all of its partitions"


def _mark_violations(
    state: State, row: Backfill, *, chunks: Sequence[BackfillChunk]
) -> Iterator[str]:
    expected = {
        Mark.OPEN: {
            chunk.chunk for chunk in chunks if chunk.step < chunk.steps and not row.cancel_requested
        },
        Mark.FAILED: {chunk.chunk for chunk in chunks if chunk.failed_places},
    }
    for mark, numbers in expected.items():
        if {each.chunk for each in state.range(BACKFILL_MARKS, row.backfill_id, mark)} != numbers:
            yield f"backfill {row.backfill_id}: the marks {mark} differ from the chunks"


__all__ = ["backfill_violations", "forbidden_backfill_moves"]
