"""A dbt project as a plan: its `manifest.json`, and `run_results.json` where it is.

Models, seeds and snapshots become assets, sources external ones, tests checks. Nothing is run. Must
not know how assets are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from arco.errors import Invalid
from arco.orchestration.definitions import SourceLine
from arco.sdk.importing.plan import (
    ImportPlan,
    PlannedAsset,
    PlannedCheck,
    PlannedKind,
    collisions,
    key_of,
)

KINDS: Mapping[str, PlannedKind] = {"model": "sql", "seed": "seed", "snapshot": "sql"}
MANIFEST, RESULTS = "manifest.json", "run_results.json"
MANIFEST_BYTES_MAX = 512 * 1024 * 1024


class DependsOn(msgspec.Struct, frozen=True):
    """The nodes that a node is made from."""

    nodes: list[str] = []


class Node(msgspec.Struct, frozen=True):
    """A node of the manifest, or a source; what is not named here is not read."""

    unique_id: str
    resource_type: str
    name: str
    schema: str | None = None
    alias: str | None = None
    source_name: str | None = None
    original_file_path: str = ""
    description: str | None = None
    depends_on: DependsOn = DependsOn()
    group: str | None = None
    attached_node: str | None = None
    column_name: str | None = None
    test_metadata: dict[str, Any] | None = None
    config: dict[str, Any] = {}


class Manifest(msgspec.Struct, frozen=True):
    """What is read of a `manifest.json`."""

    nodes: dict[str, Node]
    sources: dict[str, Node] = {}
    exposures: dict[str, Any] = {}
    metrics: dict[str, Any] = {}


class Result(msgspec.Struct, frozen=True):
    """One line of a `run_results.json`."""

    unique_id: str
    status: str


class Results(msgspec.Struct, frozen=True):
    """What is read of a `run_results.json`."""

    results: list[Result] = []


def dbt_plan(path: Path) -> ImportPlan:
    """What the project at `path` would become: a manifest, its folder, or a project with `target/`.

    Raises: Invalid IMPORT_UNREADABLE.
    """
    file = _manifest_file(path)
    manifest = _read(file, Manifest)
    beside = file.with_name(RESULTS)
    results = _read(beside, Results) if beside.is_file() else Results()
    outcomes = {each.unique_id: each.status for each in results.results}
    keys = _keys(manifest)
    checks = _checks(manifest, outcomes)
    assets = [
        _asset(node, keys, checks=checks.get(unique_id, ()), outcome=outcomes.get(unique_id, ""))
        for unique_id, node in (*manifest.sources.items(), *manifest.nodes.items())
        if unique_id in keys
    ]
    ordered = tuple(sorted(assets, key=lambda each: each.key))
    notes = (*collisions(ordered), *_notes(manifest, keys))
    return ImportPlan(tool="dbt", assets=ordered, notes=notes)


def _manifest_file(path: Path) -> Path:
    for file in (path, path / MANIFEST, path / "target" / MANIFEST):
        if file.is_file():
            return file
    raise Invalid(
        "IMPORT_UNREADABLE",
        f"{path} holds no {MANIFEST}",
        hint="run `dbt compile` or `dbt run` first, then name the project or its target folder",
    )


def _read(file: Path, kind: type[Any]) -> Any:
    try:
        if file.stat().st_size > MANIFEST_BYTES_MAX:
            raise ValueError("it is larger than 512 MiB")
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise Invalid(
            "IMPORT_UNREADABLE",
            f"{file.name} cannot be read: {error}",
            hint="name the file that dbt wrote, of version 1.5 or later",
        ) from None


def _keys(manifest: Manifest) -> dict[str, str]:
    """Node -> the key of what it would become."""
    keys = {
        unique_id: key_of(node.schema or "main", node.alias or node.name)
        for unique_id, node in manifest.nodes.items()
        if node.resource_type in KINDS and not _is_ephemeral(node)
    }
    return keys | {
        unique_id: key_of(node.source_name or "raw", node.name)
        for unique_id, node in manifest.sources.items()
    }


def _asset(
    node: Node, keys: Mapping[str, str], *, checks: tuple[PlannedCheck, ...], outcome: str
) -> PlannedAsset:
    upstreams = {keys[each] for each in node.depends_on.nodes if each in keys}
    return PlannedAsset(
        key=keys[node.unique_id],
        kind=KINDS.get(node.resource_type, "external"),
        origin=node.unique_id,
        upstreams=tuple(sorted(upstreams)),
        checks=tuple(sorted(checks, key=lambda each: each.name)),
        description=node.description or "",
        group=node.group or "",
        source=SourceLine(node.original_file_path, 1),
        outcome=outcome,
    )


def _checks(manifest: Manifest, outcomes: Mapping[str, str]) -> dict[str, tuple[PlannedCheck, ...]]:
    """Node -> the checks of what it would become."""
    found: dict[str, tuple[PlannedCheck, ...]] = {}
    for unique_id, node in manifest.nodes.items():
        if node.resource_type != "test":
            continue
        nodes = node.depends_on.nodes
        tested = node.attached_node or (nodes[0] if nodes else "")
        check = PlannedCheck(
            name=key_of(node.name),
            what=_tested(node),
            blocking=str(node.config.get("severity", "ERROR")).upper() == "ERROR",
            outcome=outcomes.get(unique_id, ""),
        )
        found[tested] = (*found.get(tested, ()), check)
    return found


def _tested(node: Node) -> str:
    name = (node.test_metadata or {}).get("name", "")
    return f"{name}({node.column_name or ''})" if name else "a query that finds no row"


def _is_ephemeral(node: Node) -> bool:
    return node.config.get("materialized") == "ephemeral"


def _notes(manifest: Manifest, keys: Mapping[str, str]) -> Iterator[str]:
    for unique_id, node in sorted(manifest.nodes.items()):
        if _is_ephemeral(node):
            yield f"{unique_id} is ephemeral: its query becomes part of what reads it"
        elif node.config.get("materialized") == "incremental":
            yield f"{unique_id} is incremental: give it partitions, or write_mode='merge'"
        missing = [each for each in node.depends_on.nodes if _is_unknown(each, manifest, keys=keys)]
        for each in missing:
            yield f"{unique_id} reads {each}, which the manifest does not hold"
    for what, found in (("exposure", manifest.exposures), ("metric", manifest.metrics)):
        if found:
            yield f"{len(found)} {what}s have no counterpart"


def _is_unknown(unique_id: str, manifest: Manifest, *, keys: Mapping[str, str]) -> bool:
    kind = unique_id.partition(".")[0]
    return kind in (*KINDS, "source") and unique_id not in keys and unique_id not in manifest.nodes


__all__ = ["DependsOn", "Manifest", "Node", "Result", "Results", "dbt_plan"]
