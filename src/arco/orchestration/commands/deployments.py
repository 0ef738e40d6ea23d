"""Commands about definitions: deploy a manifest, change a dynamic partition set.

A command returns a decision; deciding twice is harmless. Must not run or import user code.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from arco.canonical import canonical_json
from arco.errors import Conflict, Invalid
from arco.ids import milliseconds, sha256, uuid7
from arco.model import Decision, Event, State
from arco.orchestration.definitions import Manifest
from arco.orchestration.events import (
    AssetIds,
    Deployed,
    DynamicPartitionsAdded,
    DynamicPartitionsRemoved,
)
from arco.orchestration.manifest_problems import manifest_problems
from arco.orchestration.tables import ASSETS, DYNAMIC_PARTITIONS, PROJECTS


class Deploy(msgspec.Struct, frozen=True, kw_only=True):
    """Make `manifest` what the project's assets are; `entropy` is 128 random bits for new ids."""

    deployment_id: str
    manifest: Manifest
    entropy: int
    actor: str = ""


class ChangeDynamicPartitions(msgspec.Struct, frozen=True, kw_only=True):
    """Values to add to or remove from the dynamic partition set `name`."""

    name: str
    values: tuple[str, ...]
    actor: str = ""


def deploy(command: Deploy) -> Decision:
    """Deployed; nothing when the project's definitions are these already.

    Raises: Invalid MANIFEST_INVALID with every problem, Conflict ASSET_TAKEN.
    """
    return partial(_deploy, command=command)


def add_dynamic_partitions(command: ChangeDynamicPartitions) -> Decision:
    """DynamicPartitionsAdded with the values that are new; nothing when all are known."""
    return partial(_add_partitions, command=command)


def remove_dynamic_partitions(command: ChangeDynamicPartitions) -> Decision:
    """DynamicPartitionsRemoved with the values that are known; nothing when none is."""
    return partial(_remove_partitions, command=command)


def manifest_fingerprint(manifest: Manifest) -> str:
    """`sha256:` and the hash of the manifest's canonical JSON."""
    return "sha256:" + sha256(canonical_json(msgspec.to_builtins(manifest)))


def _deploy(state: State, now: datetime, *, command: Deploy) -> Sequence[Event]:
    manifest = command.manifest
    fingerprint = manifest_fingerprint(manifest)
    project = state.get(PROJECTS, manifest.project)
    if project is not None and project.fingerprint == fingerprint:
        return ()
    _refuse_problems(state, manifest)
    _refuse_taken(state, manifest)
    deployed = Deployed(
        deployment_id=command.deployment_id,
        manifest=manifest,
        fingerprint=fingerprint,
        deployed_at=now,
        new_assets=_new_ids(state, command, unix_ms=milliseconds(now)),
        actor=command.actor,
    )
    return (Event(deployed, command.actor),)


def _refuse_problems(state: State, manifest: Manifest) -> None:
    others = {
        row.key: row.definition
        for row in state.range(ASSETS)
        if row.project != manifest.project and not row.removed
    }
    problems = manifest_problems(manifest, others)
    if problems:
        raise Invalid(
            "MANIFEST_INVALID",
            f"This project cannot be deployed: {problems[0]}",
            hint="Mend the listed lines and deploy again.",
            problems=problems,
        )


def _refuse_taken(state: State, manifest: Manifest) -> None:
    for definition in manifest.assets:
        row = state.get(ASSETS, definition.key)
        if row is not None and not row.removed and row.project != manifest.project:
            raise Conflict(
                "ASSET_TAKEN",
                f"Asset {definition.key} belongs to project {row.project!r}.",
                hint="Rename the asset, or remove it from the other project first.",
            )


def _new_ids(state: State, command: Deploy, *, unix_ms: int) -> tuple[AssetIds, ...]:
    return tuple(
        AssetIds(
            definition.key,
            uuid7(unix_ms, _bits(command.entropy, definition.key, kind="asset")),
            uuid7(unix_ms, _bits(command.entropy, definition.key, kind="table")),
        )
        for definition in command.manifest.assets
        if state.get(ASSETS, definition.key) is None
    )


def _bits(entropy: int, key: str, *, kind: str) -> int:
    return int(sha256(f"{entropy}:{kind}:{key}".encode()), 16)


def _add_partitions(
    state: State, now: datetime, *, command: ChangeDynamicPartitions
) -> Sequence[Event]:
    known = {row.value for row in state.range(DYNAMIC_PARTITIONS, command.name)}
    values = tuple(value for value in dict.fromkeys(command.values) if value not in known)
    if not values:
        return ()
    added = DynamicPartitionsAdded(name=command.name, values=values, added_at=now)
    return (Event(added, command.actor),)


def _remove_partitions(
    state: State, now: datetime, *, command: ChangeDynamicPartitions
) -> Sequence[Event]:
    known = {row.value for row in state.range(DYNAMIC_PARTITIONS, command.name)}
    values = tuple(value for value in dict.fromkeys(command.values) if value in known)
    if not values:
        return ()
    removed = DynamicPartitionsRemoved(name=command.name, values=values)
    return (Event(removed, command.actor),)


__all__ = [
    "ChangeDynamicPartitions",
    "Deploy",
    "add_dynamic_partitions",
    "deploy",
    "manifest_fingerprint",
    "remove_dynamic_partitions",
]
