"""Commands about staged output that nobody published: after a while it is given up.

Runs are passed in the order of their numbers, so one number says which are over: a run that is
still active holds back those after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from arco.model import Decision, Event, State
from arco.orchestration.events import StagedOutputsExpired
from arco.orchestration.expiry import expired_through, unexpired_runs
from arco.orchestration.rows import Run
from arco.orchestration.settling import is_running
from arco.orchestration.states import RunState


def expire_outputs(age: timedelta) -> Decision:
    """StagedOutputsExpired for runs that ended without success at least `age` ago; nothing when
    there are no such runs.
    """
    return partial(_expire, age=age)


def _expire(state: State, now: datetime, *, age: timedelta) -> Sequence[Event]:
    through = before = expired_through(state)
    for run in reversed(list(unexpired_runs(state))):
        if not _is_over(run, now - age):
            break
        through = run.number
    if through == before:
        return ()
    return (Event(StagedOutputsExpired(through=through, expired_at=now)),)


def _is_over(run: Run, before: datetime) -> bool:
    if is_running(run):
        return False
    return run.state is RunState.SUCCEEDED or (run.ended_at is not None and run.ended_at <= before)


__all__ = ["expire_outputs"]
