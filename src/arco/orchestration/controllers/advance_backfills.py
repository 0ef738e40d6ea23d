"""Promise: a backfill's next partitions are run as soon as it has room, upstream ones first, and it
ends when nothing of it is left.

Law C1: at one instant a backfill fills its room or uses up its turn. Law C4: what is refused tells
why. Exactly one run for each place of an attempt: the run's id is the place. Must not know who
executes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain

from arco.errors import Conflict
from arco.model import Event, State
from arco.orchestration.backfill_events import (
    BackfillEnded,
    BackfillRested,
    BackfillRunsEnded,
    EndedRun,
)
from arco.orchestration.backfill_steps import ACTOR, Stepper
from arco.orchestration.backfills import (
    ACTIVE_BACKFILLS,
    BACKFILL_MARKS,
    BACKFILL_PLANS,
    BACKFILL_RUNS,
    BACKFILLS,
    Backfill,
    BackfillState,
    Mark,
)
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.orchestration.settling import is_running
from arco.orchestration.tables import RUNS
from arco.orchestration.ticking import RunScope

TURN = 1_000
"""How many tasks a backfill looks at before others have their turn."""
REST = timedelta(milliseconds=20)


class Backfiller:
    """The controller of one workspace's backfills."""

    def __init__(self, scope: RunScope) -> None:
        self._scope = scope

    def decide(self, state: State, now: datetime) -> Sequence[Event]:
        """What follows for every backfill that has not ended.

        Cost: their runs that are out, and what is started.
        """
        events: list[Event] = []
        for active in state.range(ACTIVE_BACKFILLS):
            row = state.get(BACKFILLS, active.backfill_id)
            if row is not None:
                events += self._moved(state, row, now=now)
        return events

    def _moved(self, state: State, row: Backfill, *, now: datetime) -> Sequence[Event]:
        ended = _ended_runs(state, row)
        if ended:
            seen = BackfillRunsEnded(backfill_id=row.backfill_id, runs=ended, ended_at=now)
            return [Event(seen, ACTOR)]
        if row.cancel_requested and row.running:
            return list(_cancelled_runs(state, row, now=now))
        if not row.running and (row.cancel_requested or _is_done(state, row)):
            return [Event(_end(row, now), ACTOR)]
        rests = row.continues_at is not None and row.continues_at > now
        if row.state is BackfillState.PAUSED or rests or row.running >= row.concurrency:
            return []
        return list(self._advanced(state, row, now=now))

    def _advanced(self, state: State, row: Backfill, *, now: datetime) -> Iterator[Event]:
        plan = state.get(BACKFILL_PLANS, row.backfill_id)
        if plan is None or _is_done(state, row):
            return
        stepper = Stepper(state, row, plan.stages, now=now, scope=self._scope)
        room, turn = row.concurrency - row.running, TURN
        for chunk in _unfinished_chunks(state, row):
            taken = stepper.advance(chunk, room=room, turn=turn)
            yield from taken.events
            room, turn = room - taken.started, turn - taken.looked_at
            if not taken.is_finished or room <= 0 or turn <= 0:
                break
        continues_at = now + REST if turn <= 0 < room else None
        if continues_at != row.continues_at:
            rested = BackfillRested(backfill_id=row.backfill_id, continues_at=continues_at)
            yield Event(rested, ACTOR)


def next_due(state: State) -> datetime | None:
    """When a backfill that rests goes on; None: none does."""
    rows = (state.get(BACKFILLS, each.backfill_id) for each in state.range(ACTIVE_BACKFILLS))
    due = (row.continues_at for row in rows if row and row.state is not BackfillState.PAUSED)
    return min((at for at in due if at is not None), default=None)


def _ended_runs(state: State, row: Backfill) -> tuple[EndedRun, ...]:
    if not row.running:
        return ()
    ended: list[EndedRun] = []
    for watched in state.range(BACKFILL_RUNS, row.backfill_id):
        run = state.get(RUNS, watched.run_id)
        if run is not None and not is_running(run):
            ended.append(EndedRun(watched.run_id, run.state))
    return tuple(ended)


def _cancelled_runs(state: State, row: Backfill, *, now: datetime) -> Iterator[Event]:
    """Every run of it is asked to stop, where it can still be stopped."""
    reason = f"backfill {row.backfill_id} was cancelled"
    for watched in state.range(BACKFILL_RUNS, row.backfill_id):
        run = state.get(RUNS, watched.run_id)
        if run is None or run.cancel_requested:
            continue
        try:
            command = CancelRun(run_id=run.run_id, actor=ACTOR, reason=reason)
            yield from cancel_run(command)(state, now)
        except Conflict:
            # It is being published: it ends by itself.
            continue


def _is_done(state: State, row: Backfill) -> bool:
    opened = next(iter(state.range(BACKFILL_MARKS, row.backfill_id, Mark.OPEN)), None)
    return opened is None and row.next_chunk >= row.chunks


def _end(row: Backfill, now: datetime) -> BackfillEnded:
    outcome, message = BackfillState.SUCCEEDED, ""
    if row.cancel_requested:
        outcome = BackfillState.CANCELLED
    elif row.failed or row.cancelled:
        outcome = BackfillState.FAILED
        message = f"{row.failed + row.cancelled:,} of {row.total:,} partitions failed"
    return BackfillEnded(backfill_id=row.backfill_id, state=outcome, ended_at=now, message=message)


def _unfinished_chunks(state: State, row: Backfill) -> Iterator[int]:
    """Chunks that were begun and have steps left, then those that were not begun."""
    begun = [mark.chunk for mark in state.range(BACKFILL_MARKS, row.backfill_id, Mark.OPEN)]
    return chain(begun, range(row.next_chunk, row.chunks))


__all__ = ["REST", "TURN", "Backfiller", "next_due"]
