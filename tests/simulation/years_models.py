"""What schedules, freshness policies and conditions promise, as plain as it can be said.

Written apart from the product, minute by minute and moment by moment, so that both would have to be
wrong in the same way. Must not use the product's calendars or judgements.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SUNDAY = 6


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """When something fires in a zone: at fixed times of its days, or whenever a clock shows one."""

    zone: str
    times: tuple[time, ...]
    weekdays: tuple[int, ...] = ()
    """Monday is 0; empty: any."""
    days: tuple[int, ...] = ()
    """Of the month; empty: any."""
    months: tuple[int, ...] = ()
    """Empty: any."""
    shown: bool = False
    """It fires whenever the zone's clocks show a time of it: in a repeated hour twice."""

    def is_on(self, day: date) -> bool:
        """Whether it fires on that day at all."""
        return (
            (not self.weekdays or day.weekday() in self.weekdays)
            and (not self.days or day.day in self.days)
            and (not self.months or day.month in self.months)
        )


class Fires:
    """Every moment from `begins` to `ends` at which a timetable fires."""

    def __init__(self, table: Timetable, *, begins: datetime, ends: datetime) -> None:
        fires = (_shown if table.shown else _fixed)(table, _days(begins, ends))
        self.moments = sorted({each for each in fires if begins <= each <= ends})

    def until(self, moment: datetime) -> int:
        """How many there are up to that moment."""
        return bisect_right(self.moments, moment)

    def between(self, after: datetime, until: datetime) -> Sequence[datetime]:
        """Those after the one moment and not after the other."""
        return self.moments[self.until(after) : self.until(until)]


def _fixed(table: Timetable, days: Iterable[date]) -> Iterator[datetime]:
    """Once a civil day each; a time that is skipped comes when the skip ends."""
    for day in days:
        if table.is_on(day):
            yield from (_instant(datetime.combine(day, at), table.zone) for at in table.times)


def _shown(table: Timetable, days: Iterable[date]) -> Iterator[datetime]:
    """Minute after minute of the days that count; a day in Greenwich is another one elsewhere."""
    zone = ZoneInfo(table.zone)
    for day in days:
        if not any(table.is_on(day + near * DAY) for near in (-1, 0, 1)):
            continue
        for minute in range(24 * 60):
            at = datetime.combine(day, time(), UTC) + minute * MINUTE
            local = at.astimezone(zone)
            if local.time() in table.times and table.is_on(local.date()):
                yield at


def _days(begins: datetime, ends: datetime) -> Iterator[date]:
    for number in range(-2, (ends - begins).days + 3):
        yield begins.date() + number * DAY


def _instant(wanted: datetime, name: str) -> datetime:
    """When the zone's clocks show it for the first time, or something later."""
    zone = ZoneInfo(name)
    at = (wanted - DAY).replace(tzinfo=zone).astimezone(UTC)
    at += wanted - at.astimezone(zone).replace(tzinfo=None) - 3 * HOUR
    while at.astimezone(zone).replace(tzinfo=None) < wanted:
        at += MINUTE
    return at


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh an asset has to be."""

    age: timedelta | None = None
    by: Fires | None = None

    def missed(self, since: datetime, made: datetime | None, *, now: datetime) -> datetime | None:
        """The oldest deadline that is missed; `since` is when it was promised."""
        missed: list[datetime] = []
        if self.age is not None and (made or since) + self.age <= now:
            missed.append((made or since) + self.age)
        fired = self.by.between(since, now) if self.by is not None else []
        if fired:
            begins = fired[-2] if len(fired) > 1 else since
            if made is None or made < begins:
                missed.append(fired[-1])
        return min(missed, default=None)


__all__ = ["DAY", "HOUR", "MINUTE", "SUNDAY", "Fires", "Promise", "Timetable"]
