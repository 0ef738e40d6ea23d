"""What a worker needs to know about one attempt, read from the state at dispatch.

Inputs are what the run staged, over the versions pinned at the trigger's slot; so every task of a run reads the same cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from arco.ids import attempt_id
from arco.model import State
from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.outcomes import Output
from arco.orchestration.partitions import dimensions, upstream_partitions
from arco.orchestration.rows import Asset, Dispatch, PlanRow, Task
from arco.orchestration.tables import (
    ASSETS,
    DYNAMIC_PARTITIONS,
    PARTITION_STATUS,
    PINS,
    PLANS,
    TASKS,
)
from arco.execution.protocol import Envelope, Input


class Attempt(msgspec.Struct, frozen=True):
    """The rows that describe one dispatched attempt."""

    task: Task
    plan: PlanRow
    asset: Asset


def build_envelope(state: State, dispatch: Dispatch, now: datetime) -> Envelope | None:
    """The attempt's envelope; None when the attempt is no longer wanted."""
    attempt = _rows(state, dispatch)
    if attempt is None:
        return None
    definition = attempt.asset.definition
    pin = state.get(PINS, definition.key)
    inputs = [
        _input(state, attempt, dependency, now)
        for dependency in definition.dependencies
        if dependency.parameter
    ]
    return Envelope(
        run_id=dispatch.run_id,
        task_key=attempt.task.task_key,
        attempt=dispatch.attempt,
        dispatch_id=dispatch.dispatch_id,
        attempt_id=attempt_id(dispatch.dispatch_id),
        asset=definition,
        table_id=attempt.asset.table_id,
        partition_key=attempt.task.partition_key,
        inputs=tuple(input for input in inputs if input is not None),
        table_version=pin.version if pin else None,
    )


def dynamic_partitions(state: State) -> Mapping[str, Sequence[str]]:
    """The values of every dynamic partition set."""
    values: dict[str, list[str]] = {}
    for row in state.range(DYNAMIC_PARTITIONS):
        values.setdefault(row.name, []).append(row.value)
    return values


def _rows(state: State, dispatch: Dispatch) -> Attempt | None:
    task = state.get(TASKS, dispatch.run_id, dispatch.index)
    plan = state.get(PLANS, dispatch.run_id)
    asset = state.get(ASSETS, task.asset) if task else None
    if task is None or plan is None or asset is None or task.attempt != dispatch.attempt:
        return None
    return Attempt(task, plan, asset)


def _input(
    state: State, attempt: Attempt, dependency: Dependency, now: datetime
) -> Input | None:
    upstream = state.get(ASSETS, dependency.upstream)
    if upstream is None:
        return None
    staged = _staged(state, attempt, dependency.upstream)
    keys = _keys(state, attempt, dependency, upstream.definition, now)
    versions = {key: _data_version(state, dependency.upstream, key, staged) for key in keys}
    present = {key: version for key, version in versions.items() if version} or versions
    return Input(
        upstream=dependency.upstream,
        parameter=dependency.parameter,
        table_id=upstream.table_id,
        partition_columns=partition_columns(upstream.definition),
        table_version=attempt.plan.pins.get(dependency.upstream),
        partition_keys=tuple(present) if upstream.definition.partitions else (),
        data_versions=tuple(present.values()),
        staged=tuple(output for key, output in staged.items() if key in present),
    )


def partition_columns(definition: AssetDefinition) -> dict[str, str]:
    """Dimension -> column for every dimension of the asset's partitions."""
    if definition.partitions is None:
        return {}
    named = definition.partition_columns
    parts = dimensions(definition.partitions)
    return {part.dimension: named.get(part.dimension, f"_{part.dimension}") for part in parts}


def _staged(state: State, attempt: Attempt, upstream: str) -> dict[str, Output]:
    staged: dict[str, Output] = {}
    for index in attempt.plan.tasks[attempt.task.index].upstreams:
        task = state.get(TASKS, attempt.plan.run_id, index)
        if task is not None and task.asset == upstream and task.output is not None:
            staged[task.partition_key] = task.output
    return staged


def _keys(
    state: State,
    attempt: Attempt,
    dependency: Dependency,
    upstream: AssetDefinition,
    now: datetime,
) -> Sequence[str]:
    keys = upstream_partitions(
        dependency.mapping,
        attempt.task.partition_key,
        downstream=attempt.asset.definition.partitions,
        upstream=upstream.partitions,
        now=now,
        dynamic=dynamic_partitions(state),
    )
    return list(keys)


def _data_version(state: State, asset: str, key: str, staged: Mapping[str, Output]) -> str:
    if key in staged:
        return staged[key].data_version
    status = state.get(PARTITION_STATUS, asset, key)
    found = status.materialization if status else None
    return found.data_version if found else ""


__all__ = ["build_envelope", "dynamic_partitions", "partition_columns"]
