"""What makes a manifest impossible to deploy, as sentences with file and line.

The compiler finds these first; the control plane checks again because a manifest arrives over the
network. Must not know state.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from arco.errors import Invalid
from arco.orchestration.definitions import AssetDefinition, Dependency, Manifest
from arco.orchestration.partitions import mapping_problem, own_mapping_problem, validate
from arco.orchestration.plan import upstream_first
from arco.orchestration.together import family_problems

KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


def manifest_problems(manifest: Manifest, others: Mapping[str, AssetDefinition]) -> list[str]:
    """Every problem, in the order of the assets; `others` are the assets of other projects.

    Empty: the manifest can be deployed.
    """
    known = {**others, **{asset.key: asset for asset in manifest.assets}}
    counts = Counter(asset.key for asset in manifest.assets)
    problems: list[str] = []
    for asset in manifest.assets:
        where = f"{asset.source.file}:{asset.source.line}"
        found = [
            *_own_problems(asset),
            *_dependency_problems(asset, known),
            *family_problems(asset, known),
        ]
        if counts[asset.key] > 1:
            found.append(f"asset {asset.key} is defined {counts[asset.key]} times.")
        problems += [f"{where}: {problem}" for problem in found]
    return problems or _cycle_problems(known)


def _own_problems(asset: AssetDefinition) -> Iterator[str]:
    if not KEY.fullmatch(asset.key):
        yield f"{asset.key!r} is not an asset key such as raw.flights."
    if asset.retry.max_attempts < 1:
        yield f"asset {asset.key} allows {asset.retry.max_attempts} attempts; one is the least."
    yield from (f"asset {asset.key}: {sentence}" for sentence in _merge_sentences(asset))
    if asset.partitions is not None:
        yield from (f"asset {asset.key}: {problem}" for problem in validate(asset.partitions))


def _merge_sentences(asset: AssetDefinition) -> Iterator[str]:
    write_mode, keys = asset.write_mode, asset.merge_keys
    if write_mode == "merge" and not keys:
        yield 'write_mode="merge" needs merge_keys=[...], the columns that identify a row'
    if write_mode != "merge" and keys:
        yield 'merge_keys needs write_mode="merge"'
    if len(set(keys)) < len(keys):
        yield f"merge_keys names a column twice: {', '.join(keys)}"


def _dependency_problems(
    asset: AssetDefinition, known: Mapping[str, AssetDefinition]
) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for dependency in asset.dependencies:
        name = (dependency.upstream, dependency.parameter)
        if name in seen:
            yield f"asset {asset.key} depends on {dependency.upstream} twice."
        seen.add(name)
        upstream = known.get(dependency.upstream)
        if upstream is None:
            yield f"asset {asset.key} depends on {dependency.upstream}, which does not exist."
            continue
        problem = _dependency_problem(asset, dependency, upstream=upstream)
        if problem is not None:
            yield f"asset {asset.key} cannot read {dependency.upstream}: {problem}"


def _dependency_problem(
    asset: AssetDefinition, dependency: Dependency, *, upstream: AssetDefinition
) -> str | None:
    if dependency.parameter and upstream.format == "none":
        return "it keeps no data; it can only come before."
    mapping = dependency.mapping
    own = own_mapping_problem(mapping) if asset.key == dependency.upstream else None
    if own is not None:
        return own
    return mapping_problem(mapping, downstream=asset.partitions, upstream=upstream.partitions)


def _cycle_problems(known: Mapping[str, AssetDefinition]) -> list[str]:
    try:
        upstream_first(known, known)
    except Invalid as error:
        return [error.message]
    return []


__all__ = ["manifest_problems"]
