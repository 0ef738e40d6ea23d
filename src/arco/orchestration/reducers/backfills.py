"""How backfills are made, advance from chunk to chunk, and end.

Laws F3 and F5: a step is taken once and a run ends once, so that a repeated event changes nothing,
and no event raises. Must not know partitions: which they are stands in the event.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.backfill_events import (
    BackfillAdvanced,
    BackfillCancelRequested,
    BackfillConcurrencySet,
    BackfillCreated,
    BackfillEnded,
    BackfillPaused,
    BackfillRested,
    BackfillResumed,
    BackfillRetried,
    BackfillRunsEnded,
)
from arco.orchestration.backfills import (
    ACTIVE_BACKFILLS,
    BACKFILL_CHUNKS,
    BACKFILL_MARKS,
    BACKFILL_PLANS,
    BACKFILL_RUNS,
    BACKFILLS,
    ENDED,
    NEWEST_BACKFILLS,
    ActiveBackfill,
    Backfill,
    BackfillChunk,
    BackfillMark,
    BackfillPlan,
    BackfillRun,
    BackfillState,
    ChunkState,
    Mark,
    NewestBackfill,
)
from arco.orchestration.rows import Sequence
from arco.orchestration.settling import Changes
from arco.orchestration.states import RunState
from arco.orchestration.tables import SEQUENCES

BACKFILL_NUMBERS = "backfills"


def backfill_created(state: State, event: BackfillCreated) -> Iterable[Change]:
    """The backfill, and the sets it is about; none of its chunks has a row yet."""
    if state.get(BACKFILLS, event.backfill_id) is not None or event.chunk_size < 1:
        return []
    last = state.get(SEQUENCES, BACKFILL_NUMBERS)
    number = last.last + 1 if last else 1
    row = Backfill(
        backfill_id=event.backfill_id,
        number=number,
        state=BackfillState.PENDING,
        selection=event.selection,
        assets=tuple(asset for stage in event.stages for asset in stage.assets),
        partitions=event.partitions,
        which=event.which,
        runs_per=event.runs_per,
        chunk_size=event.chunk_size,
        concurrency=event.concurrency,
        total=sum(stage.partitions for stage in event.stages),
        chunks=sum(-(-stage.partitions // event.chunk_size) for stage in event.stages),
        actor=event.actor,
        created_at=event.created_at,
    )
    return [
        Put(BACKFILLS, row),
        Put(BACKFILL_PLANS, BackfillPlan(backfill_id=row.backfill_id, stages=event.stages)),
        Put(SEQUENCES, Sequence(name=BACKFILL_NUMBERS, last=number)),
        Put(ACTIVE_BACKFILLS, ActiveBackfill(number=number, backfill_id=row.backfill_id)),
        Put(NEWEST_BACKFILLS, NewestBackfill(rank=-number, backfill_id=row.backfill_id)),
    ]


def backfill_advanced(state: State, event: BackfillAdvanced) -> Iterable[Change]:
    """The chunk is so much further; its runs are watched until they end."""
    row = state.get(BACKFILLS, event.backfill_id)
    if row is None or row.state in ENDED or row.cancel_requested:
        return []
    chunk = _chunk_at(state, row, event=event)
    if chunk is None:
        return []
    chunk = replace(
        chunk,
        step=event.through,
        skipped=chunk.skipped + event.skipped,
        failed=chunk.failed + event.refused_partitions,
        failed_places=(*chunk.failed_places, *event.refused),
        running=chunk.running + len(event.runs),
        run_id=event.runs[-1].run_id if event.runs else chunk.run_id,
        message=event.message or chunk.message,
    )
    row = replace(
        row,
        state=BackfillState.RUNNING if row.state is BackfillState.PENDING else row.state,
        started_at=row.started_at or event.advanced_at,
        next_chunk=max(row.next_chunk, event.chunk + 1),
        skipped=row.skipped + event.skipped,
        failed=row.failed + event.refused_partitions,
        running=row.running + len(event.runs),
    )
    watched: Changes = [
        Put(
            BACKFILL_RUNS,
            BackfillRun(
                backfill_id=row.backfill_id,
                run_id=run.run_id,
                chunk=event.chunk,
                place=run.place,
                partitions=run.partitions,
            ),
        )
        for run in event.runs
    ]
    return [Put(BACKFILLS, row), *watched, *_chunk(state, row, chunk=chunk, at=event.advanced_at)]


def backfill_rested(state: State, event: BackfillRested) -> Iterable[Change]:
    """It is looked at again at that time."""
    row = state.get(BACKFILLS, event.backfill_id)
    if row is None or row.state in ENDED or row.cancel_requested:
        return []
    is_same = row.continues_at == event.continues_at
    return [] if is_same else [Put(BACKFILLS, replace(row, continues_at=event.continues_at))]


def backfill_runs_ended(state: State, event: BackfillRunsEnded) -> Iterable[Change]:
    """The chunks count what their runs came to; a run that is not watched says nothing."""
    row = state.get(BACKFILLS, event.backfill_id)
    if row is None:
        return []
    chunks: dict[int, BackfillChunk] = {}
    changes: Changes = []
    for ended in {each.run_id: each for each in event.runs}.values():
        watched = state.get(BACKFILL_RUNS, row.backfill_id, ended.run_id)
        if watched is None:
            continue
        chunk = chunks.get(watched.chunk) or state.get(
            BACKFILL_CHUNKS, row.backfill_id, watched.chunk
        )
        if chunk is None:
            continue
        changes.append(Drop(BACKFILL_RUNS, (row.backfill_id, ended.run_id)))
        chunks[watched.chunk] = _counted(chunk, watched, outcome=ended.state)
        row = _counted_in_all(row, watched, outcome=ended.state)
    for chunk in chunks.values():
        changes += _chunk(state, row, chunk=chunk, at=event.ended_at)
    return [Put(BACKFILLS, row), *changes] if changes else []


def backfill_paused(state: State, event: BackfillPaused) -> Iterable[Change]:
    """Nothing of it is started until it is resumed."""
    row = state.get(BACKFILLS, event.backfill_id)
    if row is None or row.state not in (BackfillState.PENDING, BackfillState.RUNNING):
        return []
    return [] if row.cancel_requested else [_put(row, BackfillState.PAUSED)]


def backfill_resumed(state: State, event: BackfillResumed) -> Iterable[Change]:
    """It goes on where it was."""
    row = state.get(BACKFILLS, event.backfill_id)
    if row is None or row.state is not BackfillState.PAUSED:
        return []
    return [_put(row, BackfillState.RUNNING if row.started_at else BackfillState.PENDING)]


def backfill_cancel_requested(state: State, event: BackfillCancelRequested) -> Iterable[Change]:
    """Nothing of it starts from here; chunks of which nothing runs are over."""
    row = state.get(BACKFILLS, event.backfill_id)
    if row is None or row.state in ENDED or row.cancel_requested:
        return []
    going = BackfillState.RUNNING if row.state is BackfillState.PAUSED else row.state
    row = replace(row, cancel_requested=True, state=going, message=event.reason, continues_at=None)
    changes: Changes = [Put(BACKFILLS, row)]
    for mark in state.range(BACKFILL_MARKS, row.backfill_id, Mark.OPEN):
        chunk = state.get(BACKFILL_CHUNKS, row.backfill_id, mark.chunk)
        if chunk is not None:
            changes += _chunk(state, row, chunk=chunk, at=event.requested_at)
    return changes


def backfill_retried(state: State, event: BackfillRetried) -> Iterable[Change]:
    """Every chunk of which something failed is tried again, with that alone."""
    row = state.get(BACKFILLS, event.backfill_id)
    if row is None or row.cancel_requested or row.state is BackfillState.CANCELLED:
        return []
    changes: Changes = []
    for mark in state.range(BACKFILL_MARKS, row.backfill_id, Mark.FAILED):
        chunk = state.get(BACKFILL_CHUNKS, row.backfill_id, mark.chunk)
        if chunk is None or chunk.state is not ChunkState.FAILED:
            continue
        again = _again(row, chunk)
        row = replace(
            row,
            failed=row.failed - chunk.failed,
            cancelled=row.cancelled - chunk.cancelled,
            skipped=row.skipped - chunk.skipped + again.skipped,
        )
        changes += _chunk(state, row, chunk=again, at=event.retried_at)
    if not changes:
        return []
    if row.state is BackfillState.FAILED:
        row = replace(row, state=BackfillState.RUNNING, ended_at=None, message="")
        active = ActiveBackfill(number=row.number, backfill_id=row.backfill_id)
        changes.append(Put(ACTIVE_BACKFILLS, active))
    return [Put(BACKFILLS, row), *changes]


def backfill_concurrency_set(state: State, event: BackfillConcurrencySet) -> Iterable[Change]:
    """From here so many of its runs may be out at once; more that are stay."""
    row = state.get(BACKFILLS, event.backfill_id)
    if row is None or row.state in ENDED or row.concurrency == event.concurrency:
        return []
    return [Put(BACKFILLS, replace(row, concurrency=event.concurrency))]


def backfill_ended(state: State, event: BackfillEnded) -> Iterable[Change]:
    """It is over; what failed of it can be retried."""
    row = state.get(BACKFILLS, event.backfill_id)
    if row is None or row.state in ENDED or row.running or event.state not in ENDED:
        return []
    opened = next(iter(state.range(BACKFILL_MARKS, row.backfill_id, Mark.OPEN)), None)
    unfinished = opened is not None or row.next_chunk < row.chunks
    if unfinished and not row.cancel_requested:
        return []
    ended = replace(
        row,
        state=event.state,
        ended_at=event.ended_at,
        continues_at=None,
        message=event.message or row.message,
    )
    return [Put(BACKFILLS, ended), Drop(ACTIVE_BACKFILLS, (row.number,))]


def _chunk_at(state: State, row: Backfill, *, event: BackfillAdvanced) -> BackfillChunk | None:
    """The chunk where the event's first step is its next one; None: the step was taken."""
    if not event.begins < event.through <= event.steps:
        return None
    chunk = state.get(BACKFILL_CHUNKS, row.backfill_id, event.chunk)
    if chunk is not None:
        is_next = (chunk.attempt, chunk.step) == (event.attempt, event.begins)
        return chunk if is_next and chunk.step < chunk.steps else None
    if (event.chunk, event.attempt, event.begins) != (row.next_chunk, 1, 0):
        return None
    if row.next_chunk >= row.chunks:
        return None
    return BackfillChunk(
        backfill_id=row.backfill_id,
        chunk=event.chunk,
        stage=event.stage,
        state=ChunkState.RUNNING,
        first_partition=event.first_partition,
        last_partition=event.last_partition,
        total=event.total,
        steps=event.steps,
        started_at=event.advanced_at,
    )


def _counted(chunk: BackfillChunk, run: BackfillRun, *, outcome: RunState) -> BackfillChunk:
    chunk = replace(chunk, running=chunk.running - 1)
    if outcome is RunState.SUCCEEDED:
        return replace(chunk, succeeded=chunk.succeeded + run.partitions)
    chunk = replace(chunk, failed_places=(*chunk.failed_places, run.place), run_id=run.run_id)
    if outcome is RunState.CANCELLED:
        return replace(chunk, cancelled=chunk.cancelled + run.partitions)
    return replace(chunk, failed=chunk.failed + run.partitions)


def _counted_in_all(row: Backfill, run: BackfillRun, *, outcome: RunState) -> Backfill:
    row = replace(row, running=row.running - 1)
    if outcome is RunState.SUCCEEDED:
        return replace(row, succeeded=row.succeeded + run.partitions)
    if outcome is RunState.CANCELLED:
        return replace(row, cancelled=row.cancelled + run.partitions)
    return replace(row, failed=row.failed + run.partitions)


def _again(row: Backfill, chunk: BackfillChunk) -> BackfillChunk:
    """The chunk with what failed before it. A run of the whole chunk looks at all of it again."""
    places = tuple(sorted(chunk.failed_places))
    return replace(
        chunk,
        state=ChunkState.RUNNING,
        attempt=chunk.attempt + 1,
        failed=0,
        cancelled=0,
        skipped=0 if row.runs_per == "chunk" else chunk.skipped,
        step=0,
        steps=len(places),
        retried=places,
        failed_places=(),
        message="",
        ended_at=None,
    )


def _chunk(state: State, row: Backfill, *, chunk: BackfillChunk, at: datetime) -> Changes:
    """The chunk's row, ended once all its steps are taken and its runs are over; and its marks."""
    taken = chunk.step >= chunk.steps
    if not chunk.running and (taken or row.cancel_requested):
        chunk = replace(chunk, state=_outcome(row, chunk, taken=taken), ended_at=at)
    is_open = not taken and not row.cancel_requested
    return [
        Put(BACKFILL_CHUNKS, chunk),
        *_marked(state, chunk, mark=Mark.OPEN, stands=is_open),
        *_marked(state, chunk, mark=Mark.FAILED, stands=bool(chunk.failed_places)),
    ]


def _outcome(row: Backfill, chunk: BackfillChunk, *, taken: bool) -> ChunkState:
    if row.cancel_requested and (chunk.cancelled or not taken):
        return ChunkState.CANCELLED
    return ChunkState.FAILED if chunk.failed or chunk.cancelled else ChunkState.SUCCEEDED


def _marked(state: State, chunk: BackfillChunk, *, mark: Mark, stands: bool) -> Changes:
    key = (chunk.backfill_id, mark, chunk.chunk)
    stood = state.get(BACKFILL_MARKS, *key) is not None
    if stands and not stood:
        row = BackfillMark(backfill_id=chunk.backfill_id, mark=mark, chunk=chunk.chunk)
        return [Put(BACKFILL_MARKS, row)]
    return [Drop(BACKFILL_MARKS, key)] if stood and not stands else []


def _put(row: Backfill, to: BackfillState) -> Change:
    return Put(BACKFILLS, replace(row, state=to, continues_at=None))


__all__ = [
    "backfill_advanced",
    "backfill_cancel_requested",
    "backfill_concurrency_set",
    "backfill_created",
    "backfill_ended",
    "backfill_paused",
    "backfill_rested",
    "backfill_resumed",
    "backfill_retried",
    "backfill_runs_ended",
]
