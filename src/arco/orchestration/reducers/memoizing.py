"""What becomes of a task that would come out as it did.

Laws F3 and F5: only a ready task that was never handed out, of a plan that leaves it out, moves;
every other event changes nothing. Must not compare: what was found stands in the event.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arco.model import Change, Drop, State
from arco.orchestration.events_of_runs import TaskMemoized
from arco.orchestration.memoizing import may_be_left_out
from arco.orchestration.outcomes import Observation, Read
from arco.orchestration.rows import Materialization
from arco.orchestration.run_limits import is_waiting
from arco.orchestration.settling import end_task, ready_key
from arco.orchestration.states import TaskState
from arco.orchestration.tables import PARTITION_STATUS, PLANS, READY, RUNS, TASKS


def task_memoized(state: State, event: TaskMemoized) -> Iterable[Change]:
    """The task succeeded with what its partition holds; those below it move."""
    run, plan = state.get(RUNS, event.run_id), state.get(PLANS, event.run_id)
    task = state.get(TASKS, event.run_id, event.index)
    if run is None or plan is None or task is None or is_waiting(state, run):
        return []
    if task.state is not TaskState.READY or task.attempt:
        return []
    status = state.get(PARTITION_STATUS, task.asset, task.partition_key)
    held = status.materialization if status else None
    if held is None or not may_be_left_out(plan, event.index):
        return []
    if (held.run_id, held.data_version) != (event.made_by, event.data_version):
        return []
    done = replace(
        task,
        state=TaskState.SUCCEEDED,
        ended_at=event.memoized_at,
        code_version=held.code_version,
        settings_version=held.settings_version,
        reads=_reads(held),
        memoized_from=held.run_id,
        observation=Observation(held.data_version),
    )
    queued = ready_key(run, plan, index=task.index)
    return [Drop(READY, queued), *end_task(state, done)]


def _reads(held: Materialization) -> tuple[Read, ...]:
    """What it was made from, as an attempt would tell it."""
    return tuple(
        Read(
            upstream=upstream,
            partition_keys=() if tuple(read) == ("",) else tuple(read),
            data_versions=tuple(read.values()),
        )
        for upstream, read in held.reads.items()
    )


__all__ = ["task_memoized"]
