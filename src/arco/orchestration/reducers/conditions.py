"""How conditions are defined, switched, judged, and woken by what happens.

Laws F3 and F5: a repeated event changes nothing, and no event raises. Must not judge: what held
stands in the event.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from msgspec.structs import replace

from arco.model import Change, Drop, Put, Reducer, State
from arco.orchestration.conditions import ConditionDefinition
from arco.orchestration.evaluations import (
    AT_ONCE,
    CONDITIONS,
    DUE_CONDITIONS,
    EVALUATIONS,
    EVALUATIONS_KEPT,
    PARTITION_REQUESTS,
    WATCHES,
    ConditionDisabled,
    ConditionEnabled,
    ConditionEvaluated,
    ConditionsDefined,
    DueCondition,
    Evaluation,
    PartitionRequest,
    StandingCondition,
    Watch,
)
from arco.orchestration.rows import Asset, Pin
from arco.orchestration.settling import Changes
from arco.orchestration.tables import ACTIVE_RUNS, DYNAMIC_PARTITIONS, PLANS

EXAMPLES_MAX = 3


def conditions_defined(state: State, event: ConditionsDefined) -> Iterable[Change]:
    """The project's conditions are these; those it no longer names stop."""
    named = {each.asset for each in event.conditions}
    changes: Changes = []
    for row in state.range(CONDITIONS):
        if row.project == event.project and row.asset not in named and not row.removed:
            changes += _removed(state, row, event=event)
    for each in event.conditions:
        changes += _defined(state, each, event=event)
    return changes


def condition_enabled(state: State, event: ConditionEnabled) -> Iterable[Change]:
    """It is looked at again, at once."""
    row = state.get(CONDITIONS, event.asset)
    if row is None or row.removed or row.enabled:
        return []
    return _due(row, replace(row, enabled=True, since=event.enabled_at, due_at=AT_ONCE))


def condition_disabled(state: State, event: ConditionDisabled) -> Iterable[Change]:
    """It is not looked at any more."""
    row = state.get(CONDITIONS, event.asset)
    if row is None or row.removed or not row.enabled:
        return []
    return _due(row, replace(row, enabled=False, due_at=None))


def condition_evaluated(state: State, event: ConditionEvaluated) -> Iterable[Change]:
    """The evaluation is on record, and the condition rests until its next moment."""
    row = state.get(CONDITIONS, event.asset)
    if row is None or event.number != row.evaluations + 1 or not row.enabled or row.removed:
        return []
    moved = replace(
        row,
        due_at=event.next_at,
        evaluations=event.number,
        memory=event.memory,
        shape=event.shape,
        last_run_id=event.run_id or row.last_run_id,
    )
    return [
        *_due(row, moved),
        Put(EVALUATIONS, _evaluation(row, event)),
        *_forgotten(event),
        *(Drop(PARTITION_REQUESTS, (event.asset, key)) for key in event.released),
        *(
            Put(
                PARTITION_REQUESTS,
                PartitionRequest(
                    asset=event.asset,
                    partition_key=each.partition_key,
                    cause=each.cause,
                    run_id=event.run_id,
                ),
            )
            for each in event.requested
        ),
    ]


def waking(reducer: Reducer) -> Reducer:
    """The reducer, after which every condition that looks at what changed is due at once.

    Cost: the changes of the event, and the conditions that are woken.
    """

    def reduce(state: State, event: Any) -> Iterable[Change]:
        changes = list(reducer(state, event))
        if not changes or next(iter(state.range(WATCHES)), None) is None:
            return changes
        return [*changes, *woken(state, _touched(state, changes))]

    return reduce


def woken(state: State, assets: Iterable[str]) -> Changes:
    """Every condition that looks at one of these assets is due at once."""
    seen: set[str] = set()
    found: Changes = []
    for asset in assets:
        for watch in state.range(WATCHES, asset):
            row = None if watch.asset in seen else state.get(CONDITIONS, watch.asset)
            seen.add(watch.asset)
            if row is not None and row.enabled and not row.removed and row.due_at != AT_ONCE:
                found += _due(row, replace(row, due_at=AT_ONCE))
    return found


def _touched(state: State, changes: Iterable[Change]) -> dict[str, None]:
    """The assets that the changes are about: their definitions, partitions, data, or runs' ends."""
    touched: dict[str, None] = {}
    for change in changes:
        if change.table is DYNAMIC_PARTITIONS:
            return {row.upstream: None for row in state.range(WATCHES)}
        if isinstance(change, Put) and isinstance(change.row, Asset):
            touched[change.row.key] = None
        elif isinstance(change, Put) and isinstance(change.row, Pin):
            touched[change.row.asset] = None
        elif isinstance(change, Drop) and change.table is ACTIVE_RUNS:
            touched |= _of_run(state, change.key[0])
    return touched


def _of_run(state: State, number: int) -> dict[str, None]:
    active = state.get(ACTIVE_RUNS, number)
    plan = state.get(PLANS, active.run_id) if active else None
    return dict.fromkeys(task.asset for task in plan.tasks) if plan else {}


def _defined(state: State, definition: ConditionDefinition, *, event: ConditionsDefined) -> Changes:
    row = state.get(CONDITIONS, definition.asset)
    if row is not None and row.project != event.project and not row.removed:
        return []
    if row is not None and not row.removed and row.definition == definition:
        return []
    fresh = StandingCondition(
        asset=definition.asset,
        project=event.project,
        deployment_id=event.deployment_id,
        definition=definition,
        since=event.defined_at,
    )
    before = row or fresh
    same = row is not None and not row.removed and row.definition.condition == definition.condition
    moved = replace(
        before,
        project=event.project,
        deployment_id=event.deployment_id,
        definition=definition,
        enabled=before.enabled or before.removed,
        removed=False,
        since=before.since if same else event.defined_at,
        memory=before.memory if same else (),
    )
    if moved.enabled:
        moved = replace(moved, due_at=AT_ONCE)
    wanted = {definition.asset, *definition.watches}
    standing = {before.asset, *before.definition.watches} if row is not None else set[str]()
    return [
        *_due(before, moved),
        *(Drop(WATCHES, (up, definition.asset)) for up in sorted(standing - wanted)),
        *(Put(WATCHES, Watch(upstream=up, asset=definition.asset)) for up in sorted(wanted)),
    ]


def _removed(state: State, row: StandingCondition, *, event: ConditionsDefined) -> Changes:
    gone = replace(row, removed=True, due_at=None, memory=(), deployment_id=event.deployment_id)
    asked = state.range(PARTITION_REQUESTS, row.asset)
    return [
        *_due(row, gone),
        *(Drop(WATCHES, (up, row.asset)) for up in sorted({row.asset, *row.definition.watches})),
        *(Drop(PARTITION_REQUESTS, (row.asset, each.partition_key)) for each in asked),
    ]


def _due(before: StandingCondition, after: StandingCondition) -> Changes:
    """The row, and its place among those that are looked at."""
    changes: Changes = []
    if before.due_at is not None and before.due_at != after.due_at:
        changes.append(Drop(DUE_CONDITIONS, (before.due_at, before.asset)))
    if after.due_at is not None:
        changes.append(Put(DUE_CONDITIONS, DueCondition(due_at=after.due_at, asset=after.asset)))
    return [Put(CONDITIONS, after), *changes]


def _forgotten(event: ConditionEvaluated) -> Changes:
    oldest = event.number - EVALUATIONS_KEPT
    return [Drop(EVALUATIONS, (event.asset, oldest))] if oldest > 0 else []


def _evaluation(row: StandingCondition, event: ConditionEvaluated) -> Evaluation:
    keys = (each.partition_key for each in event.requested)
    return Evaluation(
        asset=event.asset,
        number=event.number,
        evaluated_at=event.evaluated_at,
        condition=row.definition.condition,
        judged=event.judged,
        sets=event.sets,
        requested=len(event.requested),
        examples=tuple(islice(keys, EXAMPLES_MAX)),
        held_back=event.held_back,
        run_id=event.run_id,
        message=event.message,
    )


__all__ = [
    "condition_disabled",
    "condition_enabled",
    "condition_evaluated",
    "conditions_defined",
    "waking",
    "woken",
]
