"""Symbolic sets of partitions: ranges, products and exceptions, never a list of keys.

The law: every operation agrees with the same one on plain sets of keys, and costs ranges instead of
keys. Must not know how partitions of different assets correspond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from arco.orchestration.partitions import spans
from arco.orchestration.partitions.axes import Axis, Dynamic, PointAxis, axes_of, bounds
from arco.orchestration.partitions.definitions import Partitions
from arco.orchestration.partitions.keys import (
    PartitionKey,
    format_partition_key,
    parse_partition_key,
)
from arco.orchestration.partitions.spans import Point, Spans

NOTHING_DYNAMIC: Mapping[str, tuple[str, ...]] = {}


class PartitionSet(msgspec.Struct, frozen=True):
    """Some partitions of one definition; iterating yields keys in order of time or of the list.

    Sets combine when their definitions and their dynamic values are equal.
    """

    axes: tuple[Axis, ...]
    spans: Spans

    @property
    def count(self) -> int:
        """How many partitions are in the set."""
        return spans.count(self.spans)

    def __len__(self) -> int:
        return self.count

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __iter__(self) -> Iterator[str]:
        return (self._key(point) for point in spans.points(self.spans))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.contains(key)

    def contains(self, key: str) -> bool:
        """Whether the partition with this key is in the set."""
        point = point_of(self.axes, parse_partition_key(key))
        return point is not None and spans.contains(self.spans, point)

    def union(self, other: PartitionSet) -> PartitionSet:
        """Partitions of either set."""
        return self._combined(other, spans.union)

    def intersection(self, other: PartitionSet) -> PartitionSet:
        """Partitions of both sets."""
        return self._combined(other, spans.intersection)

    def difference(self, other: PartitionSet) -> PartitionSet:
        """Partitions of this set that are not in the other."""
        return self._combined(other, spans.difference)

    def slice(self, start: int, stop: int) -> PartitionSet:
        """The partitions at positions `start` up to but without `stop` of the iteration."""
        return PartitionSet(self.axes, spans.section(self.spans, (start, stop)))

    def first(self) -> str | None:
        """The key that iteration yields first; None if the set is empty."""
        return next(iter(self), None)

    def last(self) -> str | None:
        """The key that iteration yields last; None if the set is empty."""
        return self.slice(self.count - 1, self.count).first()

    def _combined(
        self, other: PartitionSet, operation: Callable[[Spans, Spans], Spans]
    ) -> PartitionSet:
        assert self.axes == other.axes, "sets of different partitions do not combine"
        return PartitionSet(self.axes, operation(self.spans, other.spans))

    def _key(self, point: Point) -> str:
        return format_partition_key(
            {
                axis.dimension: axis.value(ordinal)
                for axis, ordinal in zip(self.axes, point, strict=True)
                if not isinstance(axis, PointAxis)
            }
        )


def all_keys(
    partitions: Partitions | None, now: datetime, *, dynamic: Dynamic = NOTHING_DYNAMIC
) -> PartitionSet:
    """Every partition that exists at `now`; the one key `""` when unpartitioned."""
    axes = axes_of(partitions, dynamic)
    return PartitionSet(axes, spans.box([[bounds(axis, now)] for axis in axes]))


def no_keys(partitions: Partitions | None, *, dynamic: Dynamic = NOTHING_DYNAMIC) -> PartitionSet:
    """The empty set of these partitions."""
    return PartitionSet(axes_of(partitions, dynamic), spans.EMPTY)


def some_keys(
    partitions: Partitions | None, keys: Iterable[str], *, dynamic: Dynamic = NOTHING_DYNAMIC
) -> PartitionSet:
    """The given partitions; keys that cannot belong to the definition (any more) are left out.

    Times are not compared with start, end or now: intersect with `all_keys` for that.
    """
    axes = axes_of(partitions, dynamic)
    found = (point_of(axes, parse_partition_key(key)) for key in keys)
    return PartitionSet(axes, spans.from_points(point for point in found if point is not None))


def point_of(axes: tuple[Axis, ...], values: PartitionKey) -> Point | None:
    """The ordinals of typed values; None if a dimension is missing or has no such value."""
    if isinstance(axes[0], PointAxis):
        return None if values else (0,)
    if len(values) != len(axes) or any(axis.dimension not in values for axis in axes):
        return None
    found = [axis.ordinal(values[axis.dimension]) for axis in axes]
    point = tuple(ordinal for ordinal in found if ordinal is not None)
    return point if len(point) == len(axes) else None


__all__ = ["NOTHING_DYNAMIC", "PartitionSet", "all_keys", "no_keys", "point_of", "some_keys"]
