"""Walks over lineage: what a dataset was made from, and what was made from it, hop by hop.

Cycles end a walk, they do not repeat it. Answers are capped and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from arco.lineage.tables import CONSUMERS, EDGES
from arco.model import State

DATASETS_MAX = 10_000


class Step(msgspec.Struct, frozen=True):
    """One edge of a walk, `hop` steps from its start."""

    hop: int
    upstream: str
    downstream: str


class Walk(msgspec.Struct, frozen=True):
    """The edges around a dataset, nearest first."""

    dataset: str
    steps: tuple[Step, ...]
    truncated: bool = False


def walk_up(state: State, dataset: str, *, hops: int) -> Walk:
    """What `dataset` was made from, up to `hops` away."""

    def edges(at: str) -> Iterable[tuple[str, str]]:
        return ((edge.upstream, edge.downstream) for edge in state.range(EDGES, at))

    return _walk(dataset, hops, edges=edges, far_end=lambda edge: edge[0])


def walk_down(state: State, dataset: str, *, hops: int) -> Walk:
    """What was made from `dataset`, up to `hops` away."""

    def edges(at: str) -> Iterable[tuple[str, str]]:
        return ((edge.upstream, edge.downstream) for edge in state.range(CONSUMERS, at))

    return _walk(dataset, hops, edges=edges, far_end=lambda edge: edge[1])


def _walk(
    dataset: str,
    hops: int,
    *,
    edges: Callable[[str], Iterable[tuple[str, str]]],
    far_end: Callable[[tuple[str, str]], str],
) -> Walk:
    steps: list[Step] = []
    seen = {dataset}
    frontier = [dataset]
    for hop in range(1, hops + 1):
        reached: list[str] = []
        for edge in (edge for at in frontier for edge in edges(at)):
            steps.append(Step(hop, *edge))
            end = far_end(edge)
            if end not in seen:
                seen.add(end)
                reached.append(end)
            if len(seen) > DATASETS_MAX:
                return Walk(dataset, tuple(steps), truncated=True)
        frontier = reached
    return Walk(dataset, tuple(steps))


__all__ = ["Step", "Walk", "walk_down", "walk_up"]
