"""Lineage for other programs: a Mermaid graph, and OpenLineage run events.

Must not know where they are sent. Source: OpenLineage 2-0-2, "RunEvent" and the column lineage
facet 1-2-0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from arco.ids import derived_uuid
from arco.lineage.columns import COLUMN_EDGES, ColumnEdge
from arco.lineage.evidence import Certainty, LineagePath
from arco.lineage.foreign import OWN_NAMESPACE
from arco.lineage.impact import Effect, Impact, Origins, PartitionImpact
from arco.lineage.tables import EDGES, Edge
from arco.lineage.walks import Step
from arco.model import State

PRODUCER = "https://github.com/daxis-io/arco"
SPECIFICATION = "https://openlineage.io/spec"
RUN_EVENT = f"{SPECIFICATION}/2-0-2/OpenLineage.json#/$defs/RunEvent"
COLUMN_FACET = f"{SPECIFICATION}/facets/1-2-0/ColumnLineageDatasetFacet.json"


def mermaid(dataset: str, steps: Iterable[Step]) -> str:
    """A flowchart of the steps, sources on the left; dashed: another system reported it.

    >>> print(mermaid("b.b", [Step(1, "a.a", "b.b")]))
    flowchart LR
      n0["a.a"]
      n1["b.b"]
      n0 --> n1
      style n1 stroke-width:3px
    """
    return _flowchart(dataset, {(step.upstream, step.downstream, step.foreign) for step in steps})


def impact_mermaid(found: Impact) -> str:
    """A flowchart of what follows from what; dashed: the effect is only possible."""
    start = _named(found.dataset, found.column)
    edges = {
        (each.because_of, _named(each.dataset, each.column), each.effect is Effect.POSSIBLE)
        for each in found.affected
    }
    return _flowchart(start, edges)


def origins_mermaid(found: Origins) -> str:
    """A flowchart of the columns that a column comes from."""
    edges = {
        (_named(each.upstream, each.upstream_column), _named(each.dataset, each.column), False)
        for each in found.origins
    }
    return _flowchart(_named(found.dataset, found.column), edges)


def path_mermaid(found: LineagePath) -> str:
    """A flowchart of a way that there is."""
    edges = {
        (edge.upstream, edge.downstream, edge.certainty is Certainty.REPORTED)
        for edge in found.edges
    }
    return _flowchart(found.datasets[0], edges)


def partitions_mermaid(found: PartitionImpact) -> str:
    """A flowchart of the partitions that were made from bad ones."""
    edges = {
        (
            _partition(each.upstream, each.upstream_partition_key),
            _partition(each.dataset, each.partition_key),
            False,
        )
        for each in found.affected
    }
    key = found.partition_keys[0] if len(found.partition_keys) == 1 else ""
    return _flowchart(_partition(found.dataset, key), edges)


def openlineage(state: State, datasets: Sequence[str]) -> list[dict[str, Any]]:
    """One COMPLETE run event per dataset that runs made from others: its newest run."""
    events = []
    for dataset in datasets:
        edges = [edge for edge in state.range(EDGES, dataset) if edge.run_id]
        if edges:
            newest = max(edges, key=lambda edge: edge.recorded_at)
            events.append(_event(newest, edges, columns=list(state.range(COLUMN_EDGES, dataset))))
    return events


def _flowchart(start: str, found: Iterable[tuple[str, str, bool]]) -> str:
    edges = sorted(found)
    names = sorted({start, *(end for up, down, _ in edges for end in (up, down))})
    ids = {name: f"n{position}" for position, name in enumerate(names)}
    lines = ["flowchart LR"]
    lines += [f'  {ids[name]}["{_quoted(name)}"]' for name in names]
    lines += [
        f"  {ids[up]} {'-.->' if dashed else '-->'} {ids[down]}" for up, down, dashed in edges
    ]
    return "\n".join([*lines, f"  style {ids[start]} stroke-width:3px"])


def _named(dataset: str, column: str) -> str:
    return f"{dataset}.{column}" if column else dataset


def _partition(dataset: str, key: str) -> str:
    return f"{dataset} {key}" if key else dataset


def _event(newest: Edge, edges: Sequence[Edge], *, columns: Sequence[ColumnEdge]) -> dict[str, Any]:
    output = _dataset(newest.downstream)
    if columns:
        output["facets"] = {"columnLineage": _column_facet(columns)}
    return {
        "eventType": "COMPLETE",
        "eventTime": newest.recorded_at.isoformat(),
        "producer": PRODUCER,
        "schemaURL": RUN_EVENT,
        "run": {"runId": derived_uuid(f"{PRODUCER}/runs/{newest.run_id}")},
        "job": {"namespace": OWN_NAMESPACE, "name": newest.downstream},
        "inputs": [_dataset(edge.upstream) for edge in edges],
        "outputs": [output],
    }


def _column_facet(columns: Sequence[ColumnEdge]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    rows = []
    for edge in columns:
        source = {**_dataset(edge.upstream), "field": edge.upstream_column}
        if edge.column:
            named = fields.setdefault(edge.column, {"inputFields": []})
            named["inputFields"].append(source)
        else:
            rows.append(source)
    facet = {"_producer": PRODUCER, "_schemaURL": COLUMN_FACET, "fields": fields}
    return {**facet, "dataset": rows} if rows else facet


def _dataset(name: str) -> dict[str, Any]:
    return {"namespace": OWN_NAMESPACE, "name": name}


def _quoted(name: str) -> str:
    return name.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


__all__ = [
    "impact_mermaid",
    "mermaid",
    "openlineage",
    "origins_mermaid",
    "partitions_mermaid",
    "path_mermaid",
]
