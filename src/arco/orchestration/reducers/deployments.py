"""What deploying changes: asset definitions, and the values of dynamic partition sets.

Laws F3 and F5: a repeated event changes nothing and no event raises. Must not judge a manifest: the
command did.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.events import (
    AssetIds,
    Deployed,
    DynamicPartitionsAdded,
    DynamicPartitionsRemoved,
)
from arco.orchestration.rows import Asset, Deployment, DynamicPartition, Project
from arco.orchestration.settling import Changes
from arco.orchestration.tables import ASSETS, DEPLOYMENTS, DYNAMIC_PARTITIONS, PROJECTS


def deployed(state: State, event: Deployed) -> Iterable[Change]:
    """The project's assets are what the manifest says; assets it no longer names are removed."""
    if state.get(DEPLOYMENTS, event.deployment_id) is not None:
        return []
    kept = _kept_assets(state, event)
    removed = _removed_assets(state, event)
    project = Project(
        project=event.manifest.project,
        deployment_id=event.deployment_id,
        fingerprint=event.fingerprint,
        deployed_at=event.deployed_at,
    )
    deployment = Deployment(
        deployment_id=event.deployment_id,
        project=event.manifest.project,
        fingerprint=event.fingerprint,
        deployed_at=event.deployed_at,
        assets=len(event.manifest.assets),
        added=len(event.new_assets),
        removed=len(removed),
        actor=event.actor,
    )
    return [Put(PROJECTS, project), Put(DEPLOYMENTS, deployment), *removed, *kept]


def dynamic_partitions_added(state: State, event: DynamicPartitionsAdded) -> Iterable[Change]:
    """The values are part of the set; those that were already keep their place."""
    rows = list(state.range(DYNAMIC_PARTITIONS, event.name))
    known = {row.value for row in rows}
    position = max((row.position for row in rows), default=0)
    changes: Changes = []
    for value in dict.fromkeys(event.values):
        if value not in known:
            position += 1
            row = DynamicPartition(
                name=event.name, value=value, position=position, added_at=event.added_at
            )
            changes.append(Put(DYNAMIC_PARTITIONS, row))
    return changes


def dynamic_partitions_removed(state: State, event: DynamicPartitionsRemoved) -> Iterable[Change]:
    """The values are no longer part of the set; what was materialized for them stays."""
    return [
        Drop(DYNAMIC_PARTITIONS, (event.name, value))
        for value in event.values
        if state.get(DYNAMIC_PARTITIONS, event.name, value) is not None
    ]


def _kept_assets(state: State, event: Deployed) -> Changes:
    new = {ids.key: ids for ids in event.new_assets}
    changes: Changes = []
    for definition in event.manifest.assets:
        row = _defined(
            state.get(ASSETS, definition.key), new.get(definition.key), definition=definition
        )
        if row is not None:
            row = replace(row, project=event.manifest.project, deployment_id=event.deployment_id)
            changes.append(Put(ASSETS, row))
    return changes


def _defined(
    row: Asset | None, ids: AssetIds | None, *, definition: AssetDefinition
) -> Asset | None:
    if row is not None:
        return replace(row, definition=definition, removed=False)
    if ids is None:
        return None
    return Asset(
        key=definition.key,
        asset_id=ids.asset_id,
        table_id=ids.table_id,
        project="",
        deployment_id="",
        definition=definition,
    )


def _removed_assets(state: State, event: Deployed) -> Changes:
    named = {definition.key for definition in event.manifest.assets}
    return [
        Put(ASSETS, replace(row, removed=True, deployment_id=event.deployment_id))
        for row in state.range(ASSETS)
        if row.project == event.manifest.project and row.key not in named and not row.removed
    ]


__all__ = ["deployed", "dynamic_partitions_added", "dynamic_partitions_removed"]
