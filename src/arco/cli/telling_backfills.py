"""Backfills as text: how far they are, and what of them failed. Must not know stores or servers."""

from __future__ import annotations

from collections.abc import Iterable

from arco.cli.terminal import counted, moment, table
from arco.orchestration.backfills import ENDED, Backfill, BackfillChunk
from arco.orchestration.partitions import display
from arco.service.backfills import BackfillDetail

HEADINGS = ("backfill", "state", "done", "failed", "skipped", "left", "runs", "created", "what")
CHUNK_HEADINGS = ("chunk", "partitions", "done", "failed", "run", "why")


def backfill_table(rows: Iterable[Backfill]) -> str:
    """A line for each."""
    return table(HEADINGS, [_cells(row) for row in rows])


def created_line(row: Backfill, *, where: str) -> str:
    """What was asked for, and how to see it."""
    per = "a run for each" if row.runs_per == "partition" else "a run for each chunk"
    return (
        f"backfill {row.backfill_id}: {counted(row.total, 'partition')} in "
        f"{counted(row.chunks, 'chunk')}, {per}, {row.concurrency} at once; "
        f"`arco backfill show {row.backfill_id[-6:]}{where}` tells how far it is"
    )


def standing_line(row: Backfill) -> str:
    """How it stands, in a line."""
    state = "being cancelled" if _is_being_cancelled(row) else row.state.lower()
    ended = row.succeeded + row.failed + row.skipped + row.cancelled
    counts = [f"{ended:,} of {counted(row.total, 'partition')}"]
    counts += [f"{getattr(row, name):,} {name}" for name in _told(row)]
    why = f": {row.message}" if row.message and row.state in ENDED else ""
    return f"backfill {row.backfill_id} is {state}; {', '.join(counts)}{why}"


def detail_text(detail: BackfillDetail) -> str:
    """How it stands, what it is about, and the first chunks that failed."""
    row = detail.backfill
    which = "" if row.which == "all" else f", only what is {row.which}"
    what = " ".join(row.selection) or "every asset"
    partitions = ", ".join(row.partitions) or "every partition"
    lines = [
        standing_line(row),
        f"  {what}: {partitions}{which}",
        f"  a run per {row.runs_per}, {row.chunk_size} partitions per chunk, "
        f"{row.concurrency} runs at once, {row.running} now",
        f"  created {moment(row.created_at)}"
        + (f" by {row.actor}" if row.actor else "")
        + (f", ended {moment(row.ended_at)}" if row.ended_at else ""),
    ]
    if detail.failed:
        lines += ["", table(CHUNK_HEADINGS, [_chunk_cells(chunk) for chunk in detail.failed])]
        lines += ["", f"`arco backfill retry {row.backfill_id[-6:]}` tries again what failed"]
    return "\n".join(lines)


def _told(row: Backfill) -> list[str]:
    names = ("succeeded", "failed", "skipped", "cancelled")
    return [name for name in names if getattr(row, name)]


def _is_being_cancelled(row: Backfill) -> bool:
    return row.cancel_requested and row.state not in ENDED


def _cells(row: Backfill) -> tuple[object, ...]:
    left = row.total - row.succeeded - row.failed - row.skipped - row.cancelled
    state = "cancelling" if _is_being_cancelled(row) else row.state.lower()
    counts = (row.succeeded, row.failed + row.cancelled, row.skipped, left, row.running)
    what = " ".join(row.selection) or "every asset"
    return (row.backfill_id, state, *counts, moment(row.created_at), what)


def _chunk_cells(chunk: BackfillChunk) -> tuple[object, ...]:
    first, last = display(chunk.first_partition), display(chunk.last_partition)
    span = first if first == last else f"{first}..{last}"
    failed = chunk.failed + chunk.cancelled
    return (chunk.chunk, span, chunk.succeeded, failed, chunk.run_id, chunk.message)


__all__ = ["backfill_table", "created_line", "detail_text", "standing_line"]
