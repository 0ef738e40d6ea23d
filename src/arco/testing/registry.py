"""A tiny domain to shake engines with: unique names that come and go, and counters.

Every event carries a token of its own, so a checker can find any request in the log. Must not know
engines or worlds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from arco.errors import AlreadyExists, NotFound
from arco.model import Change, Decision, Domain, Drop, Event, Payload, Put, State, Table


class Name(msgspec.Struct, frozen=True):
    """A name that is taken, and by which request."""

    name: str
    token: str


class Total(msgspec.Struct, frozen=True):
    """What was added to a counter."""

    counter: str
    amount: int


class Token(msgspec.Struct, frozen=True):
    """A request that was carried out."""

    token: str


NAMES = Table("registry.names", Name, ("name",))
TOTALS = Table("registry.totals", Total, ("counter",))
TOKENS = Table("registry.tokens", Token, ("token",))


class NameTaken(Payload, frozen=True):
    """The name now belongs to this request."""

    name: str
    token: str


class NameFreed(Payload, frozen=True):
    """The name is free again."""

    name: str
    token: str


class Added(Payload, frozen=True):
    """The counter grew."""

    counter: str
    amount: int
    token: str


def name_taken(state: State, event: NameTaken) -> Iterator[Change]:
    """The first to ask has the name."""
    if state.get(TOKENS, event.token) is None and state.get(NAMES, event.name) is None:
        yield Put(NAMES, Name(event.name, event.token))
        yield Put(TOKENS, Token(event.token))


def name_freed(state: State, event: NameFreed) -> Iterator[Change]:
    """The row goes."""
    if state.get(TOKENS, event.token) is None:
        yield Drop(NAMES, (event.name,))
        yield Put(TOKENS, Token(event.token))


def added(state: State, event: Added) -> Iterator[Change]:
    """Each token counts once."""
    if state.get(TOKENS, event.token) is None:
        total = state.get(TOTALS, event.counter)
        amount = (total.amount if total else 0) + event.amount
        yield Put(TOTALS, Total(event.counter, amount))
        yield Put(TOKENS, Token(event.token))


REGISTRY = Domain(
    "registry",
    (NAMES, TOTALS, TOKENS),
    {NameTaken: name_taken, NameFreed: name_freed, Added: added},
)


def take_name(name: str, token: str) -> Decision:
    """The name, or AlreadyExists; asked again with its token: nothing."""

    def decide(state: State, _: datetime) -> Sequence[Event]:
        if state.get(TOKENS, token) is not None:
            return ()
        if state.get(NAMES, name) is not None:
            raise AlreadyExists("NAME_TAKEN", f"{name} is taken", hint="choose another")
        return (Event(NameTaken(name, token)),)

    return decide


def free_name(name: str, token: str) -> Decision:
    """The name's end, or NotFound; asked again with its token: nothing."""

    def decide(state: State, _: datetime) -> Sequence[Event]:
        if state.get(TOKENS, token) is not None:
            return ()
        if state.get(NAMES, name) is None:
            raise NotFound("NAME_FREE", f"{name} is not taken", hint="take it first")
        return (Event(NameFreed(name, token)),)

    return decide


def add(counter: str, amount: int, *, token: str) -> Decision:
    """A larger counter; asked again with its token: nothing."""

    def decide(state: State, _: datetime) -> Sequence[Event]:
        known = state.get(TOKENS, token) is not None
        return () if known else (Event(Added(counter, amount, token)),)

    return decide


def tally(counter: str, amount: int, *, token: str) -> Decision:
    """A larger counter each time it is carried out: safe only if the engine does so once."""
    return lambda _state, _now: (Event(Added(counter, amount, token)),)


__all__ = [
    "NAMES",
    "REGISTRY",
    "TOKENS",
    "TOTALS",
    "Added",
    "Name",
    "NameFreed",
    "NameTaken",
    "Token",
    "Total",
    "add",
    "added",
    "free_name",
    "name_freed",
    "name_taken",
    "take_name",
    "tally",
]
