"""What is wrong with declared partitions and mappings, found when definitions are deployed.

The law: a declaration without problems never fails later for a reason that could be known now. Must
not raise, and must not know which asset declares it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from arco.errors import Invalid
from arco.orchestration.partitions.axes import (
    Axis,
    CivilAxis,
    HourAxis,
    ListAxis,
    PointAxis,
    at_or_after,
    axes_of,
    instant,
)
from arco.orchestration.partitions.civil import parse_civil
from arco.orchestration.partitions.definitions import (
    DimensionPartitions,
    DynamicPartitions,
    HourlyPartitions,
    Partitions,
    ProductPartitions,
    StaticPartitions,
    TimePartitions,
    dimensions,
)
from arco.orchestration.partitions.keys import PartitionValue, display, format_partition_key
from arco.orchestration.partitions.mapping import (
    AllMapping,
    IdentityMapping,
    LastMapping,
    PartitionMapping,
    StaticMapping,
    TimeWindowMapping,
)
from arco.orchestration.partitions.selectors import parse_selector
from arco.orchestration.partitions.sets import all_keys
from arco.orchestration.partitions.upstream import (
    followed_axes,
    has_same_windows,
    is_alike,
    is_time,
)

END_OFFSET_MAX = 10_000
SOME_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)


def validate(partitions: Partitions) -> list[str]:
    """What is wrong with the declaration, one sentence each; empty if it can be deployed."""
    mistyped = _type_problem(partitions)
    if mistyped:
        return [mistyped]
    parts = dimensions(partitions)
    found = [] if parts else ["A product of partitions needs at least one dimension."]
    for part in parts:
        found.extend(_part_problems(part))
    names = [part.dimension for part in parts]
    found.extend(
        f"Dimension {name!r} occurs twice: give one of them another dimension=."
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    )
    return found or list(_size_problems(parts))


def mapping_problem(
    mapping: PartitionMapping | None,
    *,
    downstream: Partitions | None,
    upstream: Partitions | None,
) -> str | None:
    """Why the mapping cannot connect the two sides, in a sentence; None if it can.

    Both sides must be valid by themselves. Values that are added at run time are not judged.
    """
    if isinstance(mapping, StaticMapping):
        found = _table_problems(mapping.table, downstream, upstream=upstream)
        return next(found, None)
    lower, upper = axes_of(downstream, {}), axes_of(upstream, {})
    if isinstance(mapping, IdentityMapping):
        return next(_identity_problems(lower, upper), None)
    if isinstance(mapping, TimeWindowMapping):
        return next(_window_problems(mapping, lower, upper=upper), None)
    if isinstance(mapping, LastMapping) and upstream is None:
        return "LastMapping needs upstream partitions, but the upstream is not partitioned."
    if isinstance(mapping, AllMapping):
        return None
    return next(_clashes(lower, upper), None)


def own_mapping_problem(mapping: PartitionMapping | None) -> str | None:
    """Why an asset cannot read its own partitions by the mapping; None if it can.

    It reads earlier time only: no partition waits for itself, and the first reads nothing.
    """
    if isinstance(mapping, TimeWindowMapping) and mapping.end_offset < 0:
        return None
    return (
        "An asset reads itself only of earlier time: "
        "TimeWindowMapping(start_offset=-1, end_offset=-1) is the partition before."
    )


def _type_problem(partitions: Partitions) -> str | None:
    """Which field holds a value of a wrong type; user code is not always type checked."""
    if isinstance(partitions, ProductPartitions) and any(
        isinstance(part, ProductPartitions) for part in partitions.dimensions
    ):
        return "A product of partitions cannot hold another product: list its dimensions instead."
    try:
        msgspec.convert(msgspec.to_builtins(partitions), Partitions)
    except (msgspec.ValidationError, TypeError) as error:
        return f"A field of the partitions has the wrong type: {error}."
    return None


def _part_problems(part: DimensionPartitions) -> Iterator[str]:
    yield from _key_problems({part.dimension: None})
    if isinstance(part, StaticPartitions):
        yield from _static_problems(part)
    elif isinstance(part, DynamicPartitions):
        if not part.name:
            yield f"Dimension {part.dimension!r} needs the name under which its values are added."
    else:
        yield from _time_problems(part)


def _static_problems(part: StaticPartitions) -> Iterator[str]:
    dimension, values = part.dimension, part.values
    if not values:
        yield f"Dimension {dimension!r} lists no values."
    if "" in values:
        yield f"Dimension {dimension!r} lists an empty string, which tables store as null."
    for value, times in Counter(values).items():
        if times > 1:
            yield f"Dimension {dimension!r} lists {value!r} twice."


def _time_problems(part: TimePartitions) -> Iterator[str]:
    found = list(_field_problems(part))
    yield from found
    if found or part.end is None:
        return
    axis = axes_of(part, {})[0]
    if isinstance(axis, CivilAxis | HourAxis):
        start, end = (instant(parse_civil(text)[0], axis.zone) for text in (part.start, part.end))
        if at_or_after(axis, start) >= axis.containing(end):
            between = f"start {part.start!r} and end {part.end!r}"
            yield f"Dimension {part.dimension!r} has no whole window between {between}."


def _field_problems(part: TimePartitions) -> Iterator[str]:
    try:
        ZoneInfo(part.timezone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        yield f"timezone {part.timezone!r} is not an IANA time zone such as Europe/Berlin."
    for name, text in (("start", part.start), ("end", part.end)):
        try:
            if text is not None:
                parse_civil(text)
        except ValueError as error:
            yield f"{name}: {error}."
    if abs(part.end_offset) > END_OFFSET_MAX:
        yield f"end_offset is a number of windows, at most {END_OFFSET_MAX}."


def _size_problems(parts: Sequence[DimensionPartitions]) -> Iterator[str]:
    """The longest possible key must be a valid key."""
    yield from _key_problems({part.dimension: _longest_value(part) for part in parts})


def _longest_value(part: DimensionPartitions) -> PartitionValue:
    if isinstance(part, StaticPartitions):
        return max(part.values, key=lambda value: len(value.encode(errors="replace")))
    if isinstance(part, DynamicPartitions):
        return ""
    return SOME_INSTANT if isinstance(part, HourlyPartitions) else SOME_INSTANT.date()


def _key_problems(values: Mapping[str, PartitionValue]) -> Iterator[str]:
    try:
        format_partition_key(values)
    except Invalid as error:
        yield error.message


def _identity_problems(lower: Sequence[Axis], upper: Sequence[Axis]) -> Iterator[str]:
    names = sorted(axis.dimension for axis in lower)
    others = sorted(axis.dimension for axis in upper)
    if names != others:
        yield (
            f"IdentityMapping needs equal dimensions, but downstream has {_listed(names)} "
            f"and upstream has {_listed(others)}."
        )
        return
    yield from _clashes(lower, upper)
    for one, other in zip(lower, upper, strict=True):
        if is_time(one) and not has_same_windows(one, other):
            yield f"IdentityMapping needs windows of equal length in {one.dimension!r}."
        missing = _missing_values(one, other)
        if missing:
            yield f"The upstream lacks {_listed(missing)} of dimension {one.dimension!r}."


def _window_problems(
    mapping: TimeWindowMapping, lower: Sequence[Axis], *, upper: Sequence[Axis]
) -> Iterator[str]:
    followed = followed_axes(lower, upper)
    times = [axis for axis in upper if is_time(axis) and axis.dimension in followed]
    if not times:
        yield "TimeWindowMapping needs time partitions on both sides."
    for axis in times:
        partner = lower[followed[axis.dimension]]
        if has_same_windows(axis, partner) and mapping.start_offset > mapping.end_offset:
            yield "TimeWindowMapping selects nothing: its start_offset is after its end_offset."


def _clashes(lower: Sequence[Axis], upper: Sequence[Axis]) -> Iterator[str]:
    """Dimensions of one name that cannot have a value in common."""
    others = {axis.dimension: axis for axis in upper if not isinstance(axis, PointAxis)}
    for axis in lower:
        other = others.get(axis.dimension)
        if other is None:
            continue
        if not is_alike(axis, other):
            yield f"Dimension {axis.dimension!r} is time on one side and a list on the other."
        missing = _missing_values(axis, other)
        if missing and isinstance(axis, ListAxis) and len(missing) == len(axis.values):
            yield f"The two lists of dimension {axis.dimension!r} have no value in common."


def _missing_values(axis: Axis, other: Axis) -> list[str]:
    """Listed values that the other list lacks; a list that is filled at run time is empty here."""
    if not isinstance(axis, ListAxis) or not isinstance(other, ListAxis) or not other.values:
        return []
    return [value for value in axis.values if value not in other.positions]


def _table_problems(
    table: Mapping[str, Sequence[str]],
    downstream: Partitions | None,
    *,
    upstream: Partitions | None,
) -> Iterator[str]:
    if _is_fixed(downstream):
        keys = all_keys(downstream, SOME_INSTANT)
        known = {*keys, *(display(key) for key in keys)}
        for key in table:
            if key not in known:
                yield f"StaticMapping maps {key!r}, which is not a downstream partition."
    if _is_fixed(upstream):
        for text in dict.fromkeys(text for texts in table.values() for text in texts):
            try:
                parse_selector(upstream, text, now=SOME_INSTANT)
            except Invalid as error:
                yield f"StaticMapping: {error.message} Upstream {error.hint}"


def _is_fixed(partitions: Partitions | None) -> bool:
    """Whether its partitions are known without a clock and without what is added at run time."""
    return all(isinstance(part, StaticPartitions) for part in dimensions(partitions))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names if name) or "none"


__all__ = ["mapping_problem", "own_mapping_problem", "validate"]
