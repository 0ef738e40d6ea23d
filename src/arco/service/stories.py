"""Why runs and their tasks stand where they stand, by the names that people use for them."""

from __future__ import annotations

import msgspec

from arco.errors import NotFound
from arco.model import State
from arco.orchestration.partitions import display
from arco.orchestration.rows import Task
from arco.orchestration.tables import TASKS
from arco.orchestration.waiting import RunStory, TaskStory, run_story, task_story
from arco.service.summaries import find_run

TASKS_TOLD_MAX = 100


class RunExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """One run, and those of its tasks that were asked about: what each waits for."""

    run: RunStory
    tasks: tuple[TaskStory, ...] = ()
    """At most a hundred."""


def explain_run(state: State, run_id: str, *, task: str = "") -> RunExplanation:
    """What the run waits for, and the tasks named `task`.

    Raises: NotFound RUN_NOT_FOUND, TASK_NOT_FOUND.
    """
    run = find_run(state, run_id)
    story = run_story(state, run)
    if not task:
        return RunExplanation(run=story)
    named = [row for row in state.range(TASKS, run.run_id) if task in task_names(row)]
    if not named:
        raise NotFound(
            "TASK_NOT_FOUND",
            f"run {run.run_id} has no task {task!r}",
            hint=f"`arco status {run.run_id}` lists its tasks",
        )
    told = tuple(task_story(state, row) for row in named[:TASKS_TOLD_MAX])
    return RunExplanation(run=story, tasks=told)


def task_names(task: Task) -> set[str]:
    """What people call the task: its asset, `asset[partition]`, its key, its number."""
    names = {task.asset, task.task_key, str(task.index)}
    if task.partition_key:
        names.add(f"{task.asset}[{display(task.partition_key)}]")
        names.add(f"{task.asset}[{task.partition_key}]")
    return names


__all__ = ["RunExplanation", "explain_run", "task_names"]
