"""Rows that stand in snapshot files: runs of sorted lines over a sorted base, read block by block.

A block that is not in memory is asked for by `Missing`; whoever loads it asks again. Must not know
how files are read.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from arco.engine.blocks import ABSENT, BlockCache, BlockId, Line
from arco.engine.index import File, TableFiles, runs_of, typed
from arco.engine.sizes import Sizes
from arco.model import Key, NotLoaded, Table

LINES_AT_ONCE = 256


class Place(msgspec.Struct, frozen=True):
    """Where a block stands."""

    file: File
    group: int | None
    """The number of its row group; None: the whole file is the block."""

    @property
    def block(self) -> BlockId:
        """The name of the block."""
        return (self.file.name, self.group)


class Missing(NotLoaded):
    """Blocks are not in memory; no places: the table's files are not known yet, or are so small
    that all rows are wanted.
    """

    def __init__(self, table: Table[Any], prefix: Key, *, places: Sequence[Place] = ()) -> None:
        super().__init__(table, prefix)
        self.places = places


class SortedRun:
    """Files of disjoint key ranges, in key order, as one sequence of blocks."""

    def __init__(self, table: Table[Any], files: Sequence[File]) -> None:
        self.places: list[Place] = []
        self.starts: list[Key] = []
        self.last: Key | None = typed(table, files[-1].last) if files and files[-1].last else None
        for file in files:
            groups = enumerate(file.starts) if file.starts else [(None, ())]
            for group, start in groups:
                self.places.append(Place(file, group))
                self.starts.append(typed(table, start) if start else ())

    def place(self, key: Key) -> Place | None:
        """Where the key's line stands if there is one."""
        if self.last is not None and key > self.last:
            return None
        position = bisect_right(self.starts, key) - 1
        return self.places[position] if position >= 0 else None

    def span(self, prefix: Key, start: Key) -> range:
        """The blocks that may hold keys from `start` on that begin with `prefix`."""
        width = len(prefix)
        # Most runs are short, and stand before or behind what is asked for.
        is_behind = self.last is not None and start > self.last
        if is_behind or self.starts[0][:width] > prefix:
            return range(0)
        first = max(0, bisect_right(self.starts, start) - 1)
        end = bisect_right(self.starts, prefix, lo=first + 1, key=lambda key: key[:width])
        return range(first, end)


class StoredTable:
    """The rows of one table as the files of a snapshot hold them."""

    def __init__(
        self, table: Table[Any], files: TableFiles, *, cache: BlockCache, sizes: Sizes
    ) -> None:
        self.table = table
        self.files = files
        self.is_small = files.rows <= sizes.small_rows and files.size_bytes <= sizes.small_bytes
        self._cache = cache
        self._runs: list[SortedRun] | None = None
        """Newest first, the base last; None while pages of the index are not read."""
        if not files.pages:
            self.open(files.base)

    @property
    def is_open(self) -> bool:
        """True once it is known which files there are."""
        return self._runs is not None

    def open(self, base: Sequence[File]) -> None:
        """These are the files of the base."""
        deltas = reversed(runs_of(self.files.deltas))
        runs = [*deltas, base] if base else list(deltas)
        self._runs = [SortedRun(self.table, run) for run in runs]

    def get(self, key: Key) -> Any:
        """The row under the key, or None.

        Raises: Missing.
        """
        missing: list[Place] = []
        for run in self._known(key):
            place = run.place(key)
            if place is None:
                continue
            block = self._cache.get(place.block)
            if block is None:
                missing.append(place)
            elif (row := block.get(key)) is not ABSENT:
                if missing:
                    break
                self._cache.weigh(place.block, block)
                return row
        if missing:
            raise Missing(self.table, key, places=missing)
        return None

    def lines(self, prefix: Key, start: Key, *, past: bool) -> Iterator[Line]:
        """The lines whose keys begin with `prefix`, from `start` on or past it, the newest of each
        key.

        Raises: Missing, at once or while it goes on.
        """
        scan = Scan(self._known(prefix), prefix, start, cache=self._cache, table=self.table)
        scan.require(start)
        return newest_of(scan.sources(past=past))

    def _known(self, prefix: Key) -> list[SortedRun]:
        if self._runs is None or self.is_small:
            raise Missing(self.table, prefix)
        return self._runs


class Scan:
    """One walk over the runs of a table. Asks for as many more blocks as it has walked over."""

    def __init__(
        self,
        runs: Sequence[SortedRun],
        prefix: Key,
        start: Key,
        *,
        cache: BlockCache,
        table: Table[Any],
    ) -> None:
        self._prefix = prefix
        self._start = start
        self._cache = cache
        self._table = table
        self._walked = 1
        self._runs = [run for run in runs if run.span(prefix, start)]

    def require(self, key: Key) -> None:
        """Raise Missing unless the next block of every run is in memory."""
        missing: list[Place] = []
        for run in self._runs:
            span = run.span(self._prefix, key)
            ahead = [run.places[position] for position in span[: self._walked]]
            missing += [place for place in ahead if place.block not in self._cache]
        if missing:
            raise Missing(self._table, self._prefix, places=missing)

    def sources(self, *, past: bool) -> list[Iterator[Line]]:
        """The lines of each run, newest run first."""
        return [self._lines(run, past=past) for run in self._runs]

    def _lines(self, run: SortedRun, *, past: bool) -> Iterator[Line]:
        width, prefix, start = len(self._prefix), self._prefix, self._start
        for position in run.span(prefix, start):
            place = run.places[position]
            block = self._cache.get(place.block)
            if block is None:
                self.require(max(start, run.starts[position]))
                raise Missing(self._table, prefix, places=[place])
            self._walked += 1
            first = (bisect_right if past else bisect_left)(block.keys, start)
            end = bisect_right(block.keys, prefix, lo=first, key=lambda key: key[:width])
            for at in range(first, end, LINES_AT_ONCE):
                chunk = block.lines(at, min(end, at + LINES_AT_ONCE))
                self._cache.weigh(place.block, block)
                yield from chunk


def newest_of(sources: Sequence[Iterator[Line]]) -> Iterator[Line]:
    """The lines of all sources in key order; where several have a key, that of the first."""
    return sources[0] if len(sources) == 1 else _merged(sources)


def _merged(sources: Sequence[Iterator[Line]]) -> Iterator[Line]:
    ranked = [_ranked(source, rank) for rank, source in enumerate(sources)]
    last: Key | None = None
    for key, _, row in heapq.merge(*ranked):
        if key != last:
            last = key
            yield key, row


def _ranked(source: Iterator[Line], rank: int) -> Iterator[tuple[Key, int, Any]]:
    for key, row in source:
        yield key, rank, row


__all__ = [
    "Missing",
    "Place",
    "Scan",
    "SortedRun",
    "StoredTable",
    "newest_of",
]
