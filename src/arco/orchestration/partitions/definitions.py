"""How an asset is partitioned, as users write it: time windows, lists, and products of them.

The law: values that survive a round trip through JSON, without floats. Must not know any key,
clock or calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec


class TimeWindows(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """Windows of one length that lie wholly within `start` and `end`, in civil time."""

    start: str
    """`2013`, `2013-01` or `2013-01-01`, for hours also `2013-01-01T06`."""
    end: str | None = None
    """Exclusive; None: windows appear as they are completed."""
    timezone: str = "UTC"
    end_offset: int = 0
    """How many windows past the last complete one exist already; negative to hold some back."""


class HourlyPartitions(TimeWindows, frozen=True, omit_defaults=True, tag="hourly"):
    """One partition per elapsed hour, named by the instant in UTC at which it starts."""

    dimension: str = "hour"


class DailyPartitions(TimeWindows, frozen=True, omit_defaults=True, tag="daily"):
    """One partition per civil day."""

    dimension: str = "date"


class WeeklyPartitions(TimeWindows, frozen=True, omit_defaults=True, tag="weekly"):
    """One partition per week from Monday to Sunday, named by its Monday."""

    dimension: str = "week"


class MonthlyPartitions(TimeWindows, frozen=True, omit_defaults=True, tag="monthly"):
    """One partition per month, named by its first day."""

    dimension: str = "month"


class QuarterlyPartitions(TimeWindows, frozen=True, omit_defaults=True, tag="quarterly"):
    """One partition per calendar quarter, named by its first day."""

    dimension: str = "quarter"


class YearlyPartitions(TimeWindows, frozen=True, omit_defaults=True, tag="yearly"):
    """One partition per year, named by its first day."""

    dimension: str = "year"


class StaticPartitions(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="static"
):
    """One partition per listed value, in the order of the list."""

    values: Sequence[str]
    dimension: str = "partition"

    def __post_init__(self) -> None:
        if isinstance(self.values, str):
            raise TypeError(f"values is a list of strings, not the string {self.values!r}")
        msgspec.structs.force_setattr(self, "values", tuple(self.values))


class DynamicPartitions(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="dynamic"
):
    """One partition per value that was added under `name` at run time, in the order of addition."""

    name: str
    dimension: str = "partition"


TimePartitions: TypeAlias = (
    HourlyPartitions
    | DailyPartitions
    | WeeklyPartitions
    | MonthlyPartitions
    | QuarterlyPartitions
    | YearlyPartitions
)
DimensionPartitions: TypeAlias = TimePartitions | StaticPartitions | DynamicPartitions


class ProductPartitions(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="product"
):
    """One partition per combination of the dimensions' partitions."""

    dimensions: Sequence[DimensionPartitions]

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "dimensions", tuple(self.dimensions))


Partitions: TypeAlias = DimensionPartitions | ProductPartitions


def dimensions(partitions: Partitions | None) -> tuple[DimensionPartitions, ...]:
    """The one-dimensional parts, sorted by dimension name; none when unpartitioned."""
    if partitions is None:
        return ()
    if isinstance(partitions, ProductPartitions):
        return tuple(sorted(partitions.dimensions, key=lambda part: part.dimension))
    return (partitions,)


__all__ = [
    "DailyPartitions",
    "DimensionPartitions",
    "DynamicPartitions",
    "HourlyPartitions",
    "MonthlyPartitions",
    "Partitions",
    "ProductPartitions",
    "QuarterlyPartitions",
    "StaticPartitions",
    "TimePartitions",
    "TimeWindows",
    "WeeklyPartitions",
    "YearlyPartitions",
    "dimensions",
]
