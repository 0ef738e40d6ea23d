"""Ranking: found documents in the order in which people expect them, a page at a time.

First by how well the words fit, then one's own, then what many others are made from, then what
changed within the week, then the shorter and earlier name. Law: the order is total and the same for
every way of cutting documents into segments, so a page goes on exactly where the last one ended.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import msgspec

from arco.catalog.search.bits import ordinals_in
from arco.catalog.search.documents import POPULARITY_MAX, Entry
from arco.catalog.search.matching import LEVELS, Library, Match, Readable
from arco.model import Key

CLASSES_OF_LEVEL = 2 * (POPULARITY_MAX + 1) * 2


class Hit(msgspec.Struct, frozen=True):
    """An entry that was found, and the class it is ranked in; lower is better."""

    rank: int
    entry: Entry

    @property
    def place(self) -> Key:
        """Where it stands in the order of everything that is found."""
        return (self.rank, *self.entry.order)


def level_of(rank: int) -> int:
    """How well the words fit, of `LEVELS`; 0 is best."""
    return rank // CLASSES_OF_LEVEL


def page(library: Library, found: Sequence[Match], *, after: Key | None, limit: int) -> list[Hit]:
    """The first `limit` hits behind the place `after`. Raises: NotLoaded."""
    hits: list[Hit] = []
    first = after[0] if after else 0
    for level in range(first // CLASSES_OF_LEVEL, LEVELS):
        held = [(match, bits) for match in found if (bits := _only(match, level))]
        ranks = range(level * CLASSES_OF_LEVEL, (level + 1) * CLASSES_OF_LEVEL) if held else ()
        for rank in ranks[max(0, first - level * CLASSES_OF_LEVEL) :]:
            if len(hits) == limit:
                return hits
            behind = after[1:] if after and after[0] == rank else None
            hits += _of_class(library, held, rank=rank, behind=behind, limit=limit - len(hits))
    return hits


def _of_class(
    library: Library,
    found: Sequence[tuple[Match, int]],
    *,
    rank: int,
    behind: Key | None,
    limit: int,
) -> list[Hit]:
    classed = ((match.segment, _class(match, bits, rank=rank)) for match, bits in found)
    held = [(segment, bits) for segment, bits in classed if bits]
    if behind is not None:
        held = [(segment, _later(segment, bits, behind=behind)) for segment, bits in held]
    first = [(segment, list(islice(ordinals_in(bits), limit))) for segment, bits in held]
    library.require_entries(first)
    lists = [[segment.entry(ordinal) for ordinal in ordinals] for segment, ordinals in first]
    return [Hit(rank, entry) for entry in islice(_in_order(lists), limit)]


def _in_order(lists: Sequence[Sequence[Entry]]) -> Iterator[Entry]:
    if len(lists) < 2:
        return chain(*lists)
    return iter(heapq.merge(*lists, key=lambda entry: entry.order))


def _later(segment: Readable, bits: int, *, behind: Key) -> int:
    place = segment.place(behind)
    return bits >> place << place


def _only(match: Match, level: int) -> int:
    """The documents of a level that are of no better one."""
    return match.levels[level] & ~match.levels[level - 1] if level else match.levels[0]


def _class(match: Match, bits: int, *, rank: int) -> int:
    """Those of the documents of a level that are of a class."""
    rest, stale = divmod(rank % CLASSES_OF_LEVEL, 2)
    others, degree = divmod(rest, POPULARITY_MAX + 1)
    # Where popularity does not count, all are of the last degree.
    at = degree - (POPULARITY_MAX + 1 - len(match.popular))
    bits &= match.popular[at] if at >= 0 else 0
    bits &= ~match.mine if others else match.mine
    return bits & (~match.fresh if stale else match.fresh)


__all__ = ["Hit", "level_of", "page"]
