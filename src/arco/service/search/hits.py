"""Hits: what is told of each object that was found, and of where the words stand in it.

Law: a hit is told from the rows that the caller sees, never from an index. Must not know how it was
found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

import msgspec

from arco.catalog.kinds import Found, Kind, at_key
from arco.catalog.search.ranking import Hit, level_of
from arco.catalog.search.typos import is_mendable, is_one_slip
from arco.catalog.search.words import Word, plain, words_in, words_of
from arco.catalog.tables import COLUMNS, TAGS
from arco.model import State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.tables import ASSETS
from arco.service.search.documents import ASSET, CONTAINERS, definition_of

FRAGMENTS_MAX = 5
FRAGMENT_CHARACTERS = 120
COMMENT_CHARACTERS = 500
SPANS_MAX = 32


class Fit(StrEnum):
    """How well the worst of the words that were asked for fits, best first."""

    NAME = "NAME"
    """The words are its whole name."""
    IN_NAME = "IN_NAME"
    """A word of its name."""
    BEGINS_NAME = "BEGINS_NAME"
    """A word of its name begins so."""
    ABOUT = "ABOUT"
    """What it stands in, a column, tag, owner or group."""
    BEGINS_ABOUT = "BEGINS_ABOUT"
    """One of these begins so."""
    TEXT = "TEXT"
    """A comment or description."""
    BEGINS_TEXT = "BEGINS_TEXT"
    """A word of one begins so."""
    LIKE_NAME = "LIKE_NAME"
    """Nothing has the word; a word of the name is one slip away."""
    LIKE_OTHER = "LIKE_OTHER"
    """The same for any other word."""


FITS = tuple(Fit)


class Fragment(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what is said of an object, and where the words that were asked for stand in it."""

    field: str
    """`name`, `namespace`, `column`, `tag`, `owner`, `group`, `comment`, `column_comment` or
    `description`."""
    text: str
    """The text, cut around the words where it is long."""
    spans: tuple[tuple[int, int], ...]
    """First character and the one behind the last, of each word."""


class SearchHit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One object that was found."""

    kind: str
    """`catalog`, `namespace`, `table`, `view`, `volume`, `function`, or `asset` for one whose table
    does not stand yet."""
    full_name: str
    """Its name with every part."""
    object_id: str
    fit: Fit
    """How well the worst of the words fits."""
    owner: str = ""
    comment: str = ""
    """Its comment, else how its code describes it; cut after 500 characters."""
    materialized_at: datetime | None = None
    """When its data last changed."""
    fragments: tuple[Fragment, ...] = ()
    """Where the words stand, at most five."""


class _Told(msgspec.Struct, frozen=True):
    """An object and everything that words may stand in."""

    full_name: str
    object_id: str
    owners: tuple[str, ...]
    comment: str
    materialized_at: datetime | None
    texts: tuple[tuple[str, str], ...]
    """Field and text of each."""


def hit_of(state: State, hit: Hit, *, words: Sequence[str]) -> SearchHit | None:
    """What is told of a hit; None when its row is not there for whoever asks."""
    entry, fit = hit.entry, FITS[level_of(hit.rank)]
    told = (
        _of_asset(state, entry.key[0])
        if entry.kind == ASSET
        else _of_object(state, hit, words=words)
    )
    if told is None:
        return None
    return SearchHit(
        kind=entry.kind,
        full_name=told.full_name,
        object_id=told.object_id,
        fit=fit,
        owner=", ".join(told.owners),
        comment=told.comment[:COMMENT_CHARACTERS],
        materialized_at=told.materialized_at,
        fragments=tuple(islice(_fragments(told, words), FRAGMENTS_MAX)),
    )


def _of_object(state: State, hit: Hit, *, words: Sequence[str]) -> _Told | None:
    found = at_key(state, Kind(hit.entry.kind), key=hit.entry.key)
    if found is None:
        return None
    row = found.row
    definition = definition_of(state, row) if found.kind is Kind.TABLE else None
    name = found.name if found.kind in CONTAINERS else row.name
    above = found.full_name.rpartition(".")[0]
    names = [("name", name), *([("namespace", above)] if above else [])]
    # Columns of scattered tables are the dearest rows to read: not for what its name says.
    is_named = all(any(_may_have(text, [word]) for _, text in names) for word in words)
    parts = () if is_named else _of_its_parts(state, found)
    texts = [*names, *parts, *_said(row), *_defined(definition)]
    described = definition.description if definition is not None else ""
    return _Told(
        full_name=found.full_name,
        object_id=found.object_id,
        owners=_owners(row.owner, definition),
        comment=row.comment or getattr(row, "description", "") or described,
        materialized_at=getattr(row, "materialized_at", None),
        texts=tuple(texts),
    )


def _of_asset(state: State, key: str) -> _Told | None:
    asset = state.get(ASSETS, key)
    if asset is None:
        return None
    definition = asset.definition
    return _Told(
        full_name=f"main.{key}",
        object_id=asset.asset_id,
        owners=definition.owners,
        comment=definition.description,
        materialized_at=None,
        texts=(("name", definition.name), *_defined(definition)),
    )


def _of_its_parts(state: State, found: Found) -> Iterator[tuple[str, str]]:
    """What rows of other tables say of it."""
    if found.kind is Kind.TABLE:
        columns = list(state.range(COLUMNS, found.object_id))
        yield from (("column", each.name) for each in columns)
        yield from (("column_comment", each.comment) for each in columns if each.comment)
    for tag in state.range(TAGS, found.object_id):
        yield "tag", f"{tag.tag}={tag.value}" if tag.value else tag.tag


def _said(row: Any) -> Iterator[tuple[str, str]]:
    if row.owner:
        yield "owner", row.owner
    for each in (row.comment, getattr(row, "description", "")):
        if each:
            yield "comment", each


def _defined(definition: AssetDefinition | None) -> Iterator[tuple[str, str]]:
    if definition is None:
        return
    for tag, value in definition.tags.items():
        yield "tag", f"{tag}={value}" if value else tag
    yield from (("owner", each) for each in definition.owners)
    if definition.group:
        yield "group", definition.group
    if definition.description:
        yield "description", definition.description


def _owners(owner: str | None, definition: AssetDefinition | None) -> tuple[str, ...]:
    named = (owner or "", *(definition.owners if definition is not None else ()))
    return tuple(dict.fromkeys(each for each in named if each))


def _fragments(told: _Told, words: Sequence[str]) -> Iterator[Fragment]:
    seen: set[str] = set()
    for field, text in told.texts:
        if text not in seen and _may_have(text, words):
            seen.add(text)
            fragment = _fragment(field, plain(text), words=words)
            if fragment is not None:
                yield fragment


def _may_have(text: str, words: Sequence[str]) -> bool:
    """False for texts whose words, which are remembered, are others."""
    return any(_fits(known, word) for known in words_of(text) for word in words)


def _fragment(field: str, text: str, *, words: Sequence[str]) -> Fragment | None:
    """The piece around the first word that fits."""
    marked = list(islice(_marked(text, words), SPANS_MAX))
    if not marked:
        return None
    start = (
        max(0, marked[0][0] - FRAGMENT_CHARACTERS // 3) if len(text) > FRAGMENT_CHARACTERS else 0
    )
    end = min(len(text), start + FRAGMENT_CHARACTERS)
    spans = tuple((first - start, last - start) for first, last in marked if last <= end)
    return Fragment(field=field, text=text[start:end], spans=spans)


def _marked(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the words stand: those that capitals join are marked as a whole."""
    for at, stretch in _stretches(text):
        joined = "".join(part.text for part in stretch)
        fitting = [part for part in stretch if any(_fits(part.text, word) for word in words)]
        if fitting:
            yield from ((part.start, part.end) for part in fitting)
        elif any(_fits(joined, word) for word in words):
            yield at, stretch[-1].end


def _stretches(text: str) -> Iterator[tuple[int, list[Word]]]:
    """Words that stand side by side without anything between them."""
    stretch: list[Word] = []
    for word in words_in(text):
        if stretch and word.start != stretch[-1].end:
            yield stretch[0].start, stretch
            stretch = []
        stretch.append(word)
    if stretch:
        yield stretch[0].start, stretch


def _fits(known: str, word: str) -> bool:
    return known.startswith(word) or (is_mendable(word) and is_one_slip(known, word))


__all__ = ["FITS", "Fit", "Fragment", "SearchHit", "hit_of"]
