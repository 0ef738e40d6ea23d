"""Matching: which documents a question finds, and how well, as sets of ordinals.

A document is as good as the worst of the words asked for: a word that is the name beats one that is
in the name, that one a beginning of it, then columns and tags, then what people wrote, then slips.
Law: what the caller may not know of is taken away before anything is decided or counted, also
whether a word is taken for misspelt. Must not know where segments are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import and_, or_
from typing import Protocol, TypeAlias

import msgspec

from arco.catalog.search.beginnings import may_begin
from arco.catalog.search.bits import bits_of
from arco.catalog.search.documents import POPULARITY_MAX, WORD_END, WORDS, Entry, Posting, Term
from arco.catalog.search.segments import crowd_term, mended_words
from arco.catalog.search.typos import is_mendable, is_one_slip, remainders
from arco.model import Key

FRESH_DAYS = 7
LEVELS = 9
"""The whole name; name, about and said, each as a word and as a beginning; slips in the name, and
slips elsewhere."""
NOTHING = (0,) * LEVELS
Range: TypeAlias = tuple[str, str]


class Readable(Protocol):
    """A segment, wherever it is; what is not in memory is raised as `NotLoaded`."""

    size: int
    hidden: int
    """The ordinals whose objects are gone, or told otherwise by a segment that is newer."""

    def get(self, term: str) -> Posting | None: ...
    def between(self, low: str, high: str) -> Sequence[Posting]: ...
    def entry(self, ordinal: int) -> Entry: ...
    def place(self, order: Key) -> int: ...


class Library(Protocol):
    """All segments; together they hold each object at most once that is not hidden."""

    @property
    def segments(self) -> Sequence[Readable]: ...

    def require(self, terms: Sequence[str]) -> None:
        """Nothing, once the postings of these terms can be read in every segment.

        Raises: NotLoaded.
        """
        ...

    def require_ranges(self, wanted: Sequence[tuple[Readable, Sequence[Range]]]) -> None:
        """The same for those of ranges of terms, in some segments."""
        ...

    def require_entries(self, wanted: Sequence[tuple[Readable, Sequence[int]]]) -> None:
        """The same for entries."""
        ...


Sight: TypeAlias = Callable[[Readable], int]
"""The ordinals of a segment that the caller may know of."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; each filter that is not empty must hold."""

    words: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """All of these."""
    owners: tuple[str, ...] = ()
    """One of these."""
    room: str = ""
    """The catalog or namespace to look in, with everything in it."""
    fresh_since: date | None = None
    today: date
    mine: tuple[str, ...] = ()
    """Owners that are the caller."""
    weighs_popularity: bool = True
    """False for who may not know of everything: what is hidden must move nothing."""


class Match(msgspec.Struct, frozen=True, eq=False):
    """What was found in one segment."""

    segment: Readable
    levels: tuple[int, ...]
    """Per level the documents that are at least as good."""
    mine: int
    popular: tuple[int, ...]
    """Per degree, the highest first; the last one is all others."""
    fresh: int

    @property
    def count(self) -> int:
        """How many documents."""
        return self.levels[-1].bit_count()


def matches(library: Library, asked: Asked, *, sight: Sight) -> list[Match]:
    """What the question finds, in each segment that has its words. Raises: NotLoaded."""
    library.require([Term.BEGINNING])
    library.require_ranges([(each, list(_terms(each, asked))) for each in library.segments])
    library.require_ranges([(each, list(_ranges(each, asked))) for each in library.segments])
    bases = [_base(each, asked, seen=sight(each)) for each in library.segments]
    found: list[list[Sequence[int]]] = [[] for _ in bases]
    for word in asked.words:
        levels = [_levels(segment, word) for segment in library.segments]
        known = any(base & each[-1] for base, each in zip(bases, levels, strict=True))
        if not known and is_mendable(word):
            levels = _mended(library, word)
        for each, told in zip(found, levels, strict=True):
            each.append(told)
    return [
        _match(segment, asked, base=base, levels=levels)
        for segment, base, levels in zip(library.segments, bases, found, strict=True)
        if all(each[-1] for each in levels)
    ]


def _terms(segment: Readable, asked: Asked) -> Iterator[Range]:
    """What is read of a segment whatever its postings say."""
    found = [Term.KIND + kind for kind in asked.kinds]
    found += [f"{Term.LENGTH}{number}" for number in range(1, len(asked.words) + 1)]
    found += [Term.TAG + tag for tag in asked.tags]
    found += [Term.OWNER + owner for owner in (*asked.owners, *asked.mine)]
    found += [Term.ROOM + asked.room] if asked.room else []
    found += [f"{Term.POPULAR}{n}" for n in range(1, POPULARITY_MAX + 1)]
    for word in _begun(segment, asked):
        found += [field + word for field in WORDS]
        found += [crowd_term(field, word) for field in WORDS]
    yield from zip(found, found, strict=True)


def _ranges(segment: Readable, asked: Asked) -> Iterator[Range]:
    yield _since(min(asked.fresh_since or date.max, _week(asked)))
    if asked.room:
        yield _beginning_with(Term.ROOM, f"{asked.room}.")
    for word in _begun(segment, asked):
        for field in WORDS:
            if segment.get(crowd_term(field, word)) is None:
                yield _beginning_with(field, word)


def _begun(segment: Readable, asked: Asked) -> list[str]:
    """The words with which some word of the segment may begin."""
    return [word for word in asked.words if _may_have(segment, word)]


def _may_have(segment: Readable, word: str) -> bool:
    marks = segment.get(Term.BEGINNING)
    return marks is not None and may_begin(marks.documents, word)


def _week(asked: Asked) -> date:
    return asked.today - timedelta(days=FRESH_DAYS - 1)


def _since(day: date) -> Range:
    return Term.FRESH + day.isoformat(), Term.FRESH + WORD_END


def _any(segment: Readable, terms: Iterable[str]) -> int:
    """The documents that one of the terms finds."""
    return reduce(or_, (_bits(segment, segment.get(term)) for term in terms), 0)


def _of(segment: Readable, postings: Iterable[Posting]) -> int:
    return reduce(or_, (_bits(segment, posting) for posting in postings), 0)


def _bits(segment: Readable, posting: Posting | None) -> int:
    if posting is None:
        return 0
    return bits_of(posting.documents, posting.count, size=segment.size)


def _base(segment: Readable, asked: Asked, *, seen: int) -> int:
    """The documents that may be found at all."""
    left = seen & ~segment.hidden
    if asked.kinds:
        left &= _any(segment, (Term.KIND + kind for kind in asked.kinds))
    for tag in asked.tags:
        left &= _any(segment, (Term.TAG + tag,))
    if asked.owners:
        left &= _any(segment, (Term.OWNER + owner for owner in asked.owners))
    if asked.room:
        inside = segment.between(*_beginning_with(Term.ROOM, f"{asked.room}."))
        left &= _any(segment, (Term.ROOM + asked.room,)) | _of(segment, inside)
    if asked.fresh_since is not None:
        left &= _of(segment, segment.between(*_since(asked.fresh_since)))
    return left


def _levels(segment: Readable, word: str) -> Sequence[int]:
    """Per level the documents in which the word is found so well or better."""
    if not _may_have(segment, word):
        return NOTHING
    alike: list[int] = [0]
    for field in WORDS:
        alike += [_any(segment, (field + word,)), _beginning(segment, field, word=word)]
    return _rising([*alike, 0, 0])


def _beginning(segment: Readable, field: str, *, word: str) -> int:
    crowd = segment.get(crowd_term(field, word))
    if crowd is not None:
        return _bits(segment, crowd)
    return _of(segment, segment.between(*_beginning_with(field, word)))


def _beginning_with(field: str, word: str) -> Range:
    return field + word, field + word + WORD_END


def _mended(library: Library, word: str) -> list[Sequence[int]]:
    """The same for a word that nothing has, taken for others that are one slip away."""
    library.require(slips := [Term.MENDED + each for each in remainders(word)])
    near: list[list[str]] = []
    for segment in library.segments:
        held = [segment.get(slip) for slip in slips]
        known = {each for posting in held if posting for each in mended_words(posting)}
        near.append(sorted(each for each in known if is_one_slip(word, each)))
    library.require([field + each for words in near for each in words for field in WORDS])
    found: list[Sequence[int]] = []
    for segment, words in zip(library.segments, near, strict=True):
        inside = _any(segment, (Term.NAME + each for each in words))
        elsewhere = (field + each for each in words for field in (Term.ABOUT, Term.SAID))
        found.append(_rising([*[0] * (LEVELS - 2), inside, _any(segment, elsewhere)]))
    return found


def _rising(levels: Sequence[int]) -> list[int]:
    risen: list[int] = []
    for level in levels:
        risen.append(level | (risen[-1] if risen else 0))
    return risen


def _match(segment: Readable, asked: Asked, *, base: int, levels: Sequence[Sequence[int]]) -> Match:
    if levels:
        joint = [base & reduce(and_, (each[at] for each in levels)) for at in range(LEVELS)]
        whole = _whole(segment, asked.words, among=joint[4])
        joint = _rising([whole, *joint[1:]])
    else:
        joint = [base] * LEVELS
    degrees = range(POPULARITY_MAX, 0, -1) if asked.weighs_popularity else ()
    popular = [_any(segment, (f"{Term.POPULAR}{degree}",)) for degree in degrees]
    return Match(
        segment,
        tuple(joint),
        mine=_any(segment, (Term.OWNER + owner for owner in asked.mine)),
        popular=(*popular, ~reduce(or_, popular, 0)),
        fresh=_of(segment, segment.between(*_since(_week(asked)))),
    )


def _whole(segment: Readable, words: Sequence[str], *, among: int) -> int:
    """The documents every word of whose name was asked for, and no word was that they lack."""
    if not among:
        return 0
    asked = [_any(segment, (Term.NAME + word,)) for word in words]
    known = [_any(segment, (field + word for field in WORDS[:2])) for word in words]
    exactly = [reduce(and_, known, among)]
    for bits in asked:
        # Documents by how many of the words so far are in their name.
        less = [0, *exactly]
        exactly = [
            (same & ~bits) | (fewer & bits) for same, fewer in zip([*exactly, 0], less, strict=True)
        ]
    counted = enumerate(exactly[1:], start=1)
    return reduce(or_, (bits & _any(segment, (f"{Term.LENGTH}{n}",)) for n, bits in counted), 0)


__all__ = [
    "FRESH_DAYS",
    "LEVELS",
    "Asked",
    "Library",
    "Match",
    "Range",
    "Readable",
    "Sight",
    "matches",
]
