"""Which succeeded tasks of an earlier run stand for a task of a new one, and why others do not.

A result is taken over when running the task again would give the same: its code, what it read and
the tasks above it are unchanged, and what it staged is still kept. Must not decide.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

import msgspec

from arco.orchestration.expiry import expired_through
from arco.orchestration.materializing import read_versions
from arco.orchestration.rows import PlannedTask, Run, Task
from arco.orchestration.staleness import Place, changed_upstreams
from arco.orchestration.states import RunState, TaskState
from arco.orchestration.together import deployed_family
from arco.orchestration.views import AssetView


class Repetition(StrEnum):
    """Why a task that succeeded runs again."""

    ASKED = "ASKED"
    PUBLISHED = "PUBLISHED"
    STAGED_DATA_EXPIRED = "STAGED_DATA_EXPIRED"
    CODE_CHANGED = "CODE_CHANGED"
    UPSTREAM_RUNS_AGAIN = "UPSTREAM_RUNS_AGAIN"
    UPSTREAM_CHANGED = "UPSTREAM_CHANGED"
    MERGES_AGAIN = "MERGES_AGAIN"


class Adoption(msgspec.Struct, frozen=True):
    """What of a plan is taken over from an earlier run, and what runs again though it succeeded."""

    adopted: Mapping[int, int]
    """Index in the plan -> index in the earlier run."""
    repeated: Mapping[int, Repetition]
    """Index in the plan -> why."""


def adoption(
    view: AssetView,
    parent: Run,
    *,
    before: Mapping[Place, Task],
    tasks: Sequence[PlannedTask],
    again: Collection[Place],
) -> Adoption:
    """What the planned tasks take over from the tasks of `parent`; those of `again` run again.

    Shape: upstream tasks stand first in `tasks`, as in every plan.
    """
    adopted: dict[int, int] = {}
    repeated: dict[int, Repetition] = {}
    spent = _spent(view, parent)
    inside = {(task.asset, task.partition_key) for task in tasks}
    lost = _lost_families(view, before, tasks=tasks)
    for index, planned in enumerate(tasks):
        place = (planned.asset, planned.partition_key)
        task = before.get(place)
        if task is None or task.state is not TaskState.SUCCEEDED:
            continue
        if place in again:
            repeated[index] = Repetition.ASKED
        elif spent is not None:
            repeated[index] = spent
        elif _merges(view, planned.asset):
            repeated[index] = Repetition.MERGES_AGAIN
        elif place in lost or any(upstream not in adopted for upstream in planned.upstreams):
            repeated[index] = Repetition.UPSTREAM_RUNS_AGAIN
        elif (change := _change(view, task, inside=inside)) is not None:
            repeated[index] = change
        else:
            adopted[index] = task.index
    return Adoption(adopted, repeated)


def _merges(view: AssetView, asset: str) -> bool:
    """Whether it merges, or anything that its function makes with it."""
    members = deployed_family(view.definitions, asset)
    return any(view.definitions[member].write_mode == "merge" for member in members)


def _lost_families(
    view: AssetView, before: Mapping[Place, Task], *, tasks: Sequence[PlannedTask]
) -> set[Place]:
    """Places of which a task of the plan did not succeed before that their function makes, too."""
    lost: set[Place] = set()
    for planned in tasks:
        members = deployed_family(view.definitions, planned.asset)
        task = before.get((planned.asset, planned.partition_key))
        if len(members) > 1 and (task is None or task.state is not TaskState.SUCCEEDED):
            lost.update((member, planned.partition_key) for member in members)
    return lost


def _spent(view: AssetView, parent: Run) -> Repetition | None:
    """Why nothing the run staged can be taken over."""
    if parent.state is RunState.SUCCEEDED:
        return Repetition.PUBLISHED
    if parent.number <= expired_through(view.state):
        return Repetition.STAGED_DATA_EXPIRED
    return None


def _change(view: AssetView, task: Task, *, inside: Collection[Place]) -> Repetition | None:
    """What of the task's code, or of the inputs that come from outside the plan, has changed."""
    definition = view.definitions[task.asset]
    if task.code_version != definition.code.version:
        return Repetition.CODE_CHANGED
    reads = read_versions(task.reads)
    changed = changed_upstreams(view, definition, key=task.partition_key, reads=reads)
    for place, is_missing in changed:
        asset, key = place
        was_missing = key not in reads.get(asset, {})
        # What stands in the plan is taken over with this task: it is what was read.
        if place not in inside and not (is_missing and was_missing):
            return Repetition.UPSTREAM_CHANGED
    return None


__all__ = ["Adoption", "Repetition", "adoption"]
