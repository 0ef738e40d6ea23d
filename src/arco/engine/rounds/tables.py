"""How far rounds over the store have come, and what they found damaged.

Law F3: an advance names the cursor it goes on from, so that one that is repeated changes nothing.
Must not know what the objects hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from arco.model import Change, Drop, Payload, Put, Reducer, State, Table

DAMAGES_MAX = 1_000
"""So many are kept of one round; the rest is only counted."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """How far the rounds of one kind have come: what a leader goes on with."""

    name: str
    """What the round looks at: `log`, `snapshots`, `lanes` or `strays`."""
    number: int
    """Counts rounds of this kind."""
    cursor: str
    """Where the round goes on; empty: it has ended."""
    began_at: datetime
    """When this round began."""
    moved_at: datetime
    """When its newest piece was looked at."""
    verified_at: datetime | None = None
    """When the newest complete round began: what was damaged before it was found; null: none."""
    objects: int
    """How many objects this round has looked at."""
    size_bytes: int
    """How many bytes it has read."""
    damages: int
    """How many of them were not as they should be."""


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """An object that the newest round found not as it should be."""

    name: str
    """The kind of round that found it."""
    subject: str
    """The object."""
    problem: str
    """What is wrong."""
    hint: str
    """What to do."""
    is_mended: bool
    """True: nobody has to do anything."""
    number: int
    """The newest round that found it so."""
    found_at: datetime
    """When it was found first."""


class Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is not as it should be."""

    subject: str
    """The object."""
    problem: str
    """What is wrong."""
    hint: str = ""
    """What to do."""
    is_mended: bool = False
    """True: nobody has to do anything."""


class RoundAdvanced(Payload, frozen=True):
    """A piece of the store was looked at."""

    name: str
    """What the round looks at: `log`, `snapshots`, `lanes` or `strays`."""
    number: int
    """Counts rounds of this kind."""
    cursor_from: str
    """Where it went on; empty: the round begins."""
    cursor: str
    """Where it goes on next; empty: the round has ended."""
    objects: int
    """How many objects the piece has."""
    size_bytes: int
    """How many bytes were read."""
    moved_at: datetime
    """When it was looked at, by the looking process's clock."""
    damages: int = 0
    """How many of the objects were not as they should be."""
    found: tuple[Found, ...] = ()
    """Those of them that are kept."""


ROUNDS = Table("engine.rounds", Round, ("name",))
DAMAGES = Table("engine.damages", Damage, ("name", "subject"))
TABLES = (ROUNDS, DAMAGES)


def round_advanced(state: State, event: RoundAdvanced) -> Iterator[Change]:
    """The round goes on; when it ends, what it did not find again is not damaged any more."""
    row = state.get(ROUNDS, event.name)
    if not _follows(row, event):
        return
    under_way = row if row is not None and event.cursor_from else None
    yield Put(ROUNDS, _advanced(row, under_way, event=event))
    for found in event.found:
        yield Put(DAMAGES, _damage(state, found, event=event))
    if not event.cursor:
        again = {found.subject for found in event.found}
        for damage in state.range(DAMAGES, event.name):
            if damage.number < event.number and damage.subject not in again:
                yield Drop(DAMAGES, (damage.name, damage.subject))


def _follows(row: Round | None, event: RoundAdvanced) -> bool:
    """True when the piece is the next one of the round, or the first of the next round."""
    if row is None or not row.cursor:
        return (event.number, event.cursor_from) == ((row.number if row else 0) + 1, "")
    return (event.number, event.cursor_from) == (row.number, row.cursor)


def _advanced(before: Round | None, under_way: Round | None, *, event: RoundAdvanced) -> Round:
    began_at = under_way.began_at if under_way else event.moved_at
    known = before.verified_at if before else None
    return Round(
        name=event.name,
        number=event.number,
        cursor=event.cursor,
        began_at=began_at,
        moved_at=event.moved_at,
        verified_at=known if event.cursor else began_at,
        objects=event.objects + (under_way.objects if under_way else 0),
        size_bytes=event.size_bytes + (under_way.size_bytes if under_way else 0),
        damages=event.damages + (under_way.damages if under_way else 0),
    )


def _damage(state: State, found: Found, *, event: RoundAdvanced) -> Damage:
    known = state.get(DAMAGES, event.name, found.subject)
    return Damage(
        name=event.name,
        subject=found.subject,
        problem=found.problem,
        hint=found.hint,
        is_mended=found.is_mended,
        number=event.number,
        found_at=known.found_at if known else event.moved_at,
    )


REDUCERS: Mapping[type[Payload], Reducer] = {RoundAdvanced: round_advanced}

__all__ = [
    "DAMAGES",
    "DAMAGES_MAX",
    "REDUCERS",
    "ROUNDS",
    "TABLES",
    "Damage",
    "Found",
    "Round",
    "RoundAdvanced",
    "round_advanced",
]
