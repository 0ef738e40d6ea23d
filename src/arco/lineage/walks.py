"""Walks over lineage: what a dataset was made from, and what was made from it, hop by hop.

Cycles end a walk, they do not repeat it. Answers are capped and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from arco.errors import Invalid
from arco.lineage.foreign import FOREIGN_CONSUMERS, FOREIGN_EDGES
from arco.lineage.impact import PLACES_MAX, walk
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
        return _below(state, at)

    return _walk(dataset, hops, edges=edges, far_end=lambda edge: edge[1])


def shortest_path(state: State, *, upstream: str, downstream: str) -> tuple[str, ...]:
    """The datasets of a shortest way from `upstream` down to `downstream`; () when there is none.

    Raises: Invalid LINEAGE_TOO_LARGE when it is not found among the nearest datasets.
    """
    came_from: dict[str, str] = {}

    def expand(at: str, hop: int) -> Iterator[str]:
        if downstream in came_from:
            return
        for edge in _below(state, at):
            came_from.setdefault(edge[1], at)
            yield edge[1]

    if walk([upstream], expand) and downstream not in came_from:
        raise _too_large(upstream)
    path = [downstream]
    while path[-1] != upstream:
        if path[-1] not in came_from:
            return ()
        path.append(came_from[path[-1]])
    return tuple(reversed(path))


def _too_large(dataset: str) -> Invalid:
    return Invalid(
        "LINEAGE_TOO_LARGE",
        f"{dataset} has more than {PLACES_MAX:,} datasets below; and none of the nearest is it",
        hint="start from a dataset that is nearer",
    )


def _below(state: State, at: str) -> Iterator[Found]:
    own = {edge.downstream for edge in state.range(CONSUMERS, at)}
    yield from ((at, downstream, False) for downstream in sorted(own))
    for edge in state.range(FOREIGN_CONSUMERS, at):
        if edge.downstream not in own:
            yield (at, edge.downstream, True)


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


__all__ = ["Step", "Walk", "is_foreign", "shortest_path", "walk_down", "walk_up"]
