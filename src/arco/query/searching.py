"""`system.search('words')`: what search finds, as rows that SQL goes on with.

Law L4: they are of the slot of everything else that the query reads. Must not know SQL.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from arco.access.callers import Caller
from arco.model import State, Table
from arco.service.search.hits import Fit
from arco.service.search.searching import Lookup
from arco.service.workspace import Workspace

ROWS_MAX = 1_000


class Searched(msgspec.Struct, frozen=True):
    """A search that a query reads from."""

    words: str


class SearchLine(msgspec.Struct, frozen=True, kw_only=True):
    """One object that was found."""

    position: int
    """1 is the best."""
    kind: str
    full_name: str
    object_id: str
    fit: Fit
    owner: str
    comment: str
    materialized_at: datetime | None = None


SEARCH = Table("search", SearchLine, ("position",))


async def search_lines(
    workspace: Workspace,
    searched: Searched,
    *,
    caller: Caller,
    seq: int,
    see: Callable[[State], State],
) -> list[SearchLine]:
    """The best thousand that the caller may know of, at slot `seq`."""
    lookup = Lookup(text=searched.words, limit=ROWS_MAX)
    found = await workspace.search.asked(lookup, caller, view=see)
    if found.token.seq != seq:
        past = await workspace.pasts.at(seq)
        found = await workspace.search.asked(lookup, caller, view=see, past=past)
    return [
        SearchLine(
            position=position,
            kind=hit.kind,
            full_name=hit.full_name,
            object_id=hit.object_id,
            fit=hit.fit,
            owner=hit.owner,
            comment=hit.comment,
            materialized_at=hit.materialized_at,
        )
        for position, hit in enumerate(found.hits, 1)
    ]


__all__ = ["ROWS_MAX", "SEARCH", "SearchLine", "Searched", "search_lines"]
