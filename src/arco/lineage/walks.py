"""Walks over lineage: what a dataset was made from, and what was made from it, hop by hop.

Cycles end a walk, they do not repeat it. Answers are capped and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import msgspec

from arco.errors import Invalid
from arco.lineage.foreign import FOREIGN_CONSUMERS, FOREIGN_EDGES
from arco.lineage.graph import Found, datasets_above, datasets_below, graph_of
from arco.model import State

DATASETS_MAX = 10_000
STEPS_MAX = 50_000
PATH_DATASETS_MAX = 100_000


class Step(msgspec.Struct, frozen=True):
    """One edge of a walk, `hop` steps from its start."""

    hop: int
    upstream: str
    downstream: str
    foreign: bool = False
    """True: another system reported it; no run of ours read it."""


class Walk(msgspec.Struct, frozen=True):
    """The edges around a dataset, nearest first."""

    dataset: str
    steps: tuple[Step, ...]
    truncated: bool = False


def walk_up(state: State, dataset: str, *, hops: int) -> Walk:
    """What `dataset` was made from, up to `hops` away."""
    graph = graph_of(state)
    return _walk(dataset, hops, edges=partial(datasets_above, graph), far_end=lambda edge: edge[0])


def walk_down(state: State, dataset: str, *, hops: int) -> Walk:
    """What was made from `dataset`, up to `hops` away."""
    graph = graph_of(state)
    return _walk(dataset, hops, edges=partial(datasets_below, graph), far_end=lambda edge: edge[1])


def is_foreign(state: State, dataset: str) -> bool:
    """True when another system reported that it made or read the dataset."""
    is_made = any(True for _ in state.range(FOREIGN_EDGES, dataset))
    return is_made or any(True for _ in state.range(FOREIGN_CONSUMERS, dataset))


def shortest_path(state: State, *, upstream: str, downstream: str) -> tuple[str, ...]:
    """The datasets of a shortest way from `upstream` down to `downstream`; () when there is none.

    Looked for from both ends, the side with fewer datasets first.
    Raises: Invalid LINEAGE_TOO_LARGE when the ways do not meet among the nearest datasets.
    """
    graph = graph_of(state)
    down = _Search(upstream, lambda names: datasets_below(graph, names))
    up = _Search(downstream, lambda names: _turned(datasets_above(graph, names)))
    while down.frontier and up.frontier:
        meeting = down.meets(up)
        if meeting is not None:
            return (*reversed(down.way_back(meeting)), *up.way_back(meeting)[1:])
        if len(down.came_from) + len(up.came_from) > PATH_DATASETS_MAX:
            raise _too_large(upstream, downstream)
        (down if len(down.frontier) <= len(up.frontier) else up).step()
    return ()


class _Search:
    """The datasets around one end of a way, a hop at a time."""

    def __init__(self, start: str, edges: Callable[[Sequence[str]], Iterable[Found]]) -> None:
        self.frontier = [start]
        self.came_from: dict[str, str] = {start: start}
        self._edges = edges

    def step(self) -> None:
        """One hop further, or as much of it as there may be."""
        reached: list[str] = []
        for near, far, _ in self._edges(self.frontier):
            if far not in self.came_from:
                self.came_from[far] = near
                reached.append(far)
            if len(self.came_from) > PATH_DATASETS_MAX:
                break
        self.frontier = reached

    def meets(self, other: _Search) -> str | None:
        """The first dataset, by name, that both searches came to."""
        fewer, more = sorted((self.came_from, other.came_from), key=len)
        return min((name for name in fewer if name in more), default=None)

    def way_back(self, name: str) -> list[str]:
        """The datasets from here back to where the search began."""
        way = [name]
        while self.came_from[way[-1]] != way[-1]:
            way.append(self.came_from[way[-1]])
        return way


def _turned(edges: Iterable[Found]) -> Iterator[Found]:
    return ((downstream, upstream, foreign) for upstream, downstream, foreign in edges)


def _too_large(upstream: str, downstream: str) -> Invalid:
    return Invalid(
        "LINEAGE_TOO_LARGE",
        f"{PATH_DATASETS_MAX:,} datasets lie near {upstream} and {downstream}, and no way of those "
        "leads from one to the other",
        hint="start from a dataset that is nearer",
    )


def _walk(
    dataset: str,
    hops: int,
    *,
    edges: Callable[[Sequence[str]], Iterable[Found]],
    far_end: Callable[[Found], str],
) -> Walk:
    steps: list[Step] = []
    seen = {dataset}
    frontier = [dataset]
    for hop in range(1, hops + 1):
        reached: list[str] = []
        for edge in edges(frontier):
            end = far_end(edge)
            if end not in seen:
                seen.add(end)
                reached.append(end)
            if len(seen) > DATASETS_MAX or len(steps) >= STEPS_MAX:
                return Walk(dataset, tuple(steps), truncated=True)
            steps.append(Step(hop, *edge))
        frontier = reached
    return Walk(dataset, tuple(steps))


__all__ = ["DATASETS_MAX", "Step", "Walk", "is_foreign", "shortest_path", "walk_down", "walk_up"]
