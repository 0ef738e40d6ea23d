"""Refusals: a fact for each, so that who was refused is known although nothing was decided.

Law F8: each stands under an id of its own, so order never matters. They are forgotten after a
while, by an event, and so are mints. Must not know how a refusal is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Annotated

import msgspec

from arco.access.mints import MINTS
from arco.ids import milliseconds, ulid
from arco.model import Change, Decision, Drop, Event, Key, Payload, Row, State, Table

KEPT = timedelta(days=90)
FORGOTTEN_AT_ONCE_MAX = 1_000
SPANS = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=8), *map(timedelta, (3, 20)))
"""How far back is looked at once, for the newest: there may be none for days, or many a minute."""
Text = Annotated[str, msgspec.Meta(max_length=1024)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class AccessRefused(Payload, frozen=True, kw_only=True):
    """Somebody was refused something, or nobody could be recognised."""

    refusal_id: Text
    refused_at: Moment
    principal: Text = ""
    """Who asked; empty when that could not be established."""
    code: Text
    """The error that was answered."""
    rule: Text = ""
    """Why; it may say more than was answered."""
    privilege: Text = ""
    """What would have been needed."""
    securable: Text = ""
    method: Text = ""
    """The request's method."""
    path: Text = ""
    """The request's path, without its query."""
    request_id: Text = ""
    address: Text = ""
    """Where the request came from."""


class RefusalsForgotten(Payload, frozen=True):
    """Refusals and mints up to this id are kept no longer."""

    through: str


REFUSALS = Table("access.refusals", AccessRefused, ("refusal_id",), public=False)


def refusals_forgotten(state: State, event: RefusalsForgotten) -> Iterator[Change]:
    """No refusal and no mint up to the id stands."""
    for row in takewhile(lambda row: row.refusal_id <= event.through, state.range(REFUSALS)):
        yield Drop(REFUSALS, (row.refusal_id,))
    for mint in takewhile(lambda row: row.mint_id <= event.through, state.range(MINTS)):
        yield Drop(MINTS, (mint.mint_id,))


def newest_first(state: State, table: Table[Row], *, now: datetime) -> Iterator[Row]:
    """The rows of a table whose ids begin with their time, the newest first.

    Cost: what is taken, and the rest of the span in which the last of it stands.
    """
    until = ""
    for span in SPANS:
        begin = ulid(milliseconds(now - span), 0)
        yield from _between(state, table, after=(begin,), until=until)
        until = begin
    yield from _between(state, table, after=None, until=until)


def _between(state: State, table: Table[Row], *, after: Key | None, until: str) -> Iterator[Row]:
    rows = state.range(table, after=after)
    below = takewhile(lambda row: not until or table.key_of(row)[0] <= until, rows)
    return reversed(list(below))


def forget_refusals(kept: timedelta = KEPT) -> Decision:
    """RefusalsForgotten for the oldest that are older than `kept`, at most a thousand of a kind;
    else nothing.
    """

    def decide(state: State, now: datetime) -> Sequence[Event]:
        refused = islice(state.range(REFUSALS), FORGOTTEN_AT_ONCE_MAX)
        minted = islice(state.range(MINTS), FORGOTTEN_AT_ONCE_MAX)
        ends = [
            [row.refusal_id for row in takewhile(lambda row: row.refused_at < now - kept, refused)],
            [row.mint_id for row in takewhile(lambda row: row.minted_at < now - kept, minted)],
        ]
        # Ids begin with their time: up to the nearer end nothing of either kind is too young.
        old = [ids[-1] for ids in ends if ids]
        return [Event(RefusalsForgotten(through=min(old)))] if old else ()

    return decide


__all__ = [
    "KEPT",
    "REFUSALS",
    "AccessRefused",
    "RefusalsForgotten",
    "forget_refusals",
    "newest_first",
    "refusals_forgotten",
]
