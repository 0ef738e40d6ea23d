"""Commands about backfills: create, pause, resume, cancel, retry what failed, change their width.

A command returns a decision; deciding twice is harmless. Must not know runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import islice

import msgspec

from arco.errors import Conflict, Invalid, NotFound
from arco.model import Decision, Event, Payload, State
from arco.orchestration.backfill_events import (
    BackfillCancelRequested,
    BackfillConcurrencySet,
    BackfillCreated,
    BackfillPaused,
    BackfillResumed,
    BackfillRetried,
)
from arco.orchestration.backfill_sets import Layout, planned_stages
from arco.orchestration.backfills import (
    BACKFILL_CHUNKS,
    BACKFILL_MARKS,
    BACKFILLS,
    ENDED,
    Backfill,
    BackfillState,
    ChunkState,
    Mark,
    RunsPer,
    Wanted,
)
from arco.orchestration.choosing import wanted_partitions
from arco.orchestration.selection import select_assets
from arco.orchestration.together import with_families
from arco.orchestration.views import AssetView, asset_view

CHUNK_SIZE = 100
CONCURRENCY = 10
CONCURRENCY_MAX = 1_000
CHUNK_TASKS_MAX = 10_000
FILTERED_MAX = 10_000
"""So many partitions are looked at before it is believed that the filter selects something."""
LOOKED_AT_ONCE = 500


class CreateBackfill(msgspec.Struct, frozen=True, kw_only=True):
    """Make these partitions again."""

    backfill_id: str
    selection: tuple[str, ...] = ()
    """Terms of the selection language; none: every asset."""
    partitions: tuple[str, ...] = ()
    """Each what `--partition` takes; none: every partition."""
    which: Wanted = "all"
    runs_per: RunsPer = "partition"
    chunk_size: int = CHUNK_SIZE
    concurrency: int = CONCURRENCY
    actor: str = ""


def create_backfill(command: CreateBackfill) -> Decision:
    """BackfillCreated: one small event, however many partitions are meant.

    Idempotent: by `backfill_id`.
    Raises: NotFound ASSET_UNKNOWN, SELECTION_EMPTY; Invalid BACKFILL_UNPARTITIONED,
    BACKFILL_DISAGREES, BACKFILL_TOO_SCATTERED, BACKFILL_EMPTY, BACKFILL_SIZE_INVALID,
    PARTITION_UNKNOWN.
    """
    return partial(_create, command=command)


def pause_backfill(backfill_id: str, *, actor: str = "") -> Decision:
    """BackfillPaused; nothing when it is paused. Raises: as `find_open_backfill`."""
    return partial(_pause, backfill_id=backfill_id, actor=actor)


def resume_backfill(backfill_id: str, *, actor: str = "") -> Decision:
    """BackfillResumed; nothing when it is not paused. Raises: as `find_open_backfill`."""
    return partial(_resume, backfill_id=backfill_id, actor=actor)


def cancel_backfill(backfill_id: str, *, actor: str = "", reason: str = "") -> Decision:
    """BackfillCancelRequested; nothing when it was requested or done before.

    Raises: as `find_open_backfill`.
    """
    return partial(_cancel, backfill_id=backfill_id, actor=actor, reason=reason)


def retry_backfill(backfill_id: str, *, actor: str = "") -> Decision:
    """BackfillRetried: what failed so far is tried again.

    Raises: NotFound BACKFILL_UNKNOWN; Conflict BACKFILL_ENDED, BACKFILL_NOTHING_FAILED.
    """
    return partial(_retry, backfill_id=backfill_id, actor=actor)


def set_concurrency(backfill_id: str, concurrency: int, *, actor: str = "") -> Decision:
    """BackfillConcurrencySet; nothing when it is so.

    Raises: as `find_open_backfill`; Invalid BACKFILL_SIZE_INVALID.
    """
    return partial(_set, backfill_id=backfill_id, concurrency=concurrency, actor=actor)


def find_backfill(state: State, backfill_id: str) -> Backfill:
    """The backfill of the id. Raises: NotFound BACKFILL_UNKNOWN."""
    row = state.get(BACKFILLS, backfill_id)
    if row is None:
        raise NotFound(
            "BACKFILL_UNKNOWN",
            f"There is no backfill {backfill_id!r}.",
            hint="`arco backfill list` names those there are.",
        )
    return row


def find_open_backfill(state: State, backfill_id: str) -> Backfill:
    """The backfill, which has not ended.

    Raises: NotFound BACKFILL_UNKNOWN; Conflict BACKFILL_ENDED.
    """
    row = find_backfill(state, backfill_id)
    if row.state in ENDED or row.cancel_requested:
        hint = "`arco backfill create` makes another; with --which missing it leaves out what is."
        if row.state is BackfillState.FAILED:
            hint = "`arco backfill retry` tries again what failed."
        stands = "is being cancelled" if row.state not in ENDED else f"already ended: {row.state}"
        raise Conflict("BACKFILL_ENDED", f"Backfill {backfill_id} {stands}.", hint=hint)
    return row


def _create(state: State, now: datetime, *, command: CreateBackfill) -> Sequence[Event]:
    if state.get(BACKFILLS, command.backfill_id) is not None:
        return ()
    _refuse_concurrency(command.concurrency)
    view = asset_view(state, now)
    assets = with_families(view.definitions, select_assets(view.definitions, command.selection))
    _refuse_chunk_size(command, assets)
    stages = planned_stages(view, assets, partitions=command.partitions)
    created = BackfillCreated(
        backfill_id=command.backfill_id,
        stages=stages,
        which=command.which,
        runs_per=command.runs_per,
        chunk_size=command.chunk_size,
        concurrency=command.concurrency,
        created_at=now,
        selection=command.selection,
        partitions=command.partitions,
        actor=command.actor,
    )
    if command.which != "all":
        _refuse_empty(view, created)
    return (Event(created, command.actor),)


def _refuse_concurrency(concurrency: int) -> None:
    if not 1 <= concurrency <= CONCURRENCY_MAX:
        raise Invalid(
            "BACKFILL_SIZE_INVALID",
            f"{concurrency:,} runs at once is not possible; it is 1 to {CONCURRENCY_MAX:,}.",
            hint="`arco backfill pause` stops a backfill for a while.",
        )


def _refuse_chunk_size(command: CreateBackfill, assets: Sequence[str]) -> None:
    most = max(CHUNK_TASKS_MAX // len(assets), 1)
    if not 1 <= command.chunk_size <= most:
        raise Invalid(
            "BACKFILL_SIZE_INVALID",
            f"A chunk of {command.chunk_size:,} partitions is not possible; of {len(assets):,} "
            f"assets it is 1 to {most:,}.",
            hint="Choose a chunk size among these; how many chunks there are does not matter.",
        )


def _refuse_empty(view: AssetView, created: BackfillCreated) -> None:
    """Nothing, unless the filter leaves out all of the partitions.

    Cost: the first partitions of each stage, until one is wanted.
    """
    layout = Layout(view, created.created_at, created.stages, chunk_size=created.chunk_size)
    for at, stage in enumerate(created.stages):
        keys = iter(layout.piece(at, (0, min(stage.partitions, FILTERED_MAX))).keys)
        while some := tuple(islice(keys, LOOKED_AT_ONCE)):
            if wanted_partitions(view, stage.assets, keys=some, which=created.which):
                return
    if any(stage.partitions > FILTERED_MAX for stage in created.stages):
        return
    count = sum(stage.partitions for stage in created.stages)
    raise Invalid(
        "BACKFILL_EMPTY",
        f"None of the {count:,} partitions is {created.which}: there is nothing to backfill.",
        hint="`--which all` makes them again all the same.",
    )


def _pause(state: State, now: datetime, *, backfill_id: str, actor: str) -> Sequence[Event]:
    row = find_open_backfill(state, backfill_id)
    paused = row.state is BackfillState.PAUSED
    return () if paused else _said(BackfillPaused(backfill_id=backfill_id, paused_at=now), actor)


def _resume(state: State, now: datetime, *, backfill_id: str, actor: str) -> Sequence[Event]:
    row = find_open_backfill(state, backfill_id)
    if row.state is not BackfillState.PAUSED:
        return ()
    return _said(BackfillResumed(backfill_id=backfill_id, resumed_at=now), actor)


def _cancel(
    state: State, now: datetime, *, backfill_id: str, actor: str, reason: str
) -> Sequence[Event]:
    row = find_backfill(state, backfill_id)
    if row.cancel_requested:
        return ()
    find_open_backfill(state, backfill_id)
    requested = BackfillCancelRequested(backfill_id=backfill_id, requested_at=now, reason=reason)
    return _said(requested, actor)


def _retry(state: State, now: datetime, *, backfill_id: str, actor: str) -> Sequence[Event]:
    row = find_backfill(state, backfill_id)
    if row.state is not BackfillState.FAILED:
        find_open_backfill(state, backfill_id)
    marks = state.range(BACKFILL_MARKS, backfill_id, Mark.FAILED)
    chunks = (state.get(BACKFILL_CHUNKS, backfill_id, mark.chunk) for mark in marks)
    if not any(chunk is not None and chunk.state is ChunkState.FAILED for chunk in chunks):
        raise Conflict(
            "BACKFILL_NOTHING_FAILED",
            f"No chunk of backfill {backfill_id} failed so far.",
            hint="`arco backfill show` tells how far it is.",
        )
    return _said(BackfillRetried(backfill_id=backfill_id, retried_at=now), actor)


def _set(
    state: State, now: datetime, *, backfill_id: str, concurrency: int, actor: str
) -> Sequence[Event]:
    _refuse_concurrency(concurrency)
    row = find_open_backfill(state, backfill_id)
    if row.concurrency == concurrency:
        return ()
    changed = BackfillConcurrencySet(backfill_id=backfill_id, concurrency=concurrency, set_at=now)
    return _said(changed, actor)


def _said(payload: Payload, actor: str) -> Sequence[Event]:
    return (Event(payload, actor),)


__all__ = [
    "CHUNK_SIZE",
    "CHUNK_TASKS_MAX",
    "CONCURRENCY",
    "CONCURRENCY_MAX",
    "FILTERED_MAX",
    "CreateBackfill",
    "cancel_backfill",
    "create_backfill",
    "find_backfill",
    "find_open_backfill",
    "pause_backfill",
    "resume_backfill",
    "retry_backfill",
    "set_concurrency",
]
