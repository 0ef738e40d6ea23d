"""Civil time: `2013-05` as a stretch of days, and days as numbers of months, weeks and years.

The law: arithmetic in both directions, `unit_of(first_day(n)) == n`. Must not know zones.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import msgspec

_TEXT = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:-Q(?P<quarter>[1-4])|-(?P<month>[0-9]{2})"
    r"(?:-(?P<day>[0-9]{2})(?:T(?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2}))?)?)?)?"
)
YEARS = range(1000, 9999)


class Calendar(msgspec.Struct, frozen=True):
    """A way to cut days into units of so many `months` or, if none, `days` from a Monday on."""

    months: int = 0
    days: int = 0

    def unit_of(self, day: date) -> int:
        """The number of the unit that holds the day."""
        if self.months:
            return (day.year * 12 + day.month - 1) // self.months
        return (day.toordinal() - 1) // self.days

    def first_day(self, unit: int) -> date:
        """The day on which the unit begins."""
        if self.months:
            year, month = divmod(unit * self.months, 12)
            return date(year, month + 1, 1)
        return date.fromordinal(unit * self.days + 1)


DAY = Calendar(days=1)
WEEK = Calendar(days=7)
MONTH = Calendar(months=1)
QUARTER = Calendar(months=3)
YEAR = Calendar(months=12)


def parse_civil(text: str) -> tuple[datetime, datetime]:
    """The first moment of a year, quarter, month, day, hour or minute, and the moment after it.

    >>> [moment.isoformat() for moment in parse_civil("2013-12")]
    ['2013-12-01T00:00:00', '2014-01-01T00:00:00']

    Raises: ValueError with a sentence.
    """
    match = _TEXT.fullmatch(text)
    if match is None or int(match["year"]) not in YEARS:
        raise ValueError(
            f"{text!r} is not a time such as 2013, 2013-05, 2013-05-01 or 2013-05-01T06"
        )
    year = int(match["year"])
    if match["quarter"]:
        return _unit(QUARTER, date(year, int(match["quarter"]) * 3 - 2, 1))
    try:
        day = date(year, int(match["month"] or 1), int(match["day"] or 1))
        moment = datetime(
            day.year, day.month, day.day, int(match["hour"] or 0), int(match["minute"] or 0)
        )
    except ValueError:
        raise ValueError(f"{text!r} is not in the calendar") from None
    if match["hour"]:
        return moment, moment + timedelta(minutes=1 if match["minute"] else 60)
    return _unit(DAY if match["day"] else MONTH if match["month"] else YEAR, day)


def midnight(day: date) -> datetime:
    """The day's first moment, without a zone."""
    return datetime(day.year, day.month, day.day)


def _unit(calendar: Calendar, day: date) -> tuple[datetime, datetime]:
    after = calendar.first_day(calendar.unit_of(day) + 1)
    return midnight(day), midnight(after)


__all__ = [
    "DAY",
    "MONTH",
    "QUARTER",
    "WEEK",
    "YEAR",
    "Calendar",
    "midnight",
    "parse_civil",
]
