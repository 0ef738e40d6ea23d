"""What a worker needs to know about one attempt, read from the state at dispatch.

Inputs are what the run staged, over the versions pinned at the trigger's slot; so every task of
a run reads the same cut.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from arco.execution.protocol import Envelope, Input
from arco.ids import attempt_id
from arco.model import State
from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.materializing import data_version
from arco.orchestration.partitions import listing_only
from arco.orchestration.published import recorded_entry
from arco.orchestration.rows import Asset, Dispatch, PartitionStatus, PlanRow, Task
from arco.orchestration.run_settings import settings_read
from arco.orchestration.tables import ASSETS, PARTITION_STATUS, PINS, PLANS, RUNS, TASKS
from arco.orchestration.views import Partitioning, asset_view, upstream_keys


class Attempt(msgspec.Struct, frozen=True):
    """The rows that describe one dispatched attempt."""

    task: Task
    plan: PlanRow
    asset: Asset
    at: Partitioning


def build_envelope(state: State, dispatch: Dispatch, *, now: datetime) -> Envelope | None:
    """The attempt's envelope; None when the attempt is no longer wanted."""
    attempt = _rows(state, dispatch, now=now)
    if attempt is None:
        return None
    definition = attempt.asset.definition
    status = state.get(PARTITION_STATUS, definition.key, attempt.task.partition_key)
    held = status.materialization if status else None
    run = state.get(RUNS, dispatch.run_id)
    inputs = [
        _input(state, attempt, dependency=dependency)
        for dependency in definition.dependencies
        if dependency.parameter
    ]
    return Envelope(
        run_id=dispatch.run_id,
        task_key=attempt.task.task_key,
        attempt=dispatch.attempt,
        dispatch_id=dispatch.dispatch_id,
        attempt_id=attempt_id(dispatch.dispatch_id),
        asset=narrowed(definition, attempt.task.partition_key),
        table_id=attempt.asset.table_id,
        partition_key=attempt.task.partition_key,
        inputs=tuple(input for input in inputs if input is not None),
        table_version=_base(state, attempt),
        settings=settings_read(definition, run.settings) if run and run.settings else {},
        cursor=msgspec.json.decode(held.cursor) if held and held.cursor else None,
    )


def _base(state: State, attempt: Attempt) -> int | None:
    """The version of its own table that the attempt starts from."""
    key = attempt.asset.key
    if attempt.asset.definition.write_mode == "merge":
        return attempt.plan.pins.get(key)
    pin = state.get(PINS, key)
    return pin.version if pin else None


def narrowed(definition: AssetDefinition, partition_key: str) -> AssetDefinition:
    """The definition without what other partitions are for: the other values of its lists, and how
    upstream partitions are found. A list may hold thousands, and every attempt is sent one. What
    settings are like, the worker knows from their classes.
    """
    if definition.settings:
        definition = msgspec.structs.replace(definition, settings=())
    if definition.partitions is None:
        return definition
    return msgspec.structs.replace(
        definition,
        partitions=listing_only(definition.partitions, partition_key),
        dependencies=tuple(
            msgspec.structs.replace(each, mapping=None) if each.mapping else each
            for each in definition.dependencies
        ),
    )


def _rows(state: State, dispatch: Dispatch, *, now: datetime) -> Attempt | None:
    task = state.get(TASKS, dispatch.run_id, dispatch.index)
    plan = state.get(PLANS, dispatch.run_id)
    asset = state.get(ASSETS, task.asset) if task else None
    if task is None or plan is None or asset is None or task.attempt != dispatch.attempt:
        return None
    return Attempt(task, plan, asset, asset_view(state, now).at)


def _input(state: State, attempt: Attempt, *, dependency: Dependency) -> Input | None:
    upstream = state.get(ASSETS, dependency.upstream)
    if upstream is None:
        return None
    made = _made(state, attempt, upstream=dependency.upstream)
    keys = _keys(attempt, dependency, upstream=upstream.definition)
    pin = attempt.plan.pins.get(dependency.upstream)
    versions = {
        key: data_version(made[key])
        if key in made
        else pinned_data_version(state.get(PARTITION_STATUS, dependency.upstream, key), pin)
        for key in keys
    }
    present = {key: version for key, version in versions.items() if version} or versions
    return Input(
        upstream=dependency.upstream,
        parameter=dependency.parameter,
        table_id=upstream.table_id,
        partition_columns=upstream.definition.partition_carriers,
        table_version=pin,
        table_entry=recorded_entry(state, dependency.upstream, version=pin),
        partition_keys=tuple(present) if upstream.definition.partitions else (),
        data_versions=tuple(present.values()),
        staged=tuple(t.output for k, t in made.items() if t.output is not None and k in present),
        location=upstream.definition.location,
        format=upstream.definition.format,
        write_mode=upstream.definition.write_mode,
    )


def _made(state: State, attempt: Attempt, *, upstream: str) -> dict[str, Task]:
    """Partition -> the task of this run that made it."""
    made: dict[str, Task] = {}
    for index in attempt.plan.tasks[attempt.task.index].upstreams:
        task = state.get(TASKS, attempt.plan.run_id, index)
        if task is not None and task.asset == upstream:
            made[task.partition_key] = task
    return made


def _keys(
    attempt: Attempt, dependency: Dependency, *, upstream: AssetDefinition
) -> Collection[str]:
    return upstream_keys(
        dependency,
        attempt.task.partition_key,
        downstream=attempt.asset.definition,
        upstream=upstream,
        at=attempt.at,
    )


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


__all__ = ["Attempt", "build_envelope", "narrowed", "pinned_data_version"]
