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

CLASSES = LEVELS * 2 * (POPULARITY_MAX + 1) * 2


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
    return rank // (2 * (POPULARITY_MAX + 1) * 2)


def page(library: Library, found: Sequence[Match], *, after: Key | None, limit: int) -> list[Hit]:
    """The first `limit` hits behind the place `after`. Raises: NotLoaded."""
    hits: list[Hit] = []
    for rank in range(after[0] if after else 0, CLASSES):
        if len(hits) == limit:
            break
        behind = after[1:] if after and after[0] == rank else None
        hits += _of_class(library, found, rank, behind=behind, limit=limit - len(hits))
    return hits


def _of_class(
    library: Library, found: Sequence[Match], rank: int, *, behind: Key | None, limit: int
) -> list[Hit]:
    held = [(match.segment, bits) for match in found if (bits := _class(match, rank))]
    if behind is not None:
        places = [(segment, _later(segment, bits, behind)) for segment, bits in held]
        held = [(segment, bits) for segment, bits in places if bits]
    first = [(segment, list(islice(ordinals_in(bits), limit))) for segment, bits in held]
    library.require_entries(first)
    lists = [[segment.entry(ordinal) for ordinal in ordinals] for segment, ordinals in first]
    return [Hit(rank, entry) for entry in islice(_in_order(lists), limit)]


def _in_order(lists: Sequence[Sequence[Entry]]) -> Iterator[Entry]:
    if len(lists) < 2:
        return chain(*lists)
    return iter(heapq.merge(*lists, key=lambda entry: entry.order))


def _later(segment: Readable, bits: int, behind: Key) -> int:
    place = segment.place(behind)
    return bits >> place << place


def _class(match: Match, rank: int) -> int:
    """The documents of a class."""
    rest, stale = divmod(rank, 2)
    rest, degree = divmod(rest, POPULARITY_MAX + 1)
    level, others = divmod(rest, 2)
    bits = match.levels[level]
    if level:
        bits &= ~match.levels[level - 1]
    if not bits:
        return 0
    bits &= ~match.mine if others else match.mine
    # Where popularity does not count, all are of the last degree.
    degrees = len(match.popular) - 1
    at = degree - (POPULARITY_MAX - degrees)
    bits &= match.popular[at] if at >= 0 else 0
    return bits & (~match.fresh if stale else match.fresh)


__all__ = ["Hit", "level_of", "page"]
