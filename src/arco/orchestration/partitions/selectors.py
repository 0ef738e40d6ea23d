"""What `arco run --partition` takes, as a set of partitions.

The law: a selector names partitions that exist, or the error says which do; the canonical key of a
partition always selects exactly it. Must not know mappings or assets.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from arco.errors import Invalid
from arco.orchestration.partitions import spans
from arco.orchestration.partitions.axes import (
    Axis,
    Dynamic,
    HourAxis,
    ListAxis,
    PointAxis,
    TimeAxis,
    at_or_after,
    bounds,
    instant,
)
from arco.orchestration.partitions.civil import parse_civil
from arco.orchestration.partitions.definitions import Partitions
from arco.orchestration.partitions.keys import display_value, parse_partition_key
from arco.orchestration.partitions.sets import (
    NOTHING_DYNAMIC,
    PartitionSet,
    all_keys,
    point_of,
)
from arco.orchestration.partitions.spans import Range

LISTED_VALUES_MAX = 10


class _Side(msgspec.Struct, frozen=True):
    """One dimension to choose from: its axis and the ordinals that exist now."""

    axis: Axis
    limits: Range


def parse_selector(
    partitions: Partitions | None,
    text: str,
    *,
    now: datetime,
    dynamic: Dynamic = NOTHING_DYNAMIC,
) -> PartitionSet:
    """The existing partitions that `text` selects; never none.

    `*`, `2013-05` or `us` (one dimension), `month=2013-01..2013-06` (inclusive, either end may be
    left out), `date=2013-05,region=us` (a dimension left out or `*` is taken whole, one that occurs
    twice is taken twice), or a canonical partition key.

    Raises: Invalid PARTITION_UNKNOWN; the hint names what exists.
    """
    everything = all_keys(partitions, now, dynamic=dynamic)
    sides = [_Side(axis, bounds(axis, now)) for axis in everything.axes]
    text = text.strip()
    chosen = everything.spans
    if text != "*":
        chosen = _exact(everything, text) or _selected(sides, text)
    result = PartitionSet(everything.axes, spans.intersection(chosen, everything.spans))
    if not result:
        raise _unknown(f"There is no partition {text!r}", sides)
    return result


def _exact(everything: PartitionSet, text: str) -> spans.Spans | None:
    """The one point that a canonical key names, or a listed value that may hold any character."""
    only = everything.axes[0]
    if len(everything.axes) == 1 and isinstance(only, ListAxis):
        ordinal = only.ordinal(text)
        if ordinal is not None:
            return spans.from_points([(ordinal,)])
    try:
        point = point_of(everything.axes, parse_partition_key(text))
    except Invalid:
        return None
    return None if point is None else spans.from_points([point])


def _selected(sides: Sequence[_Side], text: str) -> spans.Spans:
    if isinstance(sides[0].axis, PointAxis):
        raise _unknown(f"There is no partition {text!r}", sides)
    chosen: dict[str, list[Range]] = {}
    for term in text.split(","):
        side, value = _term(sides, term.strip())
        chosen.setdefault(side.axis.dimension, []).append(_range(side, value))
    return spans.box([chosen.get(side.axis.dimension, [side.limits]) for side in sides])


def _term(sides: Sequence[_Side], term: str) -> tuple[_Side, str]:
    """The dimension a term speaks of, and what it says."""
    name, equals, value = (part.strip() for part in term.partition("="))
    for side in sides:
        if equals and side.axis.dimension == name:
            return side, value
    if equals:
        raise _unknown(f"There is no partition dimension {name!r}", sides)
    if len(sides) > 1:
        raise _unknown(f"{term!r} does not say which dimension it means", sides)
    return sides[0], term


def _range(side: _Side, text: str) -> Range:
    if text == "*":
        return side.limits
    if isinstance(side.axis, ListAxis) and side.axis.ordinal(text) is not None:
        return _window(side, text)
    first, dots, last = (part.strip() for part in text.partition(".."))
    if not dots:
        return _window(side, text)
    start = _window(side, first)[0] if first else side.limits[0]
    stop = _window(side, last)[1] if last else side.limits[1]
    if start >= stop:
        raise _unknown(f"The range {text!r} ends before it starts", [side])
    return start, stop


def _window(side: _Side, text: str) -> Range:
    """The existing ordinals that one value names: one of a list, or those that begin in a time."""
    axis = side.axis
    if isinstance(axis, ListAxis | PointAxis):
        ordinal = axis.ordinal(text)
        start, stop = (0, 0) if ordinal is None else (ordinal, ordinal + 1)
    else:
        start, stop = _times(side, axis, text=text)
    start, stop = max(start, side.limits[0]), min(stop, side.limits[1])
    if start >= stop:
        raise _unknown(f"Dimension {axis.dimension!r} has no partition {text!r}", [side])
    return start, stop


def _times(side: _Side, axis: TimeAxis, *, text: str) -> Range:
    in_utc = isinstance(axis, HourAxis) and text.endswith("Z")
    try:
        first, after = parse_civil(text[:-1] if in_utc else text)
    except ValueError as error:
        raise _unknown(str(error), [side]) from None
    zone = UTC if in_utc else axis.zone
    return at_or_after(axis, instant(first, zone)), at_or_after(axis, instant(after, zone))


def _unknown(problem: str, sides: Sequence[_Side]) -> Invalid:
    if isinstance(sides[0].axis, PointAxis):
        hint = "The asset is not partitioned: leave the partition out."
    else:
        hint = "; ".join(_described(side) for side in sides) + "."
    return Invalid("PARTITION_UNKNOWN", problem + ".", hint=hint)


def _described(side: _Side) -> str:
    """What may be chosen of a dimension, in one clause."""
    axis, (start, stop) = side.axis, side.limits
    if start == stop:
        return f"{axis.dimension} has no partition yet"
    if isinstance(axis, ListAxis) and stop - start <= LISTED_VALUES_MAX:
        return f"{axis.dimension} is one of {', '.join(axis.values)}"
    first, last = (
        display_value(axis.dimension, axis.value(ordinal)) for ordinal in (start, stop - 1)
    )
    return f"{axis.dimension} is one of {stop - start} from {first} to {last}"


__all__ = ["parse_selector"]
