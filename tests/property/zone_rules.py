"""When zones change their clocks, from the time-zone database: an oracle for what fires when.

Changes that a file lists are read from it; those that only its closing rule tells are looked for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

EPOCH = datetime(1970, 1, 1)
HEADER = struct.Struct(">4s1s15x6l")
UNTIL = datetime(2037, 12, 31)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Change:
    """At `at` (UTC) the zone went from `before` to `after`, both distances to UTC."""

    def __init__(self, zone: str, at: datetime, offsets: tuple[timedelta, timedelta]) -> None:
        self.zone = zone
        self.at = at
        self.before, self.after = offsets

    @property
    def rule(self) -> tuple[datetime, timedelta, timedelta]:
        """What zones have in common that changed alike."""
        return self.at, self.before, self.after


def every_change() -> list[Change]:
    """Every change of an offset between 1970 and 2037 in every zone that has a name."""
    return [change for zone in sorted(available_timezones()) for change in changes_of(zone)]


def changes_of(zone: str) -> Iterator[Change]:
    """The changes of one zone, from its TZif file's second block."""
    data = _file(zone)
    first = HEADER.unpack_from(data)
    listed = list(_listed(zone, data, at=HEADER.size + _block_size(first, time_bytes=4)))
    yield from listed
    yield from _ruled(zone, listed[-1].at + MINUTE if listed else EPOCH)


def _file(zone: str) -> bytes:
    """What `ZoneInfo` reads, too: the system's file, else the package's."""
    for folder in TZPATH:
        path = Path(folder, zone)
        if path.is_file():
            return path.read_bytes()
    return files("tzdata").joinpath("zoneinfo", *zone.split("/")).read_bytes()


def _block_size(header: tuple[bytes | int, ...], *, time_bytes: int) -> int:
    _, _, utc, std, leap, times, types, letters = (
        int(x) if isinstance(x, int) else 0 for x in header
    )
    return times * (time_bytes + 1) + types * 6 + letters + leap * (time_bytes + 4) + std + utc


def _listed(zone: str, data: bytes, *, at: int) -> Iterator[Change]:
    _, _, _, _, _, times, types, _ = HEADER.unpack_from(data, at)
    at += HEADER.size
    moments = struct.unpack_from(f">{times}q", data, at)
    kinds = data[at + 8 * times : at + 9 * times]
    offsets = [
        timedelta(seconds=struct.unpack_from(">l", data, at + 9 * times + 6 * kind)[0])
        for kind in range(types)
    ]
    before = offsets[0]
    for moment, kind in zip(moments, kinds, strict=True):
        after = offsets[kind]
        instant = EPOCH + timedelta(seconds=moment)
        if after != before and EPOCH < instant < UNTIL:
            yield Change(zone, instant, (before, after))
        before = after


def _ruled(zone: str, since: datetime) -> Iterator[Change]:
    """Looked for day by day; no rule changes a clock twice in a day."""
    there = ZoneInfo(zone)
    low, before = since, _offset(there, since)
    while low < UNTIL:
        high = low + timedelta(days=1)
        after = _offset(there, high)
        if after != before:
            yield Change(zone, _exact(there, low, high=high), (before, after))
        low, before = high, after


def _exact(zone: ZoneInfo, low: datetime, *, high: datetime) -> datetime:
    before = _offset(zone, low)
    while high - low > SECOND:
        middle = low + timedelta(seconds=(high - low) // SECOND // 2)
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta(0)
