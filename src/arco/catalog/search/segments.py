"""Segments: documents with their terms turned round, from term to documents.

A segment never changes. What is asked of a prefix that very many words have is answered by a
posting made beforehand, so no question reads more than `CROWD_WORDS` postings of a segment for a
word. Law: merging segments gives what building one of their documents gives. Must not know where
segments are kept.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from arco.catalog.search.beginnings import MARK_BYTES, marked
from arco.catalog.search.bits import ORDINALS_MAX, packed, unpacked
from arco.catalog.search.documents import (
    IDENTITY_BYTES,
    RESPECTS,
    WORDS,
    Document,
    Entry,
    Posting,
    Term,
)
from arco.catalog.search.typos import is_mendable, remainders
from arco.model import Key

CROWD_WORDS = 256
ORDINAL_IN_IDENTITY = 4
RECORD_BYTES = IDENTITY_BYTES + ORDINAL_IN_IDENTITY
WORD_SEPARATOR = "\n"
DERIVED = (Term.IDENTITY, Term.MENDED, Term.BEGINNING)
"""Terms that are worked out from entries and other terms."""


class Segment(msgspec.Struct, frozen=True, eq=False):
    """A segment in memory: entries and postings in the order of their keys."""

    entries: Sequence[Entry]
    postings: Sequence[Posting]


def built(documents: Iterable[Document]) -> Segment:
    """The segment of these documents, of which no two are of one object."""
    ordered = sorted(
        ((document.entry, document) for document in documents),
        key=lambda pair: pair[0].order,
    )
    # Terms are spelled once each, not once for each document: there are far fewer of them.
    told: list[defaultdict[str, list[int]]] = [defaultdict(list) for _ in RESPECTS]
    for ordinal, (_, document) in enumerate(ordered):
        for ordinals, texts in zip(told, document.texts(), strict=True):
            for text in texts:
                ordinals[text].append(ordinal)
    pairs = zip(RESPECTS, told, strict=True)
    found = {respect + text: each for respect, held in pairs for text, each in held.items()}
    return _finished([entry for entry, _ in ordered], found)


def merged(parts: Sequence[tuple[Segment, int]]) -> Segment:
    """One segment of the documents of several, each without the ordinals in its set."""
    alive = [
        (entry.order, entry, part, ordinal)
        for part, (segment, hidden) in enumerate(parts)
        for ordinal, entry in enumerate(segment.entries)
        if not hidden >> ordinal & 1
    ]
    alive.sort(key=lambda each: each[0])
    moved = [[-1] * len(segment.entries) for segment, _ in parts]
    for place, (_, _, part, ordinal) in enumerate(alive):
        moved[part][ordinal] = place
    found: dict[str, list[int]] = {}
    for (segment, _), places in zip(parts, moved, strict=True):
        for term, ordinals in told(segment):
            kept = [place for ordinal in ordinals if (place := places[ordinal]) >= 0]
            if kept:
                found.setdefault(term, []).extend(kept)
    for kept in found.values():
        kept.sort()
    return _finished([entry for _, entry, _, _ in alive], found)


def crowd_term(field: str, prefix: str) -> str:
    """The term of all documents that a crowd of words with one prefix finds."""
    return f"{field[0]}*{prefix}"


def mended_words(posting: Posting) -> list[str]:
    """The words that a posting of `x:` holds."""
    return posting.documents.decode().split(WORD_SEPARATOR)


def identity_term(identity: bytes) -> str:
    """The term under which an identity stands."""
    return f"{Term.IDENTITY}{identity[0]:02x}"


def ordinal_in(posting: Posting | None, identity: bytes) -> int | None:
    """The ordinal that a posting of `i:` gives the identity; None: it does not have it."""
    data = posting.documents if posting is not None else b""
    at = data.find(identity)
    while at >= 0 and at % RECORD_BYTES:
        at = data.find(identity, at + 1)
    if at < 0:
        return None
    return int.from_bytes(data[at + IDENTITY_BYTES : at + RECORD_BYTES], "little")


def told(segment: Segment) -> Iterator[tuple[str, Sequence[int]]]:
    """The terms that documents brought, and whom they find."""
    size = len(segment.entries)
    for posting in segment.postings:
        term = posting.term
        if term[1] == ":" and term[:2] not in DERIVED:
            yield term, unpacked(posting.documents, posting.count, size=size)


def _finished(entries: Sequence[Entry], found: Mapping[str, Sequence[int]]) -> Segment:
    entries = [replace(entry, ordinal=ordinal) for ordinal, entry in enumerate(entries)]
    size = len(entries)
    assert size <= ORDINALS_MAX, "a segment is divided before it is too large"
    terms = sorted(found)
    crowds = dict(_crowds(terms, found))
    postings = [
        Posting(term=term, count=len(ordinals), documents=packed(ordinals, size))
        for term, ordinals in (*found.items(), *crowds.items())
    ]
    words = {term[2:] for term in terms if term[:2] in WORDS}
    postings.append(_beginnings(words))
    postings += _identities(entries)
    postings += _mended(word for word in words if is_mendable(word))
    postings.sort(key=lambda posting: posting.term)
    return Segment(entries, postings)


def _crowds(
    terms: Sequence[str], found: Mapping[str, Sequence[int]]
) -> Iterator[tuple[str, Sequence[int]]]:
    """The prefixes that more than `CROWD_WORDS` words have, and whom those words find."""
    for field in WORDS:
        first = bisect_left(terms, field)
        stack = [(first, bisect_left(terms, field[0] + ";", lo=first), 0)]
        while stack:
            start, stop, width = stack.pop()
            if stop - start <= CROWD_WORDS:
                continue
            if width:
                prefix = terms[start][2 : 2 + width]
                yield crowd_term(field, prefix), _together(terms[start:stop], found)
            stack += _divided(terms, start, stop=stop, width=2 + width + 1)


def _divided(
    terms: Sequence[str], start: int, *, stop: int, width: int
) -> Iterator[tuple[int, int, int]]:
    """The stretches of terms that agree in one character more."""
    while start < stop:
        shared = terms[start][:width]
        end = bisect_right(terms, shared, lo=start, hi=stop, key=lambda term: term[:width])
        yield start, end, width - 2
        start = end


def _together(terms: Iterable[str], found: Mapping[str, Sequence[int]]) -> Sequence[int]:
    return sorted(set().union(*map(found.__getitem__, terms)))


def _identities(entries: Sequence[Entry]) -> Iterator[Posting]:
    records: dict[str, list[bytes]] = {}
    for ordinal, entry in enumerate(entries):
        identity = entry.identity
        record = identity + ordinal.to_bytes(ORDINAL_IN_IDENTITY, "little")
        records.setdefault(identity_term(identity), []).append(record)
    for term, held in records.items():
        yield Posting(term=term, count=len(held), documents=b"".join(sorted(held)))


def _beginnings(words: Iterable[str]) -> Posting:
    marks = marked(words)
    return Posting(term=Term.BEGINNING, count=len(marks) // MARK_BYTES, documents=marks)


def _mended(words: Iterable[str]) -> Iterator[Posting]:
    found: dict[str, list[str]] = {}
    for word in sorted(words):
        for remainder in remainders(word):
            found.setdefault(Term.MENDED + remainder, []).append(word)
    for term, held in found.items():
        data = WORD_SEPARATOR.join(held).encode()
        yield Posting(term=term, count=len(held), documents=data)


class MemorySegment:
    """A segment whose terms can be looked up."""

    def __init__(self, segment: Segment) -> None:
        self.size = len(segment.entries)
        self.hidden = 0
        self._entries = segment.entries
        self._terms = [posting.term for posting in segment.postings]
        self._postings = segment.postings

    def get(self, term: str) -> Posting | None:
        """The posting of a term."""
        at = bisect_left(self._terms, term)
        return self._postings[at] if at < len(self._terms) and self._terms[at] == term else None

    def between(self, low: str, high: str) -> Sequence[Posting]:
        """The postings of all terms from `low` to `high`."""
        return self._postings[bisect_left(self._terms, low) : bisect_right(self._terms, high)]

    def entry(self, ordinal: int) -> Entry:
        """The entry with that ordinal."""
        return self._entries[ordinal]

    def place(self, order: Key) -> int:
        """How many entries stand up to this place in their order, and with it."""
        return bisect_right(self._entries, order, key=lambda entry: entry.order)


__all__ = [
    "CROWD_WORDS",
    "MemorySegment",
    "Segment",
    "built",
    "crowd_term",
    "identity_term",
    "mended_words",
    "merged",
    "ordinal_in",
    "told",
]
