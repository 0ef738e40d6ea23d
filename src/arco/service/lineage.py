"""Lineage in the words of the catalog: what the affected datasets are, and the graph for others.

Law: says only what the state it is given holds, so what a caller may not know of is not told. Must
not know HTTP or terminals.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import msgspec

from arco.catalog.finding import look_up
from arco.catalog.kinds import Kind
from arco.errors import NotFound
from arco.lineage.evidence import (
    PARTS_MAX,
    EdgeStory,
    Evidence,
    LineagePath,
    edge_story,
    evidence_of,
)
from arco.lineage.exports import openlineage
from arco.lineage.impact import Impact, PartitionImpact
from arco.lineage.walks import Step, Walk, is_foreign, shortest_path
from arco.model import Misses, State
from arco.orchestration.tables import ASSETS

OPENLINEAGE_DATASETS_MAX = 1_000
FOREIGN = "foreign"


def require_dataset(state: State, dataset: str) -> None:
    """Nothing for a name that exists, with or without lineage.

    Raises: NotFound DATASET_NOT_FOUND.
    """
    if kind_of(state, dataset) == FOREIGN and not is_foreign(state, dataset):
        raise NotFound(
            "DATASET_NOT_FOUND",
            f"no asset, table or recorded read is called {dataset!r}",
            hint="GET /api/v1/assets and /api/v1/tables list the names",
        )


def kind_of(state: State, dataset: str) -> str:
    """`asset`, `table` or `view`; `foreign` for what the catalog does not hold."""
    if state.get(ASSETS, dataset) is not None:
        return "asset"
    for kind in (Kind.TABLE, Kind.VIEW):
        if look_up(state, kind, name=dataset) is not None:
            return kind.value
    return FOREIGN


def with_kinds(state: State, found: Impact) -> Impact:
    """The impact, with what each affected dataset is. Cost: a few look-ups a dataset."""
    kinds: dict[str, str] = {}
    misses = Misses()
    for dataset in dict.fromkeys(each.dataset for each in found.affected):
        with misses:
            kinds[dataset] = kind_of(state, dataset)
    misses.settle()
    replace = msgspec.structs.replace
    affected = tuple(replace(each, kind=kinds[each.dataset]) for each in found.affected)
    return replace(found, affected=affected)


def into_only(state: State, found: PartitionImpact, *, into: str) -> PartitionImpact:
    """Only the partitions of one dataset, such as a report; all of them when none is named.

    Raises: NotFound DATASET_NOT_FOUND.
    """
    if not into:
        return found
    require_dataset(state, into)
    affected = tuple(each for each in found.affected if each.dataset == into)
    return msgspec.structs.replace(found, affected=affected)


def edges_of(state: State, steps: Iterable[Step]) -> tuple[Evidence, ...]:
    """What is known of the edges of a walk, each once, of the nearest thousand."""
    pairs = dict.fromkeys((step.upstream, step.downstream) for step in steps)
    return evidence_of(state, list(pairs)[:PARTS_MAX])


def require_edge(state: State, *, upstream: str, downstream: str) -> EdgeStory:
    """All that is known of one edge.

    Raises: NotFound DATASET_NOT_FOUND, EDGE_NOT_FOUND.
    """
    require_dataset(state, upstream)
    require_dataset(state, downstream)
    story = edge_story(state, upstream=upstream, downstream=downstream)
    if story is None:
        raise NotFound(
            "EDGE_NOT_FOUND",
            f"{downstream} was not made from {upstream} directly",
            hint="the shortest way shows through what: GET /api/v1/lineage/path",
        )
    return story


def path_between(state: State, *, upstream: str, downstream: str) -> LineagePath:
    """A shortest way down, and what is known of each hop.

    Raises: NotFound DATASET_NOT_FOUND; Invalid LINEAGE_TOO_LARGE.
    """
    require_dataset(state, upstream)
    require_dataset(state, downstream)
    found = shortest_path(state, upstream=upstream, downstream=downstream)
    return LineagePath(found, evidence_of(state, pairwise(found)))


def events_around(state: State, *, up: Walk, down: Walk) -> list[dict[str, Any]]:
    """OpenLineage: the newest run event of every dataset of both walks, of the nearest thousand."""
    names = dict.fromkeys([up.dataset])
    names |= dict.fromkeys(step.downstream for step in (*up.steps, *down.steps))
    return openlineage(state, sorted(list(names)[:OPENLINEAGE_DATASETS_MAX]))


__all__ = [
    "edges_of",
    "events_around",
    "into_only",
    "kind_of",
    "path_between",
    "require_dataset",
    "require_edge",
    "with_kinds",
]
