"""Documents: what can be found, the words it is found by, and the terms these become in an index.

A term is a letter that says in which respect, and a word or a value. Law: equal documents give
equal terms. Must not know how rows become documents nor where terms are kept.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from arco.ids import sha256
from arco.model import Key

WORDS_MAX = 5_000
IDENTITY_BYTES = 12
POPULARITY_MAX = 4


class Term(StrEnum):
    """In what respect a document is found."""

    NAME = "n:"
    ABOUT = "a:"
    """What it stands in, its columns, tags, owner and group."""
    SAID = "s:"
    """What people wrote about it and its columns."""
    KIND = "k:"
    ROOM = "r:"
    """What it stands in itself, by its full name."""
    TAG = "t:"
    OWNER = "o:"
    FRESH = "f:"
    """The day its data last changed."""
    LENGTH = "l:"
    """How many words its name has."""
    POPULAR = "p:"
    IDENTITY = "i:"
    """The first byte of identities: what is held are pairs of an identity and an ordinal."""
    BEGINNING = "b:"
    """How words begin: what is held are the marks of beginnings, four bytes each."""
    MENDED = "x:"
    """A word with a letter taken out: what is held are words."""


RESPECTS = (
    Term.NAME,
    Term.ABOUT,
    Term.SAID,
    Term.TAG,
    Term.OWNER,
    Term.KIND,
    Term.LENGTH,
    Term.ROOM,
    Term.FRESH,
    Term.POPULAR,
)
"""Those in which documents say themselves what they are found by."""
WORDS = (Term.NAME, Term.ABOUT, Term.SAID)
WORD_END = "\U0010ffff"


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which object a document is of; entries stand in the order in which equals are shown."""

    ordinal: int
    """Its place in the segment."""
    full_name: str
    kind: str
    key: tuple[str, ...]
    """Of its row."""

    @property
    def order(self) -> Key:
        """Shorter names come first, then earlier ones."""
        return (len(self.full_name), self.full_name, self.kind)

    @property
    def identity(self) -> bytes:
        """Tells it from every other object, whatever it is called."""
        return identity_of(self.kind, self.key)


class Posting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The documents of a segment that a term finds."""

    term: str
    count: int
    """How many documents; for `x:` how many words."""
    documents: bytes
    """Ordinals of two bytes each, or a bit for each document, whichever is shorter; both little
    end first."""


class Document(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One object as search knows it."""

    kind: str
    key: tuple[str, ...]
    full_name: str
    name: tuple[str, ...]
    about: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    room: str = ""
    tags: tuple[str, ...] = ()
    """`pii`, and `pii=high` where the tag has a value."""
    owners: tuple[str, ...] = ()
    fresh_on: date | None = None
    popularity: int = 0

    @property
    def entry(self) -> Entry:
        """Which object it is of."""
        return Entry(ordinal=0, full_name=self.full_name, kind=self.kind, key=self.key)

    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The different words or values by which it is found, for each of `RESPECTS`."""
        return (
            self.name,
            self.about if len(self.about) <= WORDS_MAX else self.about[:WORDS_MAX],
            self.said if len(self.said) <= WORDS_MAX else self.said[:WORDS_MAX],
            self.tags,
            self.owners,
            (self.kind,),
            (str(len(self.name)),),
            (self.room,) if self.room else (),
            (self.fresh_on.isoformat(),) if self.fresh_on is not None else (),
            (str(min(self.popularity, POPULARITY_MAX)),) if self.popularity else (),
        )

    def terms(self) -> list[str]:
        """The different terms that find it."""
        pairs = zip(RESPECTS, self.texts(), strict=True)
        return [respect + text for respect, texts in pairs for text in texts]


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """Documents of a segment whose objects are gone, or stand in a newer segment."""

    segment: str
    """The name of the file of its postings."""
    documents: bytes
    """A bit for each document, little end first."""


def identity_of(kind: str, key: Key) -> bytes:
    """The identity of the object of a kind whose row has this key."""
    text = "\0".join((kind, *map(str, key)))
    return bytes.fromhex(sha256(text.encode())[: 2 * IDENTITY_BYTES])


__all__ = [
    "IDENTITY_BYTES",
    "POPULARITY_MAX",
    "RESPECTS",
    "WORDS",
    "WORD_END",
    "Document",
    "Entry",
    "Hidden",
    "Posting",
    "Term",
    "identity_of",
]
