"""Commands about limits of runs: set one, take it back; let a run go first.

A command returns a decision; deciding twice is harmless. Must not know who waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from arco.errors import Conflict, Invalid, NotFound
from arco.model import Decision, Event, State
from arco.orchestration.commands.runs import known_run
from arco.orchestration.events import RunLimitSet, RunPrioritized
from arco.orchestration.run_limits import (
    RUN_LIMITS,
    RUN_PRIORITIES,
    check_priority,
    considered_through,
    limits_of,
    limits_set,
)
from arco.orchestration.settling import is_running
from arco.orchestration.tables import ACTIVE_RUNS, NEWEST_RUNS, PLANS

LIMIT_NAME = re.compile(
    r"\*|tag:[^\s=,]{1,128}(=[^\s,]{1,256})?|asset:[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+"
)
NAME_LENGTH_MAX = 400
RUNS_MAX = 100_000


def limit_runs(name: str, runs_max: int, *, actor: str = "") -> Decision:
    """RunLimitSet; nothing when it is set so. Raises: Invalid RUN_LIMIT_INVALID."""
    return partial(_limit, name=name, runs_max=runs_max, actor=actor)


def unlimit_runs(name: str, *, actor: str = "") -> Decision:
    """RunLimitSet without a number. Raises: NotFound RUN_LIMIT_UNKNOWN."""
    return partial(_unlimit, name=name, actor=actor)


def prioritize_run(run_id: str, priority: int, *, actor: str = "") -> Decision:
    """RunPrioritized; nothing when it has this priority.

    Raises: NotFound RUN_UNKNOWN; Conflict RUN_ENDED; Invalid PRIORITY_INVALID.
    """
    return partial(_prioritize, run_id=run_id, priority=priority, actor=actor)


def _limit(state: State, now: datetime, *, name: str, runs_max: int, actor: str) -> Sequence[Event]:
    fits = len(name) <= NAME_LENGTH_MAX and LIMIT_NAME.fullmatch(name)
    if not fits or not 0 <= runs_max <= RUNS_MAX:
        raise Invalid(
            "RUN_LIMIT_INVALID",
            f"{name!r} with {runs_max} runs is no limit.",
            hint="A limit is * (every run), tag:NAME, tag:NAME=VALUE or asset:KEY, with a number "
            f"from 0 to {RUNS_MAX:,}.",
        )
    row = state.get(RUN_LIMITS, name)
    if row is not None and row.runs_max == runs_max:
        return ()
    through = _through(state)
    limited = RunLimitSet(
        name=name,
        version=row.version + 1 if row else 1,
        set_at=now,
        runs_max=runs_max,
        covered=tuple(_covered(state, name, through=through)),
        through=through,
        actor=actor,
    )
    return (Event(limited, actor),)


def _unlimit(state: State, now: datetime, *, name: str, actor: str) -> Sequence[Event]:
    row = state.get(RUN_LIMITS, name)
    if row is None or row.runs_max is None:
        raise NotFound(
            "RUN_LIMIT_UNKNOWN",
            f"There is no limit {name!r}.",
            hint="`arco limit list` lists the limits.",
        )
    lifted = RunLimitSet(name=name, version=row.version + 1, set_at=now, actor=actor)
    return (Event(lifted, actor),)


def _prioritize(
    state: State, now: datetime, *, run_id: str, priority: int, actor: str
) -> Sequence[Event]:
    check_priority(priority)
    run = known_run(state, run_id)
    if not is_running(run):
        raise Conflict(
            "RUN_ENDED",
            f"Run {run_id} already ended: {run.state}.",
            hint="Only a run that waits or runs has a place in the queue.",
        )
    said = state.get(RUN_PRIORITIES, run_id)
    if priority == (said.priority if said else 0):
        return ()
    prioritized = RunPrioritized(
        run_id=run_id,
        priority=priority,
        version=said.version + 1 if said else 1,
        prioritized_at=now,
        actor=actor,
    )
    return (Event(prioritized, actor),)


def _through(state: State) -> int:
    """Up to which run it is known whether it waits; later ones are looked at with all limits."""
    if limits_set(state):
        return considered_through(state)
    newest = next(iter(state.range(NEWEST_RUNS)), None)
    return -newest.rank if newest else 0


def _covered(state: State, name: str, *, through: int) -> Iterator[str]:
    for active in state.range(ACTIVE_RUNS):
        plan = state.get(PLANS, active.run_id)
        if active.number <= through and plan and limits_of(state, plan, names=(name,)):
            yield active.run_id


__all__ = [
    "LIMIT_NAME",
    "NAME_LENGTH_MAX",
    "RUNS_MAX",
    "limit_runs",
    "prioritize_run",
    "unlimit_runs",
]
