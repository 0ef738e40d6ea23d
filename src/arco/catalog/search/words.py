"""Words: what is left of a name or a sentence once spelling, case and joints are taken off.

`dep_delay`, `DepDelay` and `dep delay` are the same two words. Law: folding a folded word changes
nothing. Must not know what the words are of.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

import msgspec

WORD_CHARACTERS_MAX = 64
SHORT_CHARACTERS = 120
MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
# Scripts that set no space between words: each character is a word.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
RUN = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])[^\W\d_][{MARKS}]*)+|\d+")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Word(msgspec.Struct, frozen=True, gc=False):
    """A word, and where it stands in the text."""

    text: str
    start: int
    end: int


def plain(text: str) -> str:
    """The text with every character in its usual form: full-width letters and ligatures undone."""
    return unicodedata.normalize("NFKC", text)


def fold(word: str) -> str:
    """The word without case and accents.

    >>> fold("Café"), fold("STRASSE") == fold("Straße")
    ('cafe', True)
    """
    if word.isascii():
        return word.lower()[:WORD_CHARACTERS_MAX]
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    bare = "".join(each for each in apart if not unicodedata.combining(each))
    return unicodedata.normalize("NFKC", bare)[:WORD_CHARACTERS_MAX]


def words_in(text: str) -> Iterator[Word]:
    """The words of a text in plain form, in order; one that is joined by capitals is told in parts.

    >>> [word.text for word in words_in("DepDelay_2013 (raw)")]
    ['dep', 'delay', '2013', 'raw']
    """
    for run in RUN.finditer(text):
        at = run.start()
        for part in CAMEL.split(run.group()):
            folded = fold(part)
            if folded:
                yield Word(folded, at, at + len(part))
            at += len(part)


def words_of(text: str) -> tuple[str, ...]:
    """The different words by which the text is found: those in it, and those joined by capitals
    also as one.

    >>> words_of("GitHub events")
    ('git', 'hub', 'github', 'events')
    """
    return _words_of_short(text) if len(text) <= SHORT_CHARACTERS else _words_of(text)


def _words_of(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for run in RUN.finditer(plain(text)):
        whole = run.group()
        if whole != whole.lower():
            found.update((fold(part), None) for part in CAMEL.split(whole))
        found[fold(whole)] = None
    found.pop("", None)
    return tuple(found)


_words_of_short = functools.lru_cache(maxsize=65_536)(_words_of)


def asked_words(text: str) -> tuple[str, ...]:
    """The different words of a question.

    >>> asked_words("raw.flights  FLIGHTS")
    ('raw', 'flights')
    """
    return tuple(dict.fromkeys(word.text for word in words_in(plain(text))))


__all__ = ["WORD_CHARACTERS_MAX", "Word", "asked_words", "fold", "plain", "words_in", "words_of"]
