"""From partitions of a downstream asset to the upstream partitions they are made from.

The law: mapping a set gives the union of mapping its keys, only what exists upstream, and costs
ranges instead of keys (but for tables). Must not know assets or runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from arco.errors import Invalid
from arco.orchestration.partitions import spans
from arco.orchestration.partitions.axes import (
    Axis,
    CivilAxis,
    Dynamic,
    HourAxis,
    ListAxis,
    TimeAxis,
    at_or_after,
    bounds,
)
from arco.orchestration.partitions.definitions import Partitions
from arco.orchestration.partitions.keys import display
from arco.orchestration.partitions.mapping import (
    AllMapping,
    IdentityMapping,
    LastMapping,
    PartitionMapping,
    StaticMapping,
    TimeWindowMapping,
)
from arco.orchestration.partitions.selectors import parse_selector
from arco.orchestration.partitions.sets import NOTHING_DYNAMIC, PartitionSet, all_keys
from arco.orchestration.partitions.spans import Range


class _Side(msgspec.Struct, frozen=True):
    """One upstream dimension, what exists of it, and the downstream dimension it follows."""

    axis: Axis
    limits: Range
    followed: Axis | None
    place: int


def upstream_partitions(
    mapping: PartitionMapping | None,
    keys: PartitionSet,
    *,
    upstream: Partitions | None,
    now: datetime,
    dynamic: Dynamic = NOTHING_DYNAMIC,
) -> PartitionSet:
    """The existing upstream partitions that the downstream partitions `keys` are made from.

    Without a mapping, dimensions that both sides share correspond: equal values, and of time every
    window that overlaps; of an upstream dimension that downstream lacks, everything.
    """
    everything = all_keys(upstream, now, dynamic=dynamic)
    if isinstance(mapping, AllMapping) and keys:
        return everything
    if isinstance(mapping, StaticMapping):
        selectors = _table_entries(mapping.table, keys)
        found = list(_existing(selectors, upstream, now=now, dynamic=dynamic))
    else:
        sides = _sides(keys.axes, everything.axes, now=now)
        fixed = _last(sides) if isinstance(mapping, LastMapping) else {}
        found = [
            spans.box(
                [fixed.get(side.axis.dimension) or _image(mapping, side, box=box) for side in sides]
            )
            for box in spans.boxes(keys.spans)
        ]
    return PartitionSet(
        everything.axes, spans.intersection(spans.union_of(found), everything.spans)
    )


def followed_axes(downstream: Sequence[Axis], upstream: Sequence[Axis]) -> dict[str, int]:
    """Upstream dimension -> place of the downstream dimension it follows.

    Dimensions of one name and kind correspond; then time follows time, if each side has one left.
    """
    places = {axis.dimension: place for place, axis in enumerate(downstream)}
    found = {
        axis.dimension: places[axis.dimension]
        for axis in upstream
        if axis.dimension in places and is_alike(axis, downstream[places[axis.dimension]])
    }
    left_up = [axis.dimension for axis in upstream if is_time(axis) and axis.dimension not in found]
    left_down = [
        place
        for place, axis in enumerate(downstream)
        if is_time(axis) and place not in found.values()
    ]
    if len(left_up) == len(left_down) == 1:
        found[left_up[0]] = left_down[0]
    return found


def is_time(axis: Axis) -> bool:
    """Whether the axis is made of time windows."""
    return isinstance(axis, CivilAxis | HourAxis)


def is_alike(one: Axis, other: Axis) -> bool:
    """Whether values of one axis can be values of the other: both times, or both lists."""
    if is_time(one):
        return is_time(other)
    return isinstance(one, ListAxis) and isinstance(other, ListAxis)


def has_same_windows(one: Axis, other: Axis) -> bool:
    """Whether windows of equal ordinals have equal keys."""
    if isinstance(one, CivilAxis) and isinstance(other, CivilAxis):
        return one.calendar == other.calendar
    return isinstance(one, HourAxis) and isinstance(other, HourAxis) and one.phase == other.phase


def _sides(downstream: Sequence[Axis], upstream: Sequence[Axis], *, now: datetime) -> list[_Side]:
    followed = followed_axes(downstream, upstream)
    sides = []
    for axis in upstream:
        place = followed.get(axis.dimension)
        partner = None if place is None else downstream[place]
        sides.append(_Side(axis, bounds(axis, now), partner, place or 0))
    return sides


def _last(sides: Sequence[_Side]) -> dict[str, list[Range]]:
    """The last ordinal of time or, where there is no time, of what downstream does not fix."""
    times = [side for side in sides if is_time(side.axis)]
    chosen = times or [side for side in sides if side.followed is None]
    return {side.axis.dimension: [(side.limits[1] - 1, side.limits[1])] for side in chosen}


def _image(
    mapping: PartitionMapping | None, side: _Side, *, box: tuple[Range, ...]
) -> Sequence[Range]:
    """Ordinals of one upstream dimension for one box of downstream partitions."""
    axis, followed = side.axis, side.followed
    if followed is None:
        return [side.limits]
    if isinstance(axis, ListAxis) and isinstance(followed, ListAxis):
        return _same_values(axis, followed, span=box[side.place])
    start, stop = box[side.place]
    keeps_keys = isinstance(mapping, IdentityMapping) and has_same_windows(axis, followed)
    if not keeps_keys and isinstance(axis, TimeAxis) and isinstance(followed, TimeAxis):
        start, stop = _overlapping(axis, followed, span=box[side.place])
    if isinstance(mapping, TimeWindowMapping):
        return [(start + mapping.start_offset, stop + mapping.end_offset)]
    return [(start, stop)]


def _same_values(axis: ListAxis, followed: ListAxis, *, span: Range) -> list[Range]:
    """Cost: the values in `span`, unless both lists are equal."""
    if axis.values == followed.values:
        return [span]
    found = (axis.ordinal(followed.value(ordinal)) for ordinal in range(*span))
    return [(ordinal, ordinal + 1) for ordinal in found if ordinal is not None]


def _overlapping(axis: TimeAxis, followed: TimeAxis, *, span: Range) -> Range:
    """The windows of `axis` that share time with the windows of `followed` in `span`."""
    if has_same_windows(axis, followed) and axis.zone == followed.zone:
        return span
    start, stop = (followed.window_start(ordinal) for ordinal in span)
    return axis.containing(start), at_or_after(axis, stop)


def _table_entries(table: Mapping[str, Sequence[str]], keys: PartitionSet) -> Iterator[str]:
    for key in keys:
        yield from table.get(key) or table.get(display(key)) or ()


def _existing(
    selectors: Iterator[str], upstream: Partitions | None, *, now: datetime, dynamic: Dynamic
) -> Iterator[spans.Spans]:
    """What the selectors select; one whose partitions do not exist (yet) selects nothing."""
    for text in dict.fromkeys(selectors):
        try:
            yield parse_selector(upstream, text, now=now, dynamic=dynamic).spans
        except Invalid:
            continue


__all__ = ["followed_axes", "has_same_windows", "is_alike", "is_time", "upstream_partitions"]
