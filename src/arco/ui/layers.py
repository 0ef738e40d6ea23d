"""A graph in layers: upstream left, downstream right, neighbours near each other.

Pure: names and edges in, places out; the same graph has the same picture. Cost: linear, but for
sorting the layers. Must not know lineage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

SWEEPS = 3


class Place(msgspec.Struct, frozen=True):
    """Where a node stands: its column, and its place from the top."""

    layer: int
    row: float


def laid_out(layers: Mapping[str, int], edges: Iterable[tuple[str, str]]) -> dict[str, Place]:
    """A place for every node; each column is centred on the first one's.

    >>> found = laid_out({"a": 0, "b": 1, "c": 1}, [("a", "c"), ("a", "b")])
    >>> found["a"].row, found["b"].row, found["c"].row
    (0.0, -0.5, 0.5)
    """
    # Nodes are numbered in the order of their names: that order decides between equals.
    names = sorted(layers)
    near = _neighbours({name: place for place, name in enumerate(names)}, edges)
    columns: dict[int, list[int]] = {}
    for node, name in enumerate(names):
        columns.setdefault(layers[name], []).append(node)
    rows = [0.0] * len(names)
    for column in columns.values():
        _centred(column, rows)
    for sweep in range(SWEEPS):
        for layer in sorted(columns, reverse=bool(sweep % 2)):
            _sorted(columns[layer], near, rows=rows)
    return {name: Place(layers[name], row) for name, row in zip(names, rows, strict=True)}


def _neighbours(number: Mapping[str, int], edges: Iterable[tuple[str, str]]) -> list[list[int]]:
    near: list[list[int]] = [[] for _ in number]
    for one, other in edges:
        if one in number and other in number:
            near[number[one]].append(number[other])
            near[number[other]].append(number[one])
    return near


def _sorted(column: list[int], near: Sequence[Sequence[int]], *, rows: list[float]) -> None:
    """Nodes of the column stand by the mean place of what they are joined with, or stay."""
    if len(column) == 1:
        return
    row = rows.__getitem__
    middle = {
        node: sum(map(row, near[node])) / len(near[node]) if near[node] else rows[node]
        for node in column
    }
    column.sort()
    column.sort(key=middle.__getitem__)
    _centred(column, rows)


def _centred(column: Sequence[int], rows: list[float]) -> None:
    middle = (len(column) - 1) / 2
    for place, node in enumerate(column):
        rows[node] = place - middle


__all__ = ["Place", "laid_out"]
