"""When a cron expression fires in a zone.

Law: a job at fixed times fires once for each of its civil times, through every change of the clock:
a time that was skipped fires when the skip ends, one that is repeated fires the first time. A job
with a wildcard in its hour, minute or second follows elapsed time instead. A civil day that a zone
left out altogether has no times. Must not know schedules.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

from arco.orchestration.cron.fields import LAST, Cron
from arco.orchestration.cron.stretches import SECOND, ZERO, Stretch, stretches

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
HORIZON = timedelta(days=366 * 41)
"""Whatever can fire fires within it: 29 February on a Monday skips 40 years around 2100."""


def occurrences(cron: Cron, timezone: str, *, after: datetime) -> Iterator[datetime]:
    """Every moment after `after`, in UTC and in order, at which the expression fires.

    It ends where nothing fired for 41 years.

    Raises: ValueError when there is no such zone.
    """
    floor = after.astimezone(UTC).replace(tzinfo=None)
    last = floor
    for stretch in stretches(timezone, floor):
        for instant in _within(cron, stretch, floor=last):
            last = instant
            yield instant.replace(tzinfo=UTC)
        if stretch.ends - last > HORIZON:
            return


def next_occurrence(cron: Cron, timezone: str, *, after: datetime) -> datetime | None:
    """The first moment after `after` at which the expression fires; None: it never does.

    Raises: ValueError when there is no such zone.
    """
    return next(occurrences(cron, timezone, after=after), None)


def last_occurrences(
    cron: Cron, timezone: str, *, span: tuple[datetime, datetime], count: int
) -> list[datetime]:
    """The last `count` moments of the span, its ends among it, in order.

    Cost: not all of the span is walked. Raises: ValueError when there is no such zone.
    """
    begins, ends = span
    width = timedelta(minutes=1)
    while True:
        since = max(begins, ends - width)
        following = occurrences(cron, timezone, after=since - INSTANT)
        found = list(takewhile(lambda at: at <= ends, following))
        if len(found) >= count or since == begins:
            return found[-count:]
        width *= 8


def _within(cron: Cron, stretch: Stretch, *, floor: datetime) -> Iterator[datetime]:
    """Moments of one stretch after `floor`; the stretch's first one stands for those skipped."""
    shift = stretch.offset - stretch.before
    civil = max(floor.replace(microsecond=0) + SECOND, stretch.begins) + stretch.offset
    if not cron.follows_elapsed_time:
        if shift > ZERO and stretch.begins > floor and _skips(cron, stretch):
            yield stretch.begins
            civil = max(civil, stretch.begins + stretch.offset + SECOND)
        civil = max(civil, stretch.begins + stretch.before) if shift < ZERO else civil
    ends = stretch.ends + stretch.offset
    while (found := _first(cron, civil, ends=ends)) is not None:
        yield found - stretch.offset
        civil = found + SECOND


def _skips(cron: Cron, stretch: Stretch) -> bool:
    """A civil time that was jumped over matches, on a day that was not left out altogether."""
    begins, ends = stretch.begins + stretch.before, stretch.begins + stretch.offset
    there = {(begins - SECOND).date(), ends.date()}
    found = _first(cron, begins, ends=ends)
    while found is not None and found.date() not in there:
        found = _first(cron, datetime.combine(found.date() + DAY, datetime.min.time()), ends=ends)
    return found is not None


def _first(cron: Cron, civil: datetime, *, ends: datetime) -> datetime | None:
    """The first civil time in [civil, ends) that matches."""
    day = civil.date()
    time = _time_from(cron, civil) if _matches(cron, day) else None
    if time is None:
        following = _next_day(cron, day, last=ends.date())
        if following is None:
            return None
        day, time = following, (cron.hours[0], cron.minutes[0], cron.seconds[0])
    found = datetime(day.year, day.month, day.day, *time)
    return found if found < ends else None


def _time_from(cron: Cron, civil: datetime) -> tuple[int, int, int] | None:
    """The first time of the day, not before that of `civil`."""
    hour, minute, second = civil.hour, civil.minute, civil.second
    for hour_found in cron.hours[bisect_left(cron.hours, hour) :]:
        if hour_found > hour:
            return hour_found, cron.minutes[0], cron.seconds[0]
        for minute_found in cron.minutes[bisect_left(cron.minutes, minute) :]:
            if minute_found > minute:
                return hour, minute_found, cron.seconds[0]
            place = bisect_left(cron.seconds, second)
            if place < len(cron.seconds):
                return hour, minute, cron.seconds[place]
    return None


def _next_day(cron: Cron, day: date, *, last: date) -> date | None:
    """The first matching day after `day`, up to `last`."""
    day += DAY
    while day <= last:
        if day.month not in cron.months:
            day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        elif _matches(cron, day):
            return day
        else:
            day += DAY
    return None


def _matches(cron: Cron, day: date) -> bool:
    if day.month not in cron.months:
        return False
    by_day = day.day in cron.days or (LAST in cron.days and _days_left(day) == 0)
    by_weekday = _has_weekday(cron, day)
    return (by_day or by_weekday) if cron.joins_days else (by_day and by_weekday)


def _has_weekday(cron: Cron, day: date) -> bool:
    weekday = day.isoweekday() % 7
    which = (day.day - 1) // 7 + 1
    names = {(weekday, 0), (weekday, which)}
    if _days_left(day) < 7:
        names.add((weekday, LAST))
    return not names.isdisjoint(cron.weekdays)


def _days_left(day: date) -> int:
    return monthrange(day.year, day.month)[1] - day.day


__all__ = ["HORIZON", "last_occurrences", "next_occurrence", "occurrences"]
