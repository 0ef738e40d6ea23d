"""How long it is remembered which facts counted: keys and numbers go by the hour of their fold.

Within the window a fact counts once however often it is sent; what is sent again later counts
again. An hour is let go when it is old by the clock and by how many hours with facts followed it,
so a clock that is wrong forgets nothing early. Must not know what any fact means.
Source: ADR 23.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from arco.engine.idempotency import HOUR_MS
from arco.engine.lanes.events import NO_TABLES, FactsFolded, FactsFoldedV2, facts_folded
from arco.engine.lanes.tables import FACT_KEYS, PRODUCERS, FactKey, Producer
from arco.ids import milliseconds
from arco.model import Change, Drop, Event, Misses, Payload, Put, State, Table

REMEMBERED_HOURS = 7 * 24
FORGOTTEN_PER_FOLDED = 2
FORGOTTEN_MIN = 16


class FactHour(msgspec.Struct, frozen=True):
    """An hour in which facts with keys or numbers were folded, and that is still remembered."""

    hour: int
    """Hours since 1970."""


class FactSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A key, or an epoch of a producer, under the hour by which it will be forgotten."""

    hour: int
    """A key: of its fold. An epoch: of its newest."""
    producer: str
    """Empty for a key."""
    epoch: int
    fact_key: str
    """Empty for an epoch."""


class ProducerSeen(msgspec.Struct, frozen=True):
    """The hour in which facts of a producer's epoch were folded last."""

    producer: str
    epoch: int
    hour: int
    """Hours since 1970."""


FACT_HOURS = Table("engine.fact_hours", FactHour, ("hour",), public=False)
FACTS_SEEN = Table(
    "engine.facts_seen", FactSeen, ("hour", "producer", "epoch", "fact_key"), public=False
)
PRODUCERS_SEEN = Table("engine.producers_seen", ProducerSeen, ("producer", "epoch"), public=False)
TABLES: tuple[Table[Any], ...] = (FACT_HOURS, FACTS_SEEN, PRODUCERS_SEEN)


class FactsForgotten(Payload, frozen=True):
    """Keys and epochs of an hour are not remembered any more, up to the one that is named."""

    hour: int
    """Hours since 1970."""
    producer: str = ""
    epoch: int = 0
    fact_key: str = ""
    """The last one that is forgotten, in the order of producer, epoch and key."""


def facts_folded_and_dated(
    state: State, event: FactsFoldedV2, *, tables: Mapping[str, Table[Any]] = NO_TABLES
) -> Iterator[Change]:
    """What the fold made, and each of its keys and epochs under the fold's hour."""
    changes = list(facts_folded(state, event, tables=tables))
    yield from changes
    hour = milliseconds(event.folded_at) // HOUR_MS
    dated = list(_dated(state, changes, hour=hour))
    yield from dated
    if dated and state.get(FACT_HOURS, hour) is None:
        yield Put(FACT_HOURS, FactHour(hour))


def facts_forgotten(state: State, event: FactsForgotten) -> Iterator[Change]:
    """What stood under the hour is gone; the hour with its last row."""
    last = (event.hour, event.producer, event.epoch, event.fact_key)
    for row in state.range(FACTS_SEEN, event.hour):
        if FACTS_SEEN.key_of(row) > last:
            return
        yield Drop(FACTS_SEEN, FACTS_SEEN.key_of(row))
        if row.fact_key:
            yield Drop(FACT_KEYS, (row.fact_key,))
        else:
            yield Drop(PRODUCERS, (row.producer, row.epoch))
            yield Drop(PRODUCERS_SEEN, (row.producer, row.epoch))
    if state.get(FACT_HOURS, event.hour) is not None:
        yield Drop(FACT_HOURS, (event.hour,))


def forget_facts(
    state: State, now: datetime, *, folded: FactsFolded, hours: int = REMEMBERED_HOURS
) -> Sequence[Event]:
    """FactsForgotten for the oldest hour beyond the last `hours`, as much as keeps what is
    remembered bounded beside this fold; nothing while no hour is beyond them.
    """
    first = _first_beyond(state, now, hours=hours)
    if first is None:
        return ()
    count = max(FORGOTTEN_MIN, FORGOTTEN_PER_FOLDED * (folded.facts + folded.duplicates))
    found = list(islice(state.range(FACTS_SEEN, first), count))
    if not found:
        return (Event(FactsForgotten(hour=first)),)
    last = found[-1]
    event = FactsForgotten(
        hour=first, producer=last.producer, epoch=last.epoch, fact_key=last.fact_key
    )
    return (Event(event),)


def _first_beyond(state: State, now: datetime, *, hours: int) -> int | None:
    """The oldest hour, if neither the clock nor the hours with facts after it keep it."""
    known = [row.hour for row in islice(state.range(FACT_HOURS), hours + 1)]
    is_followed = len(known) > hours
    is_old = bool(known) and known[0] < milliseconds(now) // HOUR_MS - hours
    return known[0] if is_followed and is_old else None


def _dated(state: State, changes: Iterable[Change], *, hour: int) -> Iterator[Change]:
    """The index rows of the fold's keys and epochs; an epoch leaves the hour it stood under."""
    misses = Misses()
    for change in changes:
        if not isinstance(change, Put):
            continue
        if isinstance(change.row, FactKey):
            yield Put(FACTS_SEEN, _seen(hour, key=change.row.fact_key))
        elif isinstance(change.row, Producer):
            with misses:
                yield from _moved(state, change.row, hour=hour)
    misses.settle()


def _moved(state: State, row: Producer, *, hour: int) -> Sequence[Change]:
    known = state.get(PRODUCERS_SEEN, row.producer, row.epoch)
    if known is not None and known.hour >= hour:
        return ()
    stands = FACTS_SEEN.key_of(_seen(known.hour, epoch=(row.producer, row.epoch))) if known else ()
    return (
        *([Drop(FACTS_SEEN, stands)] if stands else []),
        Put(FACTS_SEEN, _seen(hour, epoch=(row.producer, row.epoch))),
        Put(PRODUCERS_SEEN, ProducerSeen(row.producer, row.epoch, hour)),
    )


def _seen(hour: int, *, epoch: tuple[str, int] = ("", 0), key: str = "") -> FactSeen:
    return FactSeen(hour=hour, producer=epoch[0], epoch=epoch[1], fact_key=key)


__all__ = [
    "FACTS_SEEN",
    "FACT_HOURS",
    "PRODUCERS_SEEN",
    "REMEMBERED_HOURS",
    "TABLES",
    "FactHour",
    "FactSeen",
    "FactsForgotten",
    "ProducerSeen",
    "facts_folded_and_dated",
    "facts_forgotten",
    "forget_facts",
]
