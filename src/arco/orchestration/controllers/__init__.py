"""The standing decisions of the orchestrator, each in a file named after the promise it keeps."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from arco.model import Decision, State
from arco.orchestration.controllers import (
    dispatch_ready_tasks,
    end_finished_runs,
    fire_due_schedules,
    release_due_retries,
    request_publications,
)
from arco.orchestration.ticking import RunScope


def standing_decisions(window: int, scope: RunScope) -> tuple[Decision, ...]:
    """All controllers, in the order in which they help each other.

    `window` is how many attempts may be out at once; runs that they start belong to
    `scope`.
    """
    return (
        fire_due_schedules.Clockwork(scope).decide,
        release_due_retries.decide,
        end_finished_runs.decide,
        request_publications.decide,
        partial(dispatch_ready_tasks.decide, window=window),
    )


def next_due(state: State) -> datetime | None:
    """When the controllers will next have something to say if nothing else happens; None: never."""
    due = (release_due_retries.next_due(state), fire_due_schedules.next_tick(state))
    return min((at for at in due if at is not None), default=None)


__all__ = ["next_due", "standing_decisions"]
