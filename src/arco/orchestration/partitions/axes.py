"""One dimension as a line of ordinals: time by formula, lists by position.

The law: `ordinal(value(n)) == n`, and a time's ordinals do not depend on now or end, so sets taken
at different moments combine. Must not know sets or products.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property, lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from arco.errors import Invalid
from arco.orchestration.partitions import civil
from arco.orchestration.partitions.civil import Calendar
from arco.orchestration.partitions.definitions import (
    DailyPartitions,
    DimensionPartitions,
    DynamicPartitions,
    HourlyPartitions,
    MonthlyPartitions,
    Partitions,
    QuarterlyPartitions,
    StaticPartitions,
    TimePartitions,
    WeeklyPartitions,
    YearlyPartitions,
    dimensions,
)
from arco.orchestration.partitions.keys import PartitionValue
from arco.orchestration.partitions.spans import Range

Dynamic: TypeAlias = Mapping[str, Sequence[str]]
"""The values that were added at run time, by the name of the dynamic partitions."""

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CALENDARS: Mapping[type[TimePartitions], Calendar] = {
    DailyPartitions: civil.DAY,
    WeeklyPartitions: civil.WEEK,
    MonthlyPartitions: civil.MONTH,
    QuarterlyPartitions: civil.QUARTER,
    YearlyPartitions: civil.YEAR,
}


class CivilAxis(msgspec.Struct, frozen=True):
    """Days and longer: the ordinal is the number of the calendar's unit."""

    definition: TimePartitions
    calendar: Calendar
    zone: tzinfo

    @property
    def dimension(self) -> str:
        """The dimension's name."""
        return self.definition.dimension

    def value(self, ordinal: int) -> PartitionValue:
        """The unit's first civil day."""
        return self.calendar.first_day(ordinal)

    def ordinal(self, value: PartitionValue) -> int | None:
        """The unit that begins on this day; None if none does."""
        if isinstance(value, datetime) or not isinstance(value, date):
            return None
        unit = self.calendar.unit_of(value)
        return unit if self.calendar.first_day(unit) == value else None

    def window_start(self, ordinal: int) -> datetime:
        """The instant at which the window begins and the one before it ends."""
        return instant(civil.midnight(self.calendar.first_day(ordinal)), self.zone)

    def containing(self, moment: datetime) -> int:
        """The window that holds the instant; bounded, because no zone is ever two days off."""
        unit = self.calendar.unit_of(moment.astimezone(self.zone).date())
        if self.window_start(unit) > moment:
            return unit - 1
        return unit + 1 if self.window_start(unit + 1) <= moment else unit


class HourAxis(msgspec.Struct, frozen=True):
    """Elapsed hours since 1970 UTC, shifted so that `start` is on a boundary."""

    definition: HourlyPartitions
    zone: tzinfo
    phase: timedelta

    @property
    def dimension(self) -> str:
        """The dimension's name."""
        return self.definition.dimension

    def value(self, ordinal: int) -> PartitionValue:
        """The instant at which the hour begins."""
        return self.window_start(ordinal)

    def ordinal(self, value: PartitionValue) -> int | None:
        """The hour that begins at this instant; None if none does."""
        if not isinstance(value, datetime):
            return None
        hour = self.containing(value)
        return hour if self.window_start(hour) == value else None

    def window_start(self, ordinal: int) -> datetime:
        """The instant at which the hour begins and the one before it ends."""
        return EPOCH + self.phase + ordinal * HOUR

    def containing(self, moment: datetime) -> int:
        """The hour that holds the instant."""
        return (moment - EPOCH - self.phase) // HOUR


class ListAxis(msgspec.Struct, frozen=True, dict=True):
    """Listed values: the ordinal is the position in the list."""

    dimension: str
    values: tuple[str, ...]

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Value -> position."""
        return {value: position for position, value in enumerate(self.values)}

    def value(self, ordinal: int) -> PartitionValue:
        """The value at this position."""
        return self.values[ordinal]

    def ordinal(self, value: PartitionValue) -> int | None:
        """The position of the value; None if it is not listed."""
        return self.positions.get(value) if isinstance(value, str) else None


class PointAxis(msgspec.Struct, frozen=True):
    """No dimension: one ordinal without a trace in the key, so that `""` is a set like others."""

    dimension: str = ""

    def value(self, ordinal: int) -> PartitionValue:
        """Nothing."""
        return None

    def ordinal(self, value: PartitionValue) -> int | None:
        """The only ordinal."""
        return 0


TimeAxis: TypeAlias = CivilAxis | HourAxis
Axis: TypeAlias = TimeAxis | ListAxis | PointAxis


def axes_of(partitions: Partitions | None, dynamic: Dynamic) -> tuple[Axis, ...]:
    """One axis per dimension, sorted by dimension name; one `PointAxis` when unpartitioned."""
    return tuple(_axis(part, dynamic) for part in dimensions(partitions)) or (PointAxis(),)


def bounds(axis: Axis, now: datetime) -> Range:
    """The ordinals that exist now: of time, those of complete windows within start and end."""
    if isinstance(axis, PointAxis):
        return 0, 1
    if isinstance(axis, ListAxis):
        return 0, len(axis.values)
    return _time_bounds(axis, now)


def at_or_after(axis: TimeAxis, moment: datetime) -> int:
    """The first window that begins at this instant or later."""
    ordinal = axis.containing(moment)
    return ordinal if axis.window_start(ordinal) == moment else ordinal + 1


def instant(moment: datetime, zone: tzinfo) -> datetime:
    """A civil moment in UTC; one that a clock change leaves out becomes the change itself."""
    return moment.replace(tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def _time_bounds(axis: TimeAxis, now: datetime) -> Range:
    """Remembered, because planning asks for every task at the same moment."""
    definition = axis.definition
    first = at_or_after(axis, instant(civil.parse_civil(definition.start)[0], axis.zone))
    stop = axis.containing(now) + definition.end_offset
    if definition.end is not None:
        end = instant(civil.parse_civil(definition.end)[0], axis.zone)
        stop = min(stop, axis.containing(end))
    return first, max(first, stop)


def _axis(part: DimensionPartitions, dynamic: Dynamic) -> Axis:
    if isinstance(part, DynamicPartitions):
        return ListAxis(part.dimension, tuple(dynamic.get(part.name, ())))
    return _static_axis(part) if isinstance(part, StaticPartitions) else _time_axis(part)


@lru_cache(maxsize=1024)
def _static_axis(part: StaticPartitions) -> Axis:
    return ListAxis(part.dimension, tuple(part.values))


@lru_cache(maxsize=1024)
def _time_axis(part: TimePartitions) -> Axis:
    try:
        zone = ZoneInfo(part.timezone)
        start = instant(civil.parse_civil(part.start)[0], zone)
        if part.end is not None:
            civil.parse_civil(part.end)
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        message = f"The partitions of dimension {part.dimension!r} cannot be used: {error}."
        raise Invalid("PARTITIONS_INVALID", message, hint="Mend start, end or timezone.") from None
    if isinstance(part, HourlyPartitions):
        return HourAxis(part, zone, (start - EPOCH) % HOUR)
    return CivilAxis(part, CALENDARS[type(part)], zone)


__all__ = [
    "Axis",
    "CivilAxis",
    "Dynamic",
    "HourAxis",
    "ListAxis",
    "PointAxis",
    "TimeAxis",
    "at_or_after",
    "axes_of",
    "bounds",
    "instant",
]
