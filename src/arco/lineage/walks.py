"""Walks over lineage: what a dataset was made from, and what was made from it, hop by hop.

Cycles end a walk, they do not repeat it. Answers are capped and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from arco.lineage.foreign import FOREIGN_CONSUMERS, FOREIGN_EDGES
from arco.lineage.tables import CONSUMERS, EDGES
from arco.model import State

DATASETS_MAX = 10_000
Found: TypeAlias = tuple[str, str, bool]


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

    def edges(at: str) -> Iterable[Found]:
        own = {edge.upstream for edge in state.range(EDGES, at)}
        yield from ((upstream, at, False) for upstream in sorted(own))
        for edge in state.range(FOREIGN_EDGES, at):
            if edge.upstream not in own:
                yield (edge.upstream, at, True)

    return _walk(dataset, hops, edges=edges, far_end=lambda edge: edge[0])


def is_foreign(state: State, dataset: str) -> bool:
    """True when another system reported that it made or read the dataset."""
    is_made = any(True for _ in state.range(FOREIGN_EDGES, dataset))
    return is_made or any(True for _ in state.range(FOREIGN_CONSUMERS, dataset))


def walk_down(state: State, dataset: str, *, hops: int) -> Walk:
    """What was made from `dataset`, up to `hops` away."""

    def edges(at: str) -> Iterable[Found]:
        own = {edge.downstream for edge in state.range(CONSUMERS, at)}
        yield from ((at, downstream, False) for downstream in sorted(own))
        for edge in state.range(FOREIGN_CONSUMERS, at):
            if edge.downstream not in own:
                yield (at, edge.downstream, True)

    return _walk(dataset, hops, edges=edges, far_end=lambda edge: edge[1])


def _walk(
    dataset: str,
    hops: int,
    *,
    edges: Callable[[str], Iterable[Found]],
    far_end: Callable[[Found], str],
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


__all__ = ["Step", "Walk", "is_foreign", "walk_down", "walk_up"]
