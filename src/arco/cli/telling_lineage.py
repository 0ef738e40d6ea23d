"""Lineage and impact as lines of text: trees, ways, and what is affected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from arco.lineage.columns import TraceMethod
from arco.lineage.evidence import Certainty, Evidence, LineagePath
from arco.lineage.impact import Affected, Effect, Impact, Origins, PartitionImpact
from arco.lineage.walks import Step, Walk
from arco.orchestration.partitions import display

Ends = Callable[[Step], tuple[str, str]]
Children = dict[str, list[tuple[str, str]]]
HEADINGS = {
    Effect.VALUES: "columns whose values depend on it:",
    Effect.ROWS: "tables whose rows it decides:",
    Effect.POSSIBLE: "tables that read it, in which columns is not known:",
}


class Neighbourhood(msgspec.Struct, frozen=True, kw_only=True):
    """Both walks from one table, and what is known of the nearest of their edges."""

    table: str
    up: Walk
    down: Walk
    edges: tuple[Evidence, ...] = ()


def origin_lines(found: Origins) -> list[str]:
    """A line for each column that the column comes from, indented by how far away it is."""
    lines = [f"{found.dataset}.{found.column}"]
    for each in found.origins:
        how = "" if each.method is TraceMethod.QUERY else f" ({each.method.lower()})"
        into = f"{each.dataset}.{each.column}" if each.column else each.dataset
        source = f"{each.upstream}.{each.upstream_column}"
        lines.append(f"{'  ' * each.hop}{source} -> {into}{how}")
    if not found.origins:
        lines.append("  no column it comes from is known")
    return lines


def path_lines(found: LineagePath) -> list[str]:
    """A line for each hop of a way: who made it, and from what."""
    if not found.datasets:
        return ["there is no way down from the one to the other"]
    return [found.datasets[0], *(f"  -> {_hop(edge)}" for edge in found.edges)]


def tree(found: Neighbourhood) -> list[str]:
    """The lines of the tree: sources above the table, consumers below it."""
    lines = [*_branch(found.up, lambda step: (step.downstream, step.upstream)), found.table]
    lines = ["made from:", *lines[:-1], ""] if lines[:-1] else []
    below = [*_branch(found.down, lambda step: (step.upstream, step.downstream))]
    lines += [found.table]
    lines += ["", "used by:", *below] if below else []
    if not found.up.steps and not found.down.steps:
        lines.append("  no run has read it or made it from another table yet")
    if found.up.truncated or found.down.truncated:
        lines.append("… more than can be shown: fewer hops show all of them")
    return lines


def impact_lines(found: Impact | PartitionImpact) -> list[str]:
    """The lines that say what is affected, nearest first."""
    lines = list(_partitions(found) if isinstance(found, PartitionImpact) else _effects(found))
    if found.truncated:
        lines.append("… more than can be shown")
    return lines


def _hop(edge: Evidence) -> str:
    if edge.certainty is Certainty.REPORTED:
        return f"{edge.downstream}  (reported by {edge.job})"
    if edge.certainty is Certainty.PARSED:
        return f"{edge.downstream}  (a view: its text reads it)"
    made = "" if edge.downstream_version is None else f"version {edge.downstream_version}, "
    read = "" if edge.upstream_version is None else f"from version {edge.upstream_version}, "
    return f"{edge.downstream}  ({made}{read}by run {edge.run_id})"


def _branch(walk: Walk, ends: Ends) -> Iterator[str]:
    children: Children = {}
    for step in walk.steps:
        near, far = ends(step)
        children.setdefault(near, []).append((far, " (foreign)" if step.foreign else ""))
    yield from _below(walk.dataset, children, indent="  ", seen={walk.dataset})


def _below(name: str, children: Children, *, indent: str, seen: set[str]) -> Iterator[str]:
    """Each dataset's own branch is drawn once; where it comes again, `…` stands for it."""
    for child, mark in children.get(name, ()):
        repeated = child in seen and child in children
        yield f"{indent}{child}{mark}{' …' if repeated else ''}"
        if not repeated:
            seen.add(child)
            yield from _below(child, children, indent=indent + "  ", seen=seen)


def _partitions(found: PartitionImpact) -> Iterator[str]:
    if not found.affected:
        yield f"nothing was made from {_start(found)}"
        return
    for each in found.affected:
        made_from = _named(each.upstream, each.upstream_partition_key)
        version = "" if each.upstream_version is None else f" version {each.upstream_version}"
        yield f"{_named(each.dataset, each.partition_key)}  (from {made_from}{version})"


def _start(found: PartitionImpact) -> str:
    version = "" if found.version is None else f" version {found.version}"
    return (_many(found.dataset, found.partition_keys) or found.dataset) + version


def _named(dataset: str, partition_key: str) -> str:
    return f"{dataset} {display(partition_key)}" if partition_key else dataset


def _many(dataset: str, partition_keys: Sequence[str]) -> str:
    return " or ".join(_named(dataset, key) for key in partition_keys)


def _effects(found: Impact) -> Iterator[str]:
    if not found.affected:
        what = f"{found.dataset}.{found.column}" if found.column else found.dataset
        yield f"nothing depends on {what}"
        return
    separator = ""
    for effect, heading in HEADINGS.items():
        lines = list(_lines(each for each in found.affected if each.effect is effect))
        if lines:
            yield separator + heading
            yield from lines
            separator = "\n"


def _lines(affected: Iterable[Affected]) -> Iterator[str]:
    for each in affected:
        name = f"{each.dataset}.{each.column}" if each.column else each.dataset
        reason = f": {each.reason}" if each.reason else ""
        yield f"  {name}  (through {each.because_of}){reason}"


__all__ = ["Neighbourhood", "impact_lines", "origin_lines", "path_lines", "tree"]
