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
from arco.catalog.search.bits import bits_of, union_of
from arco.catalog.search.documents import POPULARITY_MAX, WORD_END, WORDS, Entry, Posting, Term
from arco.catalog.search.segments import crowd_term, mended_words
from arco.catalog.search.typos import is_mendable, is_one_slip, remainders
from arco.model import Key

FRESH_DAYS = 7
LEVELS = 9
"""The whole name; name, about and said, each as a word and as a beginning; slips in the name, and
slips elsewhere."""
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
    """What the question finds, in each segment where it finds something. Raises: NotLoaded.

    Cost: segments that lack one of the words are left alone, unless all others lack another one.
    """
    library.require([Term.BEGINNING])
    look = _Look(library, asked, sight)
    mended = {word: _mended(library, word) for word in look.slipped()}
    spelled = [word for word in asked.words if word not in mended]
    near = [each for each in look.having(spelled) if all(each in held for held in mended.values())]
    look.read(near)
    found = []
    for segment in near:
        levels = [
            mended[word][segment] if word in mended else look.levels(segment, word)
            for word in asked.words
        ]
        joint = _joint(segment, asked, base=look.base(segment), levels=levels)
        if joint[-1]:
            found.append(_match(segment, asked, levels=joint))
    return found


class _Look:
    """One question on its way through segments: what it takes of each is worked out once."""

    def __init__(self, library: Library, asked: Asked, sight: Sight) -> None:
        self._asked = asked
        self._sight = sight
        self._begun = {each: _begun(each, asked) for each in library.segments}
        """The words with which some word of the segment may begin."""
        self._bases: dict[Readable, int] = {}
        self._levels: dict[tuple[Readable, str], Sequence[int]] = {}
        self._read = library.require_ranges

    def having(self, words: Iterable[str]) -> list[Readable]:
        """The segments that may have all of the words."""
        wanted = set(words)
        return [each for each, begun in self._begun.items() if wanted <= begun]

    def read(self, segments: Iterable[Readable]) -> None:
        """Nothing, once what the question asks of these segments is there. Raises: NotLoaded."""
        begun = [(each, sorted(self._begun[each])) for each in segments]
        self._read([(each, list(_terms(self._asked, words))) for each, words in begun])
        self._read([(each, list(_ranges(each, self._asked, words=words))) for each, words in begun])

    def slipped(self) -> list[str]:
        """The words that nothing has which may be found at all: they may be misspelt.

        Where all words are is looked first: nearly always each of them is known there.
        """
        unsure = [word for word in self._asked.words if is_mendable(word)]
        near = self.having(self._asked.words)
        unsure = self._unknown(unsure, within=near)
        return self._unknown(unsure, within=[each for each in self._begun if each not in near])

    def base(self, segment: Readable) -> int:
        """The documents that may be found at all."""
        known = self._bases.get(segment)
        if known is None:
            seen = self._sight(segment)
            known = self._bases[segment] = _base(segment, self._asked, seen=seen)
        return known

    def levels(self, segment: Readable, word: str) -> Sequence[int]:
        """Per level the documents in which the word is found so well or better."""
        known = self._levels.get((segment, word))
        if known is None:
            known = self._levels[segment, word] = _levels(segment, word)
        return known

    def _unknown(self, words: Sequence[str], *, within: Iterable[Readable]) -> list[str]:
        having = [each for each in within if not self._begun[each].isdisjoint(words)]
        self.read(having)
        return [word for word in words if not any(self._has(each, word) for each in having)]

    def _has(self, segment: Readable, word: str) -> bool:
        if word not in self._begun[segment]:
            return False
        return bool(self.levels(segment, word)[-1] & self.base(segment))


def _terms(asked: Asked, words: Iterable[str]) -> Iterator[Range]:
    """What is read of a segment that has these words, whatever its postings say."""
    found = [Term.KIND + kind for kind in asked.kinds]
    found += [f"{Term.LENGTH}{number}" for number in range(1, len(asked.words) + 1)]
    found += [Term.TAG + tag for tag in asked.tags]
    found += [Term.OWNER + owner for owner in (*asked.owners, *asked.mine)]
    found += [Term.ROOM + asked.room] if asked.room else []
    found += [f"{Term.POPULAR}{n}" for n in range(1, POPULARITY_MAX + 1)]
    for word in words:
        found += [field + word for field in WORDS]
        found += [crowd_term(field, word) for field in WORDS]
    yield from zip(found, found, strict=True)


def _ranges(segment: Readable, asked: Asked, *, words: Iterable[str]) -> Iterator[Range]:
    yield _since(min(asked.fresh_since or date.max, _week(asked)))
    if asked.room:
        yield _beginning_with(Term.ROOM, f"{asked.room}.")
    for word in words:
        for field in WORDS:
            if segment.get(crowd_term(field, word)) is None:
                yield _beginning_with(field, word)


def _begun(segment: Readable, asked: Asked) -> frozenset[str]:
    """The words with which some word of the segment may begin."""
    marks = segment.get(Term.BEGINNING)
    if marks is None:
        return frozenset()
    return frozenset(word for word in asked.words if may_begin(marks.documents, word))


def _week(asked: Asked) -> date:
    return asked.today - timedelta(days=FRESH_DAYS - 1)


def _since(day: date) -> Range:
    return Term.FRESH + day.isoformat(), Term.FRESH + WORD_END


def _any(segment: Readable, terms: Iterable[str]) -> int:
    """The documents that one of the terms finds."""
    return reduce(or_, (_bits(segment, segment.get(term)) for term in terms), 0)


def _of(segment: Readable, postings: Iterable[Posting]) -> int:
    return union_of(((each.documents, each.count) for each in postings), size=segment.size)


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


def _mended(library: Library, word: str) -> dict[Readable, Sequence[int]]:
    """The same for a word that nothing has, taken for others that are one slip away, in each
    segment that has some.
    """
    library.require(slips := [Term.MENDED + each for each in remainders(word)])
    near: dict[Readable, list[str]] = {}
    for segment in library.segments:
        held = [segment.get(slip) for slip in slips]
        known = {each for posting in held if posting for each in mended_words(posting)}
        close = sorted(each for each in known if is_one_slip(word, each))
        if close:
            near[segment] = close
    library.require_ranges([(each, list(_slips(words))) for each, words in near.items()])
    return {segment: _mended_levels(segment, words) for segment, words in near.items()}


def _slips(words: Iterable[str]) -> Iterator[Range]:
    yield from ((field + word, field + word) for word in words for field in WORDS)


def _mended_levels(segment: Readable, words: Sequence[str]) -> Sequence[int]:
    inside = _any(segment, (Term.NAME + each for each in words))
    elsewhere = (field + each for each in words for field in (Term.ABOUT, Term.SAID))
    return _rising([*[0] * (LEVELS - 2), inside, _any(segment, elsewhere)])


def _rising(levels: Sequence[int]) -> list[int]:
    risen: list[int] = []
    for level in levels:
        risen.append(level | (risen[-1] if risen else 0))
    return risen


def _joint(
    segment: Readable, asked: Asked, *, base: int, levels: Sequence[Sequence[int]]
) -> Sequence[int]:
    """Per level the documents in which every word is found so well or better."""
    if not levels:
        return [base] * LEVELS
    joint = [base & reduce(and_, (each[at] for each in levels)) for at in range(LEVELS)]
    return _rising([_whole(segment, asked.words, among=joint[4]), *joint[1:]])


def _match(segment: Readable, asked: Asked, *, levels: Sequence[int]) -> Match:
    degrees = range(POPULARITY_MAX, 0, -1) if asked.weighs_popularity else ()
    popular = [_any(segment, (f"{Term.POPULAR}{degree}",)) for degree in degrees]
    return Match(
        segment,
        tuple(levels),
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
