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
UNNAMED: Mapping[str, str] = {}
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
    language: str | None = None
    compiled_code: str | None = None
    """Its SQL, where dbt has compiled it."""
    relation_name: str | None = None
    """What its SQL calls the table."""
    tags: list[str] | str = []
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
    file = manifest_file(path)
    manifest = manifest_of(file)
    beside = file.with_name(RESULTS)
    results = _read(beside, Results) if beside.is_file() else Results()
    outcomes = {each.unique_id: each.status for each in results.results}
    keys = dbt_keys(manifest)
    checks = _checks(manifest, outcomes)
    assets = [
        _asset(
            node,
            manifest,
            keys=keys,
            checks=checks.get(unique_id, ()),
            outcome=outcomes.get(unique_id, ""),
        )
        for unique_id, node in (*manifest.sources.items(), *manifest.nodes.items())
        if unique_id in keys
    ]
    ordered = tuple(sorted(assets, key=lambda each: each.key))
    notes = (*collisions(ordered), *_notes(manifest, keys))
    return ImportPlan(tool="dbt", assets=ordered, notes=notes)


def manifest_file(path: Path) -> Path:
    """The manifest at `path`, in it, or in its `target/`. Raises: Invalid IMPORT_UNREADABLE."""
    for file in (path, path / MANIFEST, path / "target" / MANIFEST):
        if file.is_file():
            return file
    raise Invalid(
        "IMPORT_UNREADABLE",
        f"{path} holds no {MANIFEST}",
        hint="run `dbt compile` or `dbt run` first, then name the project or its target folder",
    )


def manifest_of(file: Path) -> Manifest:
    """What the file says. Raises: Invalid IMPORT_UNREADABLE."""
    manifest: Manifest = _read(file, Manifest)
    return manifest


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


def dbt_keys(manifest: Manifest, namespaces: Mapping[str, str] = UNNAMED) -> dict[str, str]:
    """Node -> the key of what it would become; `namespaces` are other names for schemas."""
    keys = {
        unique_id: dbt_key(node, namespaces)
        for unique_id, node in manifest.nodes.items()
        if node.resource_type in KINDS and not _is_ephemeral(node)
    }
    return keys | {
        unique_id: key_of(node.source_name or "raw", node.name)
        for unique_id, node in manifest.sources.items()
    }


def made_from(node: Node, manifest: Manifest, *, keys: Mapping[str, str]) -> set[str]:
    """The keys of what the node's SQL reads: that of an ephemeral model is part of it."""
    found: set[str] = set()
    passed: set[str] = set()
    waiting = list(node.depends_on.nodes)
    while waiting:
        unique_id = waiting.pop()
        if unique_id in keys:
            found.add(keys[unique_id])
        elif unique_id in manifest.nodes and unique_id not in passed:
            passed.add(unique_id)
            waiting += manifest.nodes[unique_id].depends_on.nodes
    return found


def tested_node(node: Node) -> str:
    """The node that a test is about; empty: none."""
    nodes = node.depends_on.nodes
    return node.attached_node or (nodes[0] if nodes else "")


def what_is_tested(node: Node) -> str:
    """What a test tests, such as `not_null(id)`."""
    name = (node.test_metadata or {}).get("name", "")
    return f"{name}({node.column_name or ''})" if name else "a query that finds no row"


def is_error(node: Node) -> bool:
    """Whether a test that fails holds up what comes after it."""
    return str(node.config.get("severity", "ERROR")).upper() == "ERROR"


def dbt_key(node: Node, namespaces: Mapping[str, str] = UNNAMED) -> str:
    """The key of what a node would become that is no source."""
    schema = node.schema or "main"
    return key_of(namespaces.get(schema, schema), node.alias or node.name)


def _asset(
    node: Node,
    manifest: Manifest,
    *,
    keys: Mapping[str, str],
    checks: tuple[PlannedCheck, ...],
    outcome: str,
) -> PlannedAsset:
    upstreams = made_from(node, manifest, keys=keys)
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
        tested = tested_node(node)
        check = PlannedCheck(
            name=key_of(node.name),
            what=what_is_tested(node),
            blocking=is_error(node),
            outcome=outcomes.get(unique_id, ""),
        )
        found[tested] = (*found.get(tested, ()), check)
    return found


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


__all__ = [
    "UNNAMED",
    "DependsOn",
    "Manifest",
    "Node",
    "Result",
    "Results",
    "dbt_key",
    "dbt_keys",
    "dbt_plan",
    "is_error",
    "made_from",
    "manifest_file",
    "manifest_of",
    "tested_node",
    "what_is_tested",
]
