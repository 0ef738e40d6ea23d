"""Searching: from what somebody typed to a page of hits.

Law L4: hits, their order and how many there are follow from the state at one slot, without what the
caller may not know of. Must not know HTTP or terminals.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

import msgspec

from arco.access.callers import Caller
from arco.catalog.finding import find, look_up
from arco.catalog.kinds import Kind
from arco.catalog.search.matching import Asked, Match, matches
from arco.catalog.search.ranking import Hit, page
from arco.catalog.search.words import asked_words
from arco.engine.database import Database
from arco.engine.past import Past
from arco.engine.tables import Tables
from arco.engine.tokens import StateToken
from arco.errors import Corrupt, Invalid, Unavailable
from arco.model import Key, Misses, State
from arco.service.moments import time_of
from arco.service.search.documents import KINDS
from arco.service.search.footing import Footing, Footings, Moved
from arco.service.search.hits import SearchHit, hit_of
from arco.service.search.publishing import SearchFiles
from arco.service.search.sight import Sights
from arco.service.views import View

CHARACTERS_MAX = 500
WORDS_MAX = 16
NAMES_MAX = 20
LIMIT_MAX = 200
TRIES = 5


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed; lists are written with commas."""

    text: str = ""
    kinds: str = ""
    tags: str = ""
    """`pii` or `pii=high`; all of them."""
    owners: str = ""
    """One of them."""
    namespace: str = ""
    """A namespace or a catalog, with everything in it."""
    fresh_since: str = ""
    """A day, or how long ago: only what has data of that day or later."""
    limit: int = 20
    after: Key | None = None
    """Where the last page ended: `behind` of its `Found`."""


class Found(msgspec.Struct, frozen=True):
    """A page of hits, how many there are on all pages, where the page ended if more follow, and
    the state it is of.
    """

    hits: list[SearchHit]
    total: int
    behind: Key | None
    token: StateToken


BEHIND = (int, int, str, str, str)
"""The types of `Found.behind`."""


class Search:
    """The search of one workspace."""

    def __init__(self, database: Database) -> None:
        self.files = SearchFiles(database)
        database.derivations = (*database.derivations, self.files)
        self._database = database
        self._footings = Footings(database, self.files)
        self._sights = Sights()

    async def asked(
        self,
        lookup: Lookup,
        caller: Caller,
        *,
        view: Callable[[State], State],
        past: Past | None = None,
    ) -> Found:
        """The page that was asked for, of the present state or a past one as `view` shows it.

        Raises: Invalid SEARCH_INVALID; NotFound for a namespace that is not there; Unavailable
        SEARCH_NOT_PUBLISHED. Cost: for a state that was searched before, blocks not cached.
        """
        standing = past if past is not None else self._database
        asked = asked_of(lookup, caller, now=self._database.runtime.now())
        if lookup.after is not None:
            asked = msgspec.structs.replace(asked, today=day_of(lookup.after))
        asking = _Asking(lookup, asked, standing=standing, view=view)
        for _ in range(TRIES):
            footing = await self._footings.of(standing)
            try:
                return await standing.asked(partial(self._answer, asking=asking, footing=footing))
            except Moved:
                self._footings.forget(standing)
            except Corrupt as damage:
                self._footings.distrust(standing, damage)
        raise Unavailable(
            "SEARCH_BUSY", "the catalog changed faster than it could be read", hint="ask again"
        )

    def _answer(self, state: State, *, asking: _Asking, footing: Footing) -> Found:
        lookup, standing, seen = asking.lookup, asking.standing, asking.view(state)
        asked = msgspec.structs.replace(
            asking.asked,
            room=_room(seen, lookup.namespace),
            weighs_popularity=not isinstance(seen, View),
        )
        assert isinstance(state, Tables)
        shelves = footing.shelves(state, standing.seq)
        found = asking.matched(
            (shelves, standing.seq, asked, getattr(seen, "visible", None)),
            lambda: matches(shelves, asked, sight=self._sights.of(seen, shelves)),
        )
        after = lookup.after[:-1] if lookup.after is not None else None
        hits = page(shelves, found, after=after, limit=lookup.limit + 1)
        told = _told(seen, hits[: lookup.limit], words=asked.words)
        more = len(hits) > lookup.limit
        behind = (*hits[lookup.limit - 1].place, asked.today.isoformat()) if more else None
        total = sum(match.count for match in found)
        return Found(told, total, behind, standing.token)


def _told(state: State, hits: Sequence[Hit], *, words: Sequence[str]) -> list[SearchHit]:
    """What is told of each hit. Raises: NotLoaded, for all that is missing at once."""
    found: list[SearchHit | None] = []
    misses = Misses()
    for hit in hits:
        with misses:
            found.append(hit_of(state, hit, words=words))
    misses.settle()
    return [hit for hit in found if hit is not None]


class _Asking:
    """One search on its way: what was typed, of which state, as who sees it; and what it matched,
    for as long as nothing else moved than rows into memory.
    """

    def __init__(
        self, lookup: Lookup, asked: Asked, *, standing: Any, view: Callable[[State], State]
    ) -> None:
        self.lookup = lookup
        self.asked = asked
        self.standing = standing
        self.view = view
        self._matched: tuple[object, list[Match]] | None = None

    def matched(self, of: object, find: Callable[[], list[Match]]) -> list[Match]:
        """What is found, looked for once for each of what it is found `of`."""
        if self._matched is None or self._matched[0] != of:
            self._matched = (of, find())
        return self._matched[1]


def day_of(after: Key) -> date:
    """The day on which the first page was asked for: it decides what is fresh on all of them.

    Raises: Invalid CURSOR_INVALID.
    """
    try:
        return date.fromisoformat(after[-1])
    except ValueError as error:
        raise Invalid(
            "CURSOR_INVALID",
            "the cursor is not one that search gave",
            hint="send `next_cursor` as it stands, or begin without one",
        ) from error


def asked_of(lookup: Lookup, caller: Caller, *, now: datetime) -> Asked:
    """The question that was typed, its namespace left for the state to know.

    Raises: Invalid SEARCH_INVALID, MOMENT_INVALID.
    """
    words = _words(lookup.text)
    kinds, tags = _listed(lookup.kinds), _listed(lookup.tags)
    unknown = [each for each in kinds if each not in KINDS]
    if unknown:
        raise _invalid(f"there is no kind {unknown[0][:40]!r}", f"name some of {', '.join(KINDS)}")
    since = time_of(lookup.fresh_since, now).date() if lookup.fresh_since else None
    return Asked(
        words=words,
        kinds=kinds,
        tags=tags,
        owners=_listed(lookup.owners),
        fresh_since=since,
        today=now.date(),
        mine=_mine(caller),
    )


def _words(text: str) -> tuple[str, ...]:
    if len(text) > CHARACTERS_MAX:
        raise _invalid(
            f"{len(text):,} characters are more than {CHARACTERS_MAX}", "ask for a few words"
        )
    words = asked_words(text)
    if len(words) > WORDS_MAX:
        raise _invalid(f"{len(words)} words are more than {WORDS_MAX}", "ask for fewer")
    if text.strip() and not words:
        said = "".join(each if unicodedata.category(each)[0] != "C" else "?" for each in text)
        raise _invalid(
            f"{said.strip()[:40]!r} has no letter and no digit",
            "ask for words, or leave them out and filter by kind, tag, owner or namespace",
        )
    return words


def _listed(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    if len(names) > NAMES_MAX:
        raise _invalid(f"{len(names)} names are more than {NAMES_MAX}", "filter by fewer")
    return names


def _mine(caller: Caller) -> tuple[str, ...]:
    """What an owner may be called who is the caller."""
    return () if caller.is_local else (caller.principal, *caller.groups)


def _room(state: State, name: str) -> str:
    """The full name of a namespace or catalog that the caller may know of; empty: anywhere."""
    if not name:
        return ""
    found = look_up(state, Kind.CATALOG, name=name) if "." not in name else None
    found = look_up(state, Kind.NAMESPACE, name=name) or found
    if found is None:
        found = find(state, Kind.NAMESPACE, name=name)
    return found.full_name


def _invalid(problem: str, hint: str) -> Invalid:
    return Invalid("SEARCH_INVALID", problem, hint=hint)


__all__ = ["BEHIND", "LIMIT_MAX", "Found", "Lookup", "Search", "asked_of", "day_of"]
