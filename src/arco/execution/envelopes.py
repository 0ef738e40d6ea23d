"""What a worker needs to know about one attempt, read from the state at dispatch.

Inputs are what the run staged, over the versions pinned at the trigger's slot; so every task of
a run reads the same cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from arco.execution.protocol import Envelope, Input, OtherAsset
from arco.ids import attempt_id
from arco.model import State
from arco.orchestration.definitions import AssetDefinition, Dependency
from arco.orchestration.inputs import Place, reading
from arco.orchestration.partitions import listing_only
from arco.orchestration.published import recorded_entry
from arco.orchestration.rows import Asset, Dispatch, PlanRow, Task
from arco.orchestration.run_settings import settings_read
from arco.orchestration.tables import ASSETS, PARTITION_STATUS, PINS, PLANS, RUNS, TASKS
from arco.orchestration.together import waiting_with
from arco.orchestration.views import Partitioning, asset_view


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
        table_version=_base(state, attempt, asset=attempt.asset),
        others=tuple(_others(state, attempt)),
        settings=settings_read(definition, run.settings) if run and run.settings else {},
        cursor=msgspec.json.decode(held.cursor) if held and held.cursor else None,
    )


def _others(state: State, attempt: Attempt) -> Iterator[OtherAsset]:
    """The assets of the tasks that end with this one."""
    for waiting in waiting_with(state, attempt.task):
        asset = state.get(ASSETS, waiting.asset)
        if asset is not None:
            definition = narrowed(asset.definition, waiting.partition_key)
            yield OtherAsset(
                asset=msgspec.structs.replace(definition, dependencies=()),
                table_id=asset.table_id,
                table_version=_base(state, attempt, asset=asset),
            )


def _base(state: State, attempt: Attempt, *, asset: Asset) -> int | None:
    """The version of the asset's table that the attempt starts from."""
    if asset.definition.write_mode == "merge":
        return attempt.plan.pins.get(asset.key)
    pin = state.get(PINS, asset.key)
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
    read = reading(
        state,
        Place(attempt.plan, attempt.task.index, attempt.at),
        dependency=dependency,
        downstream=attempt.asset.definition,
        upstream=upstream.definition,
    )
    present, made = read.versions, read.made
    return Input(
        upstream=dependency.upstream,
        parameter=dependency.parameter,
        table_id=upstream.table_id,
        partition_columns=upstream.definition.partition_carriers,
        table_version=read.pin,
        table_entry=recorded_entry(state, dependency.upstream, version=read.pin),
        partition_keys=tuple(present) if upstream.definition.partitions else (),
        data_versions=tuple(present.values()),
        staged=tuple(t.output for k, t in made.items() if t.output is not None and k in present),
        location=upstream.definition.location,
        format=upstream.definition.format,
        write_mode=upstream.definition.write_mode,
    )


__all__ = ["Attempt", "build_envelope", "narrowed"]
