"""A zone's time as stretches in which the distance to UTC stays the same.

Law: stretches follow each other without a hole, and each begins where the zone's rules changed or a
year began. Must not know cron.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

STEP = timedelta(hours=12)
"""No zone changed its offset and took it back within as much."""
SECOND = timedelta(seconds=1)
ZERO = timedelta(0)
YEAR_MAX = 9998


class Stretch(msgspec.Struct, frozen=True):
    """[begins, ends) in UTC without a zone; `offset` leads to civil time, `before` is the offset
    just before it began.
    """

    begins: datetime
    ends: datetime
    offset: timedelta
    before: timedelta


def zone_named(name: str) -> ZoneInfo:
    """The zone of the IANA name.

    Raises: ValueError with a sentence.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError(f"{name!r} is no time zone; use a name such as Europe/Berlin") from None


def stretches(timezone: str, after: datetime) -> Iterator[Stretch]:
    """The stretch that holds `after` (UTC, no zone), then those that follow, year by year."""
    for year in range(after.year, YEAR_MAX):
        yield from (each for each in _of_year(timezone, year) if each.ends > after)


@lru_cache(maxsize=4096)
def _of_year(timezone: str, year: int) -> tuple[Stretch, ...]:
    zone = zone_named(timezone)
    changes = _changes(zone, datetime(year, 1, 1), ends=datetime(year + 1, 1, 1))
    edges = sorted({datetime(year, 1, 1), *changes, datetime(year + 1, 1, 1)})
    return tuple(
        Stretch(begins, ends, _offset(zone, begins), _offset(zone, begins - SECOND))
        for begins, ends in pairwise(edges)
    )


def _changes(zone: ZoneInfo, begins: datetime, *, ends: datetime) -> Iterator[datetime]:
    """The first second of every other offset in [begins, ends)."""
    low, offset = begins, _offset(zone, begins)
    while low < ends:
        high = min(low + STEP, ends)
        changed = _offset(zone, high)
        if changed != offset:
            yield _first_change(zone, low, high=high)
        low, offset = high, changed


def _first_change(zone: ZoneInfo, low: datetime, *, high: datetime) -> datetime:
    before = _offset(zone, low)
    while high - low > SECOND:
        middle = low + timedelta(seconds=(high - low) // SECOND // 2)
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.replace(tzinfo=UTC).astimezone(zone).utcoffset() or ZERO


__all__ = ["SECOND", "ZERO", "Stretch", "stretches", "zone_named"]
