"""When delta runs become larger runs, and when a key range of the base is written again.

Runs of like size merge eight at a time, so a line is rewritten once per size. The base is
rewritten only in the ranges where a tenth of it changed, so little of a large table ever is; what
was only appended is written once and touches nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import msgspec

from arco.engine.index import DeltaRun, File, typed
from arco.engine.sizes import Sizes
from arco.model import Key, Table

BASE_SHARE = 10
RUNS_MAX = 32
ZONES_PER_REBASE = 16


class Zone(msgspec.Struct, frozen=True, eq=False):
    """Keys from `start` on, before `end`, and the base file that holds them, if there is one."""

    start: Key
    end: Key | None
    file: File | None

    def holds(self, key: Key) -> bool:
        """Whether the key lies in the zone."""
        return key >= self.start and (self.end is None or key < self.end)


def merge_due(runs: Sequence[DeltaRun], sizes: Sizes) -> slice | None:
    """Which runs should become one: `fan_out` of like size; the cheapest `fan_out` at the limit."""
    fan_out = sizes.fan_out
    windows = [slice(start, start + fan_out) for start in range(len(runs) - fan_out + 1)]
    rows = [[_rows(run) for run in runs[window]] for window in windows]
    for window, counts in zip(windows, rows, strict=True):
        if max(counts) <= fan_out * max(1, min(counts)):
            return window
    if len(runs) > RUNS_MAX:
        return windows[min(range(len(windows)), key=lambda at: sum(rows[at]))]
    return None


def zones_of(table: Table[Any], base: Sequence[File], *, sizes: Sizes) -> list[Zone]:
    """The key ranges that the base files divide all keys into.

    What lies past a last file that is half full is a zone of its own: appended keys.
    """
    starts = [typed(table, file.starts[0]) for file in base]
    bounds: list[tuple[Key, File | None]] = list(zip(starts, base, strict=True))
    if base and base[-1].last and base[-1].rows * 2 >= sizes.rows_per_file:
        bounds.append((_past(typed(table, base[-1].last)), None))
    if not bounds:
        bounds = [((), None)]
    bounds[0] = ((), bounds[0][1])
    ends: list[Key | None] = [start for start, _ in bounds[1:]]
    return [
        Zone(start, end, file) for (start, file), end in zip(bounds, [*ends, None], strict=True)
    ]


def _rows(run: DeltaRun) -> int:
    return sum(file.rows for file in run)


def may_rebase(runs: Sequence[DeltaRun], sizes: Sizes) -> bool:
    """True when there are runs enough, or lines enough, for a rewrite of the base to pay."""
    pending = sum(_rows(run) for run in runs)
    return len(runs) >= sizes.fan_out or pending >= sizes.rows_per_file


def rebase_due(
    table: Table[Any], base: Sequence[File], *, runs: Sequence[DeltaRun], sizes: Sizes
) -> list[Zone]:
    """The zones that are worth a rewrite now, in key order: those with the most changes."""
    zones = zones_of(table, base, sizes=sizes)
    lines = pending_lines(table, zones, runs=runs)
    least = sizes.rows_per_file / 2 if len(zones) > 1 else 1
    worth = [at for at, zone in enumerate(zones) if _is_worth(zone, lines[at], least=least)]
    worth.sort(key=lambda at: (-lines[at], at))
    return [zones[at] for at in sorted(worth[:ZONES_PER_REBASE])]


def pending_lines(
    table: Table[Any], zones: Sequence[Zone], *, runs: Sequence[DeltaRun]
) -> list[float]:
    """About how many lines of the runs fall into each zone, by what the index says of them."""
    starts = [zone.start for zone in zones]
    found = [0.0] * len(zones)
    for file in (file for run in runs for file in run):
        for rows, first, last in _groups(table, file):
            low = max(0, bisect_right(starts, first) - 1) if first else 0
            high = bisect_right(starts, last) - 1 if last else len(zones) - 1
            for at in range(low, max(low, high) + 1):
                found[at] += rows / (max(low, high) - low + 1)
    return found


def _is_worth(zone: Zone, lines: float, *, least: float) -> bool:
    if zone.file is not None:
        return lines * BASE_SHARE > zone.file.rows
    return lines >= least


def _groups(table: Table[Any], file: File) -> list[tuple[float, Key, Key]]:
    """About how many rows, first and last key of each row group; empty keys: not known."""
    if not file.starts:
        return [(float(file.rows), (), ())]
    starts = [typed(table, start) for start in file.starts]
    ends = [*starts[1:], typed(table, file.last) if file.last else ()]
    share = file.rows / len(starts)
    return [(share, start, end) for start, end in zip(starts, ends, strict=True)]


def _past(key: Key) -> Key:
    """Greater than this key, and not greater than any key after it."""
    return (*key, "")


__all__ = [
    "BASE_SHARE",
    "RUNS_MAX",
    "ZONES_PER_REBASE",
    "Zone",
    "may_rebase",
    "merge_due",
    "pending_lines",
    "rebase_due",
    "zones_of",
]
