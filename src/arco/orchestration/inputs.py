"""What a task of a run reads: the upstream partitions of a dependency, and the data in each.

Law: what the run made goes over what was published when it was triggered, so that every task of a
run reads the same cut. Must not know where data stands.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from arco.model import State
from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.materializing import data_version
from arco.orchestration.rows import PartitionStatus, PlanRow, Task
from arco.orchestration.tables import PARTITION_STATUS, TASKS
from arco.orchestration.views import Partitioning, upstream_keys


class Place(msgspec.Struct, frozen=True):
    """A task of a plan, and when its partitions are looked at."""

    plan: PlanRow
    index: int
    at: Partitioning


class Reading(msgspec.Struct, frozen=True):
    """One dependency of a task, as it is read."""

    versions: Mapping[str, str]
    """Upstream partition -> data version; "" where all of them hold nothing."""
    made: Mapping[str, Task]
    """Upstream partition -> the task of this run that made it."""
    pin: int | None
    """The upstream's table version when the run was triggered."""


def reading(
    state: State,
    place: Place,
    *,
    dependency: Dependency,
    downstream: AssetDefinition,
    upstream: AssetDefinition,
) -> Reading:
    """What the task reads through the dependency.

    Cost: the tasks above it and the upstream partitions it depends on.
    """
    made = _made(state, place, upstream=upstream.key)
    pin = place.plan.pins.get(upstream.key)
    keys = upstream_keys(
        dependency,
        place.plan.tasks[place.index].partition_key,
        downstream=downstream,
        upstream=upstream,
        at=place.at,
    )
    versions = {
        key: data_version(made[key])
        if key in made
        else pinned_data_version(state.get(PARTITION_STATUS, upstream.key, key), pin)
        for key in keys
    }
    present = {key: version for key, version in versions.items() if version} or versions
    return Reading(present, made, pin)


def pinned_data_version(status: PartitionStatus | None, pin: int | None) -> str:
    """The data version that a reader of the pinned table version gets; "" when there is none.

    A newer run may have published since the pin was taken. What the partition held before is not
    kept, so the name of the pinned version stands in: it equals no data version, and the reader is
    stale rather than wrongly fresh.
    """
    found = status.materialization if status else None
    if found is None:
        return ""
    if found.table_version is None or pin is None or found.table_version <= pin:
        return found.data_version
    return f"table-version:{pin}"


def _made(state: State, place: Place, *, upstream: str) -> dict[str, Task]:
    """Partition -> the task of this run that made it."""
    made: dict[str, Task] = {}
    for index in place.plan.tasks[place.index].upstreams:
        task = state.get(TASKS, place.plan.run_id, index)
        if task is not None and task.asset == upstream:
            made[task.partition_key] = task
    return made


__all__ = ["Place", "Reading", "pinned_data_version", "reading"]
