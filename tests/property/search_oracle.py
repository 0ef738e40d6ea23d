"""Search as one would write it down: every document is looked at, then all are sorted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import msgspec

from arco.catalog.search.documents import Document
from arco.catalog.search.matching import Asked

WORST = 9


class Verdict(msgspec.Struct, frozen=True, order=True):
    """Where a document stands; the least comes first."""

    level: int
    is_others: bool
    unpopularity: int
    is_stale: bool
    length: int
    full_name: str
    kind: str


def found(documents: Iterable[Document], asked: Asked) -> list[tuple[str, str, int]]:
    """Kind, full name and level of everything that is found, best first."""
    kept = [each for each in documents if passes(each, asked)]
    slipped = {word for word in asked.words if not any(level_of(each, word) < 7 for each in kept)}
    verdicts = [(judged(each, asked, slipped=slipped), each) for each in kept]
    ordered = sorted((pair for pair in verdicts if pair[0].level < WORST), key=lambda pair: pair[0])
    return [(each.kind, each.full_name, verdict.level) for verdict, each in ordered]


def passes(document: Document, asked: Asked) -> bool:
    """True for what no filter takes away."""
    if asked.kinds and document.kind not in asked.kinds:
        return False
    if not all(tag in document.tags for tag in asked.tags):
        return False
    if asked.owners and not set(asked.owners) & set(document.owners):
        return False
    if asked.room and not f"{document.room}.".startswith(f"{asked.room}."):
        return False
    since = asked.fresh_since
    return since is None or (document.fresh_on is not None and document.fresh_on >= since)


def judged(document: Document, asked: Asked, *, slipped: set[str]) -> Verdict:
    """What the document is worth."""
    week = asked.today - timedelta(days=6)
    return Verdict(
        level=fit(document, asked, slipped=slipped),
        is_others=not set(asked.mine) & set(document.owners),
        unpopularity=-document.popularity if asked.weighs_popularity else 0,
        is_stale=(document.fresh_on or date.min) < week,
        length=len(document.full_name),
        full_name=document.full_name,
        kind=document.kind,
    )


def fit(document: Document, asked: Asked, *, slipped: set[str]) -> int:
    """The level of the worst word, and 0 for a name that was asked for as a whole."""
    if not asked.words:
        return 0
    levels = [
        slip_of(document, word) if word in slipped else level_of(document, word)
        for word in asked.words
    ]
    known = {*document.name, *document.about}
    if set(document.name) <= set(asked.words) <= known:
        return 0
    return max(levels)


def level_of(document: Document, word: str) -> int:
    """The best level at which the document has the word."""
    for level, words in enumerate((document.name, document.about, document.said)):
        if word in words:
            return 2 * level + 1
        if any(each.startswith(word) for each in words):
            return 2 * level + 2
    return WORST


def slip_of(document: Document, word: str) -> int:
    """The level at which the document has a word that is one slip away."""
    if len(word) < 4 or not word.isalpha():
        return WORST
    if any(is_slip(word, each) for each in document.name):
        return 7
    others = (*document.about, *document.said)
    return 8 if any(is_slip(word, each) for each in others) else WORST


def is_slip(left: str, right: str) -> bool:
    """True when the distance of Damerau and Levenshtein is at most one; slow and from the book."""
    if len(right) < 4 or not right.isalpha():
        return False
    rows: Any = [
        [max(i, j) if not i or not j else 0 for j in range(len(right) + 1)]
        for i in range(len(left) + 1)
    ]
    for i, a in enumerate(left, 1):
        for j, b in enumerate(right, 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return bool(rows[-1][-1] <= 1)
