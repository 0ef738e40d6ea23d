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


def laid_out(layers: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> dict[str, Place]:
    """A place for every node; each column is centred on the first one's.

    >>> found = laid_out({"a": 0, "b": 1, "c": 1}, [("a", "c"), ("a", "b")])
    >>> found["a"].row, found["b"].row, found["c"].row
    (0.0, -0.5, 0.5)
    """
    columns: dict[int, list[str]] = {}
    for name in sorted(layers):
        columns.setdefault(layers[name], []).append(name)
    near = _neighbours(edges, layers)
    rows = _rows(columns)
    for sweep in range(SWEEPS):
        for layer in sorted(columns, reverse=bool(sweep % 2)):
            columns[layer].sort(key=lambda name: (_middle(name, near, rows=rows), name))
            rows |= _column(columns[layer])
    return {name: Place(layer, rows[name]) for name, layer in layers.items()}


def _neighbours(
    edges: Iterable[tuple[str, str]], layers: Mapping[str, int]
) -> dict[str, list[str]]:
    near: dict[str, list[str]] = {}
    for one, other in edges:
        if one in layers and other in layers:
            near.setdefault(one, []).append(other)
            near.setdefault(other, []).append(one)
    return near


def _rows(columns: Mapping[int, Sequence[str]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for names in columns.values():
        found |= _column(names)
    return found


def _column(names: Sequence[str]) -> dict[str, float]:
    middle = (len(names) - 1) / 2
    return {name: place - middle for place, name in enumerate(names)}


def _middle(name: str, near: Mapping[str, Sequence[str]], *, rows: Mapping[str, float]) -> float:
    """The mean place of what it is joined with; its own where that is nothing."""
    found = near.get(name)
    return sum(rows[each] for each in found) / len(found) if found else rows[name]


__all__ = ["Place", "laid_out"]
