"""What search answers: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec

from arco.service.search.hits import SearchHit


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found, best first."""

    hits: list[SearchHit]
    """One page of them."""
    total: int
    """How many objects on all pages, out of those the caller may know of."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["SearchAnswer"]
