"""The standing decisions of the orchestrator, each in a file named after the promise it keeps."""

from __future__ import annotations

from functools import partial

from arco.model import Decision
from arco.orchestration.controllers import (
    dispatch_ready_tasks,
    end_finished_runs,
    release_due_retries,
    request_publications,
)
from arco.orchestration.controllers.release_due_retries import next_due


def standing_decisions(window: int) -> tuple[Decision, ...]:
    """All controllers, in the order in which they help each other.

    `window` is how many attempts may be out at once.
    """
    return (
        release_due_retries.decide,
        end_finished_runs.decide,
        request_publications.decide,
        partial(dispatch_ready_tasks.decide, window=window),
    )


__all__ = ["next_due", "standing_decisions"]
