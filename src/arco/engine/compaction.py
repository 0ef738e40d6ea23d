"""Compaction: lines of several files become lines of fewer, one stretch of keys at a time.

The newest line of a key wins whole. Works on sorted Arrow tables and keys, in memory that is
bounded by a few files, off the loop. Must not know what makes a compaction worth while.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from arco.engine import parquet
from arco.engine.index import DeltaRun, File, typed
from arco.engine.lines import as_lines, newest_lines, rows_only
from arco.engine.merging import Zone
from arco.engine.parquet import Lines
from arco.engine.reader import Reader
from arco.model import Key, Table
from arco.runtime import Runtime

GROUPS_PER_STRETCH = 12


class Source:
    """The files of one run, read one after the other as the walk comes to them."""

    def __init__(self, table: Table[Any], files: Sequence[File], reader: Reader) -> None:
        self._table = table
        self._reader = reader
        self._files = [(_first(table, file), file) for file in files]
        self._open: tuple[str, bytes] | None = None

    async def pieces(self, zone: Zone) -> list[Piece]:
        """What may hold lines of the zone: files, and which of their row groups."""
        found = []
        for at, (first, file) in enumerate(self._files):
            following = self._files[at + 1][0] if at + 1 < len(self._files) else None
            is_before = following is not None and following <= zone.start
            if is_before or (zone.end is not None and first >= zone.end):
                continue
            found.append(Piece(await self._data(file), _overlapping(self._table, file, zone=zone)))
        return found

    async def _data(self, file: File) -> bytes:
        if self._open is None or self._open[0] != file.name:
            self._open = (file.name, await self._reader.file(file))
        return self._open[1]


class Piece:
    """Some row groups of a file."""

    def __init__(self, data: bytes, groups: Sequence[int] | None) -> None:
        self.data = data
        self.groups = groups


async def merged(
    runtime: Runtime, table: Table[Any], *, sources: Sequence[Source], zone: Zone
) -> Lines:
    """The newest line of every key of the zone, in key order; sources stand oldest first."""
    pieces = [piece for source in sources for piece in await source.pieces(zone)]
    return await runtime.thread(partial(_merge, table, pieces, zone=zone))


async def delta_lines(
    runtime: Runtime, table: Table[Any], *, runs: Sequence[DeltaRun], reader: Reader
) -> AsyncIterator[Lines]:
    """The newest line of every key of these runs, oldest run first, in pieces of about a file."""
    sources = [Source(table, run, reader) for run in runs]
    files = [file for run in runs for file in run]
    for zone in stretches(table, files):
        lines = await merged(runtime, table, sources=sources, zone=zone)
        if lines.num_rows:
            yield lines


async def base_lines(
    runtime: Runtime,
    table: Table[Any],
    *,
    zone: Zone,
    runs: Sequence[DeltaRun],
    reader: Reader,
) -> AsyncIterator[Lines]:
    """The rows of a zone: its base file with all runs above it, in pieces of about a file."""
    base = [zone.file] if zone.file is not None else []
    sources = [Source(table, files, reader) for files in (base, *runs) if files]
    files = [*base, *(file for run in runs for file in run)]
    for stretch in stretches(table, files, within=zone):
        lines = await merged(runtime, table, sources=sources, zone=stretch)
        rows = await runtime.thread(rows_only, table, lines)
        if rows.num_rows:
            yield rows


async def left_lines(
    runtime: Runtime,
    table: Table[Any],
    *,
    file: File,
    without: Sequence[Zone],
    reader: Reader,
) -> Lines:
    """The lines of a delta file that lie in none of the zones."""
    data = await reader.file(file)
    return await runtime.thread(partial(_left, table, data, without=without))


def stretches(
    table: Table[Any], files: Sequence[File], *, within: Zone | None = None
) -> list[Zone]:
    """Key ranges with about a file's worth of lines each."""
    zone = within or Zone((), None, None)
    starts = sorted(typed(table, start) for file in files for start in file.starts)
    inner = [start for start in starts if start > zone.start and zone.holds(start)]
    cuts = inner[GROUPS_PER_STRETCH - 1 :: GROUPS_PER_STRETCH]
    bounds = [zone.start, *dict.fromkeys(cuts)]
    ends = [*bounds[1:], zone.end]
    return [Zone(start, end, None) for start, end in zip(bounds, ends, strict=True)]


def touches(table: Table[Any], file: File, *, zones: Sequence[Zone]) -> bool:
    """Whether the file may hold lines of one of the zones."""
    first = _first(table, file)
    last = typed(table, file.last) if file.last else None
    return any(
        (zone.end is None or first < zone.end) and (last is None or last >= zone.start)
        for zone in zones
    )


def _first(table: Table[Any], file: File) -> Key:
    return typed(table, file.starts[0]) if file.starts else ()


def _overlapping(table: Table[Any], file: File, *, zone: Zone) -> Sequence[int] | None:
    if not file.starts:
        return None
    starts = [typed(table, start) for start in file.starts]
    low = max(0, bisect_left(starts, zone.start) - 1)
    high = len(starts) if zone.end is None else bisect_left(starts, zone.end)
    return range(low, high)


def _merge(table: Table[Any], pieces: Sequence[Piece], *, zone: Zone) -> Lines:
    lines = [as_lines(table, parquet.read_groups(piece.data, piece.groups)) for piece in pieces]
    return newest_lines(table, lines, within=zone.holds)


def _left(table: Table[Any], data: bytes, *, without: Sequence[Zone]) -> Lines:
    lines = as_lines(table, parquet.read_groups(data, None))

    def stays(key: Key) -> bool:
        return not any(zone.holds(key) for zone in without)

    return newest_lines(table, [lines], within=stays)


__all__ = [
    "Piece",
    "Source",
    "base_lines",
    "delta_lines",
    "left_lines",
    "merged",
    "stretches",
    "touches",
]
