"""Lineage as a graph: the edges of many nodes at once, whoever keeps them.

Law: an edge of ours goes before the same one as another system reported it. Must not know whether
edges are rows or arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from arco.lineage.columns import COLUMN_CONSUMERS, COLUMN_EDGES
from arco.lineage.foreign import FOREIGN_CONSUMERS, FOREIGN_EDGES
from arco.lineage.tables import CONSUMERS, EDGES
from arco.model import Key, Relation, State, Table

OWN = Relation(CONSUMERS, EDGES)
REPORTED = Relation(FOREIGN_CONSUMERS, FOREIGN_EDGES)
COLUMNS = Relation(COLUMN_CONSUMERS, COLUMN_EDGES)

Link: TypeAlias = tuple[Key, Key]
"""The node that was asked about, and the one at the other end of its edge."""
Found: TypeAlias = tuple[str, str, bool]
"""Upstream, downstream, and whether another system reported it."""
Ask: TypeAlias = Callable[[Relation, Sequence[Key]], Iterator[Link]]


@runtime_checkable
class Graph(Protocol):
    """The edges of relations, in the order of the nodes, then of the other ends."""

    def below(self, relation: Relation, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that come from the nodes."""
        ...

    def above(self, relation: Relation, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that go to the nodes."""
        ...


class StateGraph:
    """The edges as rows: for a state whose edges are few."""

    def __init__(self, state: State) -> None:
        self._state = state

    def below(self, relation: Relation, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that come from the nodes."""
        return self._links(relation.forward, nodes)

    def above(self, relation: Relation, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that go to the nodes."""
        return self._links(relation.backward, nodes)

    def _links(self, table: Table[Any], nodes: Sequence[Key]) -> Iterator[Link]:
        for node in nodes:
            for row in self._state.range(table, *node):
                yield node, table.key_of(row)[len(node) :]


def graph_of(state: State) -> Graph:
    """The edges of a state: as it keeps them itself, or as its rows say."""
    return state if isinstance(state, Graph) else StateGraph(state)


def datasets_below(graph: Graph, datasets: Iterable[str]) -> Iterator[Found]:
    """The edges from datasets to what was made from them: ours, then what others reported."""
    return _datasets(graph.below, datasets)


def datasets_above(graph: Graph, datasets: Iterable[str]) -> Iterator[Found]:
    """The edges to datasets from what they were made from: ours, then what others reported."""
    for near, far, foreign in _datasets(graph.above, datasets):
        yield far, near, foreign


def _datasets(ask: Ask, datasets: Iterable[str]) -> Iterator[Found]:
    nodes = [(name,) for name in datasets]
    own: set[Link] = set()
    for link in ask(OWN, nodes):
        own.add(link)
        yield link[0][0], link[1][0], False
    for link in ask(REPORTED, nodes):
        if link not in own:
            yield link[0][0], link[1][0], True


__all__ = [
    "COLUMNS",
    "OWN",
    "REPORTED",
    "Found",
    "Graph",
    "Link",
    "StateGraph",
    "datasets_above",
    "datasets_below",
    "graph_of",
]
