"""Shelves: the segments of a snapshot, and those in memory of what changed since.

Law: each object stands in at most one segment that does not hide it, so a question of all segments
is a question of one state. Must not know what is asked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from math import log

from arco.catalog.search.bits import ORDINALS_MAX
from arco.catalog.search.documents import Document, Entry, Posting, identity_of
from arco.catalog.search.matching import Range, Readable
from arco.catalog.search.segments import (
    MemorySegment,
    Segment,
    built,
    identity_term,
    merged,
    ordinal_in,
)
from arco.engine.blocks import ABSENT, Block, BlockCache
from arco.engine.index import File
from arco.engine.stored import Missing, Place, SortedRun
from arco.model import Key
from arco.service.search.documents import Object
from arco.service.search.tables import ENTRIES, POSTINGS

FAN_OUT = 8
KNOWN_MAX = 48
KNOWN_POSTINGS_MAX = 2
"""So many questions' postings a segment keeps by itself, and so many of each: 800 KiB at most, and
the marks of beginnings."""


class StoredSegment:
    """A segment whose postings and entries are read from two files, block by block."""

    def __init__(self, postings: File, entries: File, *, hidden: int, cache: BlockCache) -> None:
        self.postings = postings
        self.entries = entries
        self.size = entries.rows
        self.hidden = hidden
        self._cache = cache
        self._terms = SortedRun(POSTINGS, [postings])
        self._entries = SortedRun(ENTRIES, [entries])
        self._known: dict[Range, Sequence[Posting]] = {}
        """Few postings each, of what was asked for last: most questions share most of it."""

    def get(self, term: str) -> Posting | None:
        """The posting of a term. Raises: Missing."""
        known = self._known.pop((term, term), None)
        if known is None:
            known = self._looked_up(term)
        self._remember((term, term), known)
        return known[0] if known else None

    def _looked_up(self, term: str) -> Sequence[Posting]:
        place = self._terms.place((term,))
        if place is None:
            return ()
        block = self._block(place)
        row = block.get((term,))
        self._cache.weigh(place.block, block)
        return () if row is ABSENT else (row,)

    def _remember(self, wanted: Range, found: Sequence[Posting]) -> None:
        if len(found) > KNOWN_POSTINGS_MAX:
            return
        if len(self._known) >= KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[wanted] = found

    def between(self, low: str, high: str) -> Sequence[Posting]:
        """The postings of all terms from `low` to `high`. Raises: Missing."""
        known = self._known.pop((low, high), None)
        if known is None:
            known = self._looked_between(low, high)
        self._remember((low, high), known)
        return known

    def _looked_between(self, low: str, high: str) -> Sequence[Posting]:
        found: list[Posting] = []
        for place in self.places_between(low, high):
            block = self._block(place)
            start, stop = bisect_left(block.keys, (low,)), bisect_right(block.keys, (high,))
            found += [row for _, row in block.lines(start, stop)]  # type: ignore[misc]
            self._cache.weigh(place.block, block)
        return found

    def entry(self, ordinal: int) -> Entry:
        """The entry with that ordinal. Raises: Missing."""
        place = self._entries.place((ordinal,))
        assert place is not None
        block = self._block(place)
        row: Entry = block.get((ordinal,))
        self._cache.weigh(place.block, block)
        return row

    def place(self, order: Key) -> int:
        """How many entries stand up to this place in their order, and with it. Raises: Missing."""
        return bisect_right(range(self.size), order, key=lambda at: self.entry(at).order)

    def missing_terms(self, terms: Iterable[str]) -> list[Place]:
        """The blocks that have to be read for these terms."""
        unknown = [term for term in terms if (term, term) not in self._known]
        return self._missing(self._terms.place((term,)) for term in unknown)

    def missing_ranges(self, ranges: Iterable[Range]) -> list[Place]:
        """The blocks that have to be read for these ranges of terms."""
        return self._missing(
            place
            for low, high in ranges
            if (low, high) not in self._known
            for place in self.places_between(low, high)
        )

    def missing_entries(self, ordinals: Iterable[int]) -> list[Place]:
        """The blocks that have to be read for these entries."""
        return self._missing(self._entries.place((ordinal,)) for ordinal in ordinals)

    def places_between(self, low: str, high: str) -> Sequence[Place]:
        """The blocks in which terms of a range may stand."""
        run = self._terms
        first = max(0, bisect_right(run.starts, (low,)) - 1)
        return run.places[first : bisect_right(run.starts, (high,))]

    def _missing(self, places: Iterable[Place | None]) -> list[Place]:
        found = {place.block: place for place in places if place is not None}
        return [place for name, place in found.items() if name not in self._cache]

    def _block(self, place: Place) -> Block:
        block = self._cache.get(place.block)
        if block is None:
            raise Missing(POSTINGS if place.file is self.postings else ENTRIES, (), places=[place])
        return block


class Shelves:
    """All segments that are a state."""

    def __init__(self, segments: Iterable[StoredSegment] = ()) -> None:
        self.segments: list[Readable] = list(segments)
        self._held: dict[int, Segment] = {}
        """The segments in memory, by the identity of what reads them."""

    def require(self, terms: Sequence[str]) -> None:
        """Nothing, once the postings of these terms can be read. Raises: Missing."""
        stored = self._stored()
        _raise_for(POSTINGS, [p for each in stored for p in each.missing_terms(terms)])

    def require_ranges(self, wanted: Sequence[tuple[Readable, Sequence[Range]]]) -> None:
        """Nothing, once the postings of these ranges of terms can be read. Raises: Missing."""
        missing = [
            place
            for segment, ranges in wanted
            if isinstance(segment, StoredSegment)
            for place in segment.missing_ranges(ranges)
        ]
        _raise_for(POSTINGS, missing)

    def require_entries(self, wanted: Sequence[tuple[Readable, Sequence[int]]]) -> None:
        """Nothing, once these entries can be read. Raises: Missing."""
        missing = [
            place
            for segment, ordinals in wanted
            if isinstance(segment, StoredSegment)
            for place in segment.missing_entries(ordinals)
        ]
        _raise_for(ENTRIES, missing)

    def lay(self, documents: Mapping[Object, Document | None]) -> None:
        """These objects are as these documents say, or gone; whatever was known of them is hidden.

        Raises: Missing, before anything is changed.
        """
        hidden = self.hidden_by(documents)
        for segment, bits in zip(self.segments, hidden, strict=True):
            segment.hidden |= bits
        standing = [each for each in documents.values() if each is not None]
        for start in range(0, len(standing), ORDINALS_MAX):
            self._add(built(standing[start : start + ORDINALS_MAX]))
        self._merge()

    def hidden_by(self, objects: Iterable[Object]) -> list[int]:
        """The documents of these objects, by segment. Raises: Missing."""
        identities = [identity_of(kind, key) for kind, key in objects]
        self.require(list({identity_term(each) for each in identities}))
        return [_held_by(segment, identities) for segment in self.segments]

    def _add(self, segment: Segment) -> None:
        read = MemorySegment(segment)
        self.segments.append(read)
        self._held[id(read)] = segment

    def _merge(self) -> None:
        """Fewer segments in memory, when there are many of like size."""
        own = [each for each in self.segments if id(each) in self._held]
        due = merge_due([alive(each) for each in own])
        if not due:
            return
        parts = [own[at] for at in due]
        whole = merged([(self._held.pop(id(each)), each.hidden) for each in parts])
        self.segments = [each for each in self.segments if each not in parts]
        if whole.entries:
            self._add(whole)

    def _stored(self) -> list[StoredSegment]:
        return [each for each in self.segments if isinstance(each, StoredSegment)]


def alive(segment: Readable) -> int:
    """How many documents the segment does not hide."""
    return segment.size - segment.hidden.bit_count()


def merge_due(sizes: Sequence[int]) -> list[int]:
    """Which segments become one: those of like size once they are many; none while there are few.

    >>> merge_due([5_000, 1, 1, 1, 1, 1, 1, 1, 1])
    [1, 2, 3, 4, 5, 6, 7, 8]
    """
    classes: dict[int, list[int]] = {}
    for at, size in enumerate(sizes):
        if size < ORDINALS_MAX // 2:
            classes.setdefault(int(log(max(1, size), FAN_OUT) + 1e-9), []).append(at)
    for _, alike in sorted(classes.items()):
        if len(alike) >= FAN_OUT:
            return _fitting(alike, sizes)
    return []


def _fitting(alike: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """As many of the segments as one can hold."""
    taken: list[int] = []
    for at in alike:
        if sum(sizes[each] for each in taken) + sizes[at] <= ORDINALS_MAX:
            taken.append(at)
    return taken


def _held_by(segment: Readable, identities: Iterable[bytes]) -> int:
    bits = 0
    for identity in identities:
        ordinal = ordinal_in(segment.get(identity_term(identity)), identity)
        if ordinal is not None:
            bits |= 1 << ordinal
    return bits


def _raise_for(table: object, places: Sequence[Place]) -> None:
    if places:
        raise Missing(table, (), places=places)  # type: ignore[arg-type]


__all__ = ["Shelves", "StoredSegment", "alive", "merge_due"]
