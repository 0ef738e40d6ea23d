"""How freshness policies are defined, missed and kept again.

Laws F3 and F5: a repeated event changes nothing, and no event raises. Must not know calendars: a
deadline stands in the event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from arco.model import Change, Drop, Put, Reducer, State
from arco.orchestration.breaches import Promise
from arco.orchestration.evaluations import AT_ONCE
from arco.orchestration.freshness import (
    DUE_FRESHNESS,
    FRESHNESS,
    DefinedFreshness,
    DueFreshness,
    FreshnessMissed,
    FreshnessPoliciesDefined,
    FreshnessRecovered,
    FreshnessRenewed,
    StandingFreshness,
)
from arco.orchestration.materializing import current_at
from arco.orchestration.reducers.breaches import begun, ended
from arco.orchestration.rows import PartitionStatus
from arco.orchestration.settling import Changes


def freshness_policies_defined(state: State, event: FreshnessPoliciesDefined) -> Iterable[Change]:
    """The project's policies are these; those it no longer names end, and so do their breaches."""
    named = {each.definition.asset for each in event.policies}
    changes: Changes = []
    for row in state.range(FRESHNESS):
        if row.project == event.project and row.asset not in named and not row.removed:
            gone = replace(row, removed=True, due_at=None, missed_at=None)
            changes += _due(row, gone)
            changes += ended(state, Promise.FRESHNESS, subject=row.asset, ended_at=event.defined_at)
    for each in event.policies:
        changes += _defined(state, each, event=event)
    return changes


def freshness_missed(state: State, event: FreshnessMissed) -> Iterable[Change]:
    """The asset is late until it is made."""
    row = state.get(FRESHNESS, event.asset)
    if row is None or row.removed or row.missed_at is not None:
        return []
    late = replace(row, missed_at=event.deadline_at, due_at=None, misses=row.misses + 1)
    breach = begun(
        state,
        Promise.FRESHNESS,
        subject=event.asset,
        began_at=event.deadline_at,
        message=event.message,
    )
    return [*_due(row, late), *breach]


def freshness_recovered(state: State, event: FreshnessRecovered) -> Iterable[Change]:
    """The asset is fresh until its next deadline."""
    row = state.get(FRESHNESS, event.asset)
    if row is None or row.removed or row.missed_at is None:
        return []
    fresh = replace(row, missed_at=None, due_at=event.next_at)
    breach = ended(state, Promise.FRESHNESS, subject=event.asset, ended_at=event.recovered_at)
    return [*_due(row, fresh), *breach]


def freshness_renewed(state: State, event: FreshnessRenewed) -> Iterable[Change]:
    """The asset has another deadline; one that missed its deadline waits for data alone."""
    row = state.get(FRESHNESS, event.asset)
    if row is None or row.removed:
        return []
    due_at = event.next_at if row.missed_at is None else None
    return _due(row, replace(row, due_at=due_at)) if due_at != row.due_at else []


def renewing(reducer: Reducer) -> Reducer:
    """The reducer, after which the policy of every asset that was made is looked at at once.

    Cost: the changes of the event.
    """

    def reduce(state: State, event: Any) -> Iterable[Change]:
        changes = list(reducer(state, event))
        if not changes or next(iter(state.range(FRESHNESS)), None) is None:
            return changes
        return [*changes, *renewed(state, changes)]

    return reduce


def renewed(state: State, changes: Iterable[Change]) -> Changes:
    """The policy of every asset that the changes make anew is looked at at once."""
    made: dict[str, StandingFreshness] = {}
    for change in changes:
        status = change.row if isinstance(change, Put) else None
        if not isinstance(status, PartitionStatus) or status.materialization is None:
            continue
        row = made.get(status.asset) or state.get(FRESHNESS, status.asset)
        if row is not None and not row.removed:
            at = current_at(status.materialization)
            made[row.asset] = replace(row, made_at=max(row.made_at or at, at))
    found: Changes = []
    for asset, row in made.items():
        before = state.get(FRESHNESS, asset)
        if before is not None and row.made_at != before.made_at:
            found += _due(before, replace(row, due_at=AT_ONCE))
    return found


def _defined(
    state: State, defined: DefinedFreshness, *, event: FreshnessPoliciesDefined
) -> Changes:
    definition = defined.definition
    row = state.get(FRESHNESS, definition.asset)
    standing = row is not None and not row.removed
    if row and standing and (row.project != event.project or row.definition == definition):
        return []
    fresh = StandingFreshness(
        asset=definition.asset,
        project=event.project,
        deployment_id=event.deployment_id,
        definition=definition,
        since=event.defined_at,
        made_at=defined.made_at,
        due_at=AT_ONCE,
    )
    if row is None:
        return _due(fresh, fresh)
    same = not row.removed and row.definition.policy == definition.policy
    kept = replace(
        fresh,
        since=row.since if same else fresh.since,
        made_at=row.made_at or fresh.made_at,
        missed_at=row.missed_at,
        misses=row.misses,
    )
    return _due(row, kept)


def _due(before: StandingFreshness, after: StandingFreshness) -> Changes:
    """The row, and its place among the deadlines."""
    changes: Changes = []
    if before.due_at is not None and before.due_at != after.due_at:
        changes.append(Drop(DUE_FRESHNESS, (before.due_at, before.asset)))
    if after.due_at is not None:
        changes.append(Put(DUE_FRESHNESS, DueFreshness(due_at=after.due_at, asset=after.asset)))
    return [Put(FRESHNESS, after), *changes]


__all__ = [
    "freshness_missed",
    "freshness_policies_defined",
    "freshness_recovered",
    "freshness_renewed",
    "renewed",
    "renewing",
]
