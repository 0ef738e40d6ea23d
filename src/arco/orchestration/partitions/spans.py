"""Sets of points in a grid of ordinals, as nested ranges: the algebra under sets of partitions.

The law: one set has one form (sorted, disjoint, maximal ranges; never an empty one), so equal sets
compare equal, and operations cost ranges, not points. Must not know what an ordinal stands for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]
"""Ordinals from the first, up to but without the second."""
Span: TypeAlias = tuple[int, int, "Spans"]
"""A range of the first coordinate, and the set of the others; `()` at the last coordinate."""
Spans: TypeAlias = tuple[Span, ...]
Point: TypeAlias = tuple[int, ...]
Keep: TypeAlias = Callable[[bool, bool], bool]

EMPTY: Spans = ()


def box(sides: Sequence[Iterable[Range]]) -> Spans:
    """The product of one set of ordinals per coordinate.

    >>> box([[(0, 2)], [(5, 6), (3, 5)]])
    ((0, 2, ((3, 6, ()),)),)
    """
    below = EMPTY
    for side in reversed(sides):
        below = tuple((start, stop, below) for start, stop in _merged(side))
        if not below:
            return EMPTY
    return below


def from_points(points: Iterable[Point]) -> Spans:
    """The set of the given points. Cost: sorts them."""
    return _from_sorted(sorted(set(points)), 0)


def union(one: Spans, other: Spans) -> Spans:
    """Points of either."""
    return _combine(one, other, keep=lambda a, b: a or b)


def union_of(sets: Sequence[Spans]) -> Spans:
    """Points of any; pairwise, so that many small sets do not rebuild a large one each time."""
    while len(sets) > 1:
        pairs = [union(*sets[at : at + 2]) for at in range(0, len(sets) - 1, 2)]
        sets = pairs + list(sets[len(pairs) * 2 :])
    return sets[0] if sets else EMPTY


def intersection(one: Spans, other: Spans) -> Spans:
    """Points of both."""
    return _combine(one, other, keep=lambda a, b: a and b)


def difference(one: Spans, other: Spans) -> Spans:
    """Points of the first that are not in the second."""
    return _combine(one, other, keep=lambda a, b: a and not b)


def contains(spans: Spans, point: Point) -> bool:
    """Whether the point is in the set."""
    for ordinal in point:
        at = bisect_right(spans, ordinal, key=_start_of) - 1
        if at < 0 or ordinal >= spans[at][1]:
            return False
        spans = spans[at][2]
    return True


def count(spans: Spans) -> int:
    """How many points are in the set."""
    return sum((stop - start) * _width(below) for start, stop, below in spans)


def points(spans: Spans) -> Iterator[Point]:
    """The points in lexicographic order."""
    for start, stop, below in spans:
        for ordinal in range(start, stop):
            if not below:
                yield (ordinal,)
            for rest in points(below):
                yield (ordinal, *rest)


def rank(spans: Spans, point: Point) -> int:
    """How many points of the set come before the point in lexicographic order.

    >>> rank(((0, 2, ()), (5, 9, ())), (6,))
    3
    """
    before = 0
    for start, stop, below in spans:
        if point[0] < stop:
            rows = max(point[0] - start, 0)
            before += rows * _width(below)
            inside = below and point[0] >= start
            return before + (rank(below, point[1:]) if inside else 0)
        before += (stop - start) * _width(below)
    return before


def boxes(spans: Spans) -> Iterator[tuple[Range, ...]]:
    """Disjoint boxes whose union is the set, each as one range per coordinate."""
    for start, stop, below in spans:
        if not below:
            yield ((start, stop),)
        for rest in boxes(below):
            yield ((start, stop), *rest)


def section(spans: Spans, positions: Range) -> Spans:
    """The points at these positions of the lexicographic order."""
    found: list[Span] = []
    position = 0
    for span in spans:
        size = (span[1] - span[0]) * _width(span[2])
        low, high = max(positions[0] - position, 0), min(positions[1] - position, size)
        if low < high:
            for part in _section_of_span(span, (low, high)):
                _append(found, part)
        position += size
    return tuple(found)


def _section_of_span(span: Span, positions: Range) -> Iterator[Span]:
    """Part of the first row, all of the rows between, part of the last row."""
    base, _, below = span
    width = _width(below)
    row, offset = divmod(positions[0], width)
    last_row, last_offset = divmod(positions[1], width)
    if offset:
        end = last_offset if row == last_row else width
        yield (base + row, base + row + 1, section(below, (offset, end)))
        row += 1
    if row < last_row:
        yield (base + row, base + last_row, below)
    if last_offset and row <= last_row:
        yield (base + last_row, base + last_row + 1, section(below, (0, last_offset)))


def _combine(one: Spans, other: Spans, *, keep: Keep) -> Spans:
    """Sweep over both; a child that only one side has is kept or dropped whole, never copied."""
    result: list[Span] = []
    i = j = 0
    edges = sorted({edge for start, stop, _ in (*one, *other) for edge in (start, stop)})
    for low, high in pairwise(edges):
        i, j = _advance(one, i, low=low), _advance(other, j, low=low)
        left = one[i][2] if i < len(one) and one[i][0] <= low else None
        right = other[j][2] if j < len(other) and other[j][0] <= low else None
        below = _combine_children(left, right, keep=keep)
        if below is not None:
            _append(result, (low, high, below))
    return tuple(result)


def _combine_children(left: Spans | None, right: Spans | None, *, keep: Keep) -> Spans | None:
    """The child of the result; None where no point is left."""
    if left is None or right is None or left == right:
        kept = keep(left is not None, right is not None)
        return (right if left is None else left) if kept else None
    return _combine(left, right, keep=keep) or None


def _advance(spans: Spans, at: int, *, low: int) -> int:
    while at < len(spans) and spans[at][1] <= low:
        at += 1
    return at


def _append(spans: list[Span], span: Span) -> None:
    if spans and spans[-1][1] == span[0] and spans[-1][2] == span[2]:
        span = (spans.pop()[0], span[1], span[2])
    spans.append(span)


def _merged(ranges: Iterable[Range]) -> list[Range]:
    merged: list[Range] = []
    for start, stop in sorted(ranges):
        if start >= stop:
            continue
        if merged and start <= merged[-1][1]:
            first, last = merged.pop()
            start, stop = first, max(last, stop)
        merged.append((start, stop))
    return merged


def _from_sorted(ordered: Sequence[Point], depth: int) -> Spans:
    result: list[Span] = []
    for ordinal, group in groupby(ordered, key=lambda point: point[depth]):
        rows = list(group)
        below = _from_sorted(rows, depth + 1) if depth + 1 < len(rows[0]) else EMPTY
        _append(result, (ordinal, ordinal + 1, below))
    return tuple(result)


def _width(below: Spans) -> int:
    return count(below) if below else 1


def _start_of(span: Span) -> int:
    return span[0]


__all__ = [
    "EMPTY",
    "Keep",
    "Point",
    "Range",
    "Span",
    "Spans",
    "box",
    "boxes",
    "contains",
    "count",
    "difference",
    "from_points",
    "intersection",
    "points",
    "rank",
    "section",
    "union",
    "union_of",
]
