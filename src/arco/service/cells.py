"""Cells of a matrix of partitions, as the text that `--partition` takes.

Law: what is said selects exactly the cells that were chosen. Must not know how a matrix is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from arco.errors import Invalid, NotFound
from arco.model import State
from arco.orchestration.definitions import AssetDefinition
from arco.orchestration.partitions import PartitionSet, parse_selector, spans
from arco.orchestration.partitions.axes import Axis, PointAxis, bounds
from arco.orchestration.partitions.keys import display_value
from arco.orchestration.partitions.spans import Range
from arco.orchestration.tables import ASSETS
from arco.orchestration.views import AssetView, asset_view, partitions_of

LISTED_MAX = 500
"""So many partitions whose values no range can name are named one by one."""


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle of a matrix."""

    total: int
    partitions: list[str]
    """What `--partition` takes, together exactly these."""


def rectangle(state: State, key: str, *, corners: tuple[int, int], now: datetime) -> Selected:
    """The partitions between two cells: of one dimension all of them, else the rectangle.

    The columns of a matrix are its last dimension, its rows all others.
    Raises: NotFound ASSET_UNKNOWN; Invalid CELLS_UNKNOWN, CELLS_TOO_SCATTERED.
    """
    row = state.get(ASSETS, key)
    if row is None or row.removed:
        raise NotFound("ASSET_UNKNOWN", f"no asset {key!r} is deployed", hint="Assets lists them")
    view = asset_view(state, now)
    every = partitions_of(row.definition, view.at)
    first, last = min(corners), max(corners)
    if not 0 <= first <= last < len(every):
        raise Invalid(
            "CELLS_UNKNOWN",
            f"{key} has {len(every):,} partitions: there are no cells {first:,} to {last:,}",
            hint="reload the page: the partitions are others by now",
        )
    chosen = _between(every, first, last=last, now=now)
    return Selected(total=len(chosen), partitions=_said(view, row.definition, chosen=chosen))


def _between(every: PartitionSet, first: int, *, last: int, now: datetime) -> PartitionSet:
    if len(every.axes) == 1:
        return every.slice(first, last + 1)
    across = _length(bounds(every.axes[-1], now))
    rows = every.slice(first - first % across, last - last % across + across)
    ends = sorted((first % across, last % across))
    start = bounds(every.axes[-1], now)[0]
    sides = [[bounds(axis, now)] for axis in every.axes[:-1]]
    columns = spans.box([*sides, [(start + ends[0], start + ends[1] + 1)]])
    return PartitionSet(every.axes, spans.intersection(rows.spans, columns))


def _said(view: AssetView, definition: AssetDefinition, *, chosen: PartitionSet) -> list[str]:
    lines = [_line(chosen.axes, box) for box in spans.boxes(chosen.spans)]
    if _selects(view, definition, lines=lines) == chosen:
        return lines
    if len(chosen) > LISTED_MAX:
        raise Invalid(
            "CELLS_TOO_SCATTERED",
            f"{len(chosen):,} partitions with values such as these have to be named one by one; "
            f"{LISTED_MAX:,} is the most",
            hint="choose fewer cells, or whole dimensions on the page of the backfill",
        )
    return list(chosen)


def _selects(
    view: AssetView, definition: AssetDefinition, *, lines: Sequence[str]
) -> PartitionSet | None:
    found: PartitionSet | None = None
    for line in lines:
        try:
            some = parse_selector(
                definition.partitions, line, now=view.at.now, dynamic=view.at.dynamic
            )
        except Invalid:
            return None
        found = some if found is None else found.union(some)
    return found


def _line(axes: Sequence[Axis], box: Sequence[Range]) -> str:
    sides = [_side(axis, limits) for axis, limits in zip(axes, box, strict=True)]
    if len(axes) == 1:
        return sides[0]
    return ",".join(f"{axis.dimension}={side}" for axis, side in zip(axes, sides, strict=True))


def _side(axis: Axis, limits: Range) -> str:
    if isinstance(axis, PointAxis):
        return ""
    ends = [display_value(axis.dimension, axis.value(at)) for at in (limits[0], limits[1] - 1)]
    return ends[0] if _length(limits) == 1 else "..".join(ends)


def _length(limits: Range) -> int:
    return limits[1] - limits[0]


__all__ = ["LISTED_MAX", "Selected", "rectangle"]
