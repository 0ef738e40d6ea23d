"""The standing decisions of the orchestrator, each in a file named after the promise it keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import msgspec

from arco.model import Decision, State
from arco.orchestration.controllers import (
    admit_queued_runs,
    advance_backfills,
    dispatch_ready_tasks,
    end_finished_runs,
    fire_due_schedules,
    queue_limited_runs,
    release_due_retries,
    request_publications,
    run_due_conditions,
    watch_freshness,
)
from arco.orchestration.ticking import RunScope


class Standing(msgspec.Struct, frozen=True):
    """What a leading process decides by itself, and when it next has something to decide."""

    decisions: Callable[[int, RunScope], tuple[Decision, ...]]
    next_due: Callable[[State], datetime | None]


def run_decisions(window: int, scope: RunScope) -> tuple[Decision, ...]:
    """Those that carry on what was asked for, in the order in which they help each other.

    `window` is how many attempts may be out at once.
    """
    return (
        release_due_retries.decide,
        end_finished_runs.decide,
        request_publications.decide,
        queue_limited_runs.decide,
        admit_queued_runs.decide,
        partial(dispatch_ready_tasks.decide, window=window),
    )


def standing_decisions(window: int, scope: RunScope) -> tuple[Decision, ...]:
    """All controllers; runs that they start belong to `scope`."""
    return (
        fire_due_schedules.Clockwork(scope).decide,
        *backfill_decisions(window, scope),
        watch_freshness.decide,
        run_due_conditions.Automator(scope).decide,
    )


def backfill_decisions(window: int, scope: RunScope) -> tuple[Decision, ...]:
    """Those that carry on what was asked for, backfills among it.

    A backfill looks once runs have ended and before tasks are handed out: what it looks at, at each
    round of each commit, is every run of it that is out.
    """
    *ending, dispatching = run_decisions(window, scope)
    return (*ending, advance_backfills.Backfiller(scope).decide, dispatching)


def backfill_due(state: State) -> datetime | None:
    """When these will next have something to say if nothing else happens; None: never."""
    due = (release_due_retries.next_due(state), advance_backfills.next_due(state))
    return min((at for at in due if at is not None), default=None)


def next_due(state: State) -> datetime | None:
    """When the controllers will next have something to say if nothing else happens; None: never."""
    due = (
        backfill_due(state),
        fire_due_schedules.next_tick(state),
        run_due_conditions.next_evaluation(state),
        watch_freshness.next_deadline_at(state),
    )
    return min((at for at in due if at is not None), default=None)


CARRYING_ON = Standing(run_decisions, release_due_retries.next_due)
"""Of a command that waits for its own run: it starts nothing that nobody asked it for."""
BACKFILLING = Standing(backfill_decisions, backfill_due)
"""Of a command that waits for its own backfill."""
AUTOMATING = Standing(standing_decisions, next_due)
"""Of a process that is there to serve."""

__all__ = [
    "AUTOMATING",
    "BACKFILLING",
    "CARRYING_ON",
    "Standing",
    "backfill_decisions",
    "backfill_due",
    "next_due",
    "run_decisions",
    "standing_decisions",
]
