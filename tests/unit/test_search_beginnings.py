"""Beginnings of words: marks that say without a look at any posting that a segment lacks a word."""

from __future__ import annotations

from arco.catalog.search.beginnings import BEGINNING_CHARACTERS, marked, may_begin
from arco.catalog.search.documents import Document, Term
from arco.catalog.search.matching import Asked, Match, matches
from arco.catalog.search.segments import MemorySegment, built
from arco.catalog.search.words import WORD_CHARACTERS_MAX
from arco.runtime import AsyncioRuntime
from arco.service.search.shelves import Shelves
from arco.service.search.sight import everything

WORDS = ("flights", "café", "日", "7", "x" * WORD_CHARACTERS_MAX)


def test_every_beginning_of_every_word_is_marked() -> None:
    marks = marked(WORDS)
    for word in WORDS:
        assert all(may_begin(marks, word[:end]) for end in range(1, len(word) + 1))


def test_words_that_begin_otherwise_are_not() -> None:
    marks = marked(WORDS)
    assert not any(may_begin(marks, word) for word in ("lights", "flightsy", "77", "cafe", "y"))
    assert not may_begin(b"", "flights")


def test_of_a_long_word_its_beginning_decides() -> None:
    long = "y" * BEGINNING_CHARACTERS
    assert may_begin(marked([long + "es"]), long + "no")


def test_marks_are_the_same_in_whatever_order_words_come() -> None:
    assert marked(WORDS) == marked(reversed(WORDS))


class CountedSegment(MemorySegment):
    """A segment that remembers which terms it was asked for."""

    def __init__(self, *names: str) -> None:
        documents = [
            Document(kind="table", key=(each,), full_name=each, name=(each,)) for each in names
        ]
        super().__init__(built(documents))
        self.asked: list[str] = []

    def get(self, term: str):  # type: ignore[no-untyped-def]
        self.asked.append(term)
        return super().get(term)


WORD_TERMS = (Term.NAME, Term.ABOUT, Term.SAID)


def looked_for(segment: CountedSegment) -> list[str]:
    """The words whose documents the segment was asked for."""
    return [term for term in segment.asked if term[:2] in WORD_TERMS]


def matched(*segments: CountedSegment, words: tuple[str, ...]) -> list[Match]:
    shelves = Shelves()
    shelves.segments = list(segments)
    asked = Asked(words=words, today=AsyncioRuntime().now().date())
    return matches(shelves, asked, sight=everything)


def test_a_segment_without_the_word_is_not_asked_for_its_postings() -> None:
    has, lacks = CountedSegment("flights", "planes"), CountedSegment("trains")
    (match,) = matched(has, lacks, words=("flights",))
    assert match.segment is has and match.count == 1
    assert Term.NAME + "flights" in has.asked
    assert not looked_for(lacks)


def test_a_segment_that_has_but_one_of_the_words_is_not_asked_for_it() -> None:
    has, lacks = CountedSegment("flights", "daily"), CountedSegment("flights")
    assert matched(has, lacks, words=("flights", "daily")) == []
    assert looked_for(has) and not looked_for(lacks)


def test_words_that_no_segment_has_together_are_known_where_each_of_them_is() -> None:
    first, second = CountedSegment("flights"), CountedSegment("planet")
    assert matched(first, second, words=("flights", "planet")) == []
    for slips in (("flihgts", "planet"), ("flights", "plamet")):
        assert matched(first, second, words=slips) == []
    (match,) = matched(first, CountedSegment("fright"), words=("flightz",))
    assert match.segment is first
