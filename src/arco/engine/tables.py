"""Rows in memory: the committed state of every table, and the overlay a batch is decided on.

Law L4: readers on the loop see exactly one slot, because an overlay is merged in one step. Cold
rows stay in snapshot files until somebody asks for them (`NotLoaded`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sortedcontainers import SortedDict

from arco.model import Change, Drop, Key, NotLoaded, Put, Row, State, Table


class ColdRows:
    """Which blocks of a table still live only in snapshot files. A block starts at its first
    key.
    """

    def __init__(self, starts: list[Key]) -> None:
        self.starts = starts
        self.pending: set[int] = set(range(max(1, len(starts))))
        self.deltas_loaded = False

    def blocks(self, prefix: Key) -> range:
        """The blocks that may hold keys that start with `prefix`."""
        first = max(0, bisect_right(self.starts, prefix) - 1)
        last = first
        while last + 1 < len(self.starts) and self.starts[last + 1][: len(prefix)] <= prefix:
            last += 1
        return range(first, last + 1)

    def missing(self, prefix: Key) -> list[int]:
        """The blocks of `prefix` that are not in memory."""
        if not self.pending:
            return []
        return [block for block in self.blocks(prefix) if block in self.pending]


class MemoryTable:
    """One table's rows in key order, what is cold, and what changed since the last snapshot."""

    def __init__(self) -> None:
        self.rows: SortedDict = SortedDict()
        self.dropped: set[Key] = set()
        self.cold: ColdRows | None = None
        self.changed: dict[Key, int] = {}

    def require(self, table: Table[Any], prefix: Key) -> None:
        """Raise NotLoaded unless every row under `prefix` is in memory."""
        if self.cold is not None and self.cold.missing(prefix):
            raise NotLoaded(table, prefix)

    def apply(self, change: Change, seq: int) -> None:
        """Make the change, and remember that slot `seq` made it."""
        if isinstance(change, Put):
            key = change.table.key_of(change.row)
            self.rows[key] = change.row
            self.dropped.discard(key)
        else:
            key = change.key
            self.rows.pop(key, None)
            if self.cold is not None:
                self.dropped.add(key)
        self.changed[key] = seq

    def fill(self, rows: Iterable[tuple[Key, msgspec.Struct | None]]) -> None:
        """Add rows from snapshot files, newest first; what is known already is newer and stays."""
        for key, row in rows:
            if key in self.rows or key in self.dropped:
                continue
            if row is None:
                self.dropped.add(key)
            else:
                self.rows[key] = row

    def settle(self, blocks: Iterable[int]) -> None:
        """These blocks are in memory now."""
        assert self.cold is not None
        self.cold.pending.difference_update(blocks)
        if not self.cold.pending:
            self.cold = None
            self.dropped.clear()


class Tables:
    """The committed state: `model.State` at one slot."""

    def __init__(self, tables: Iterable[Table[Any]]) -> None:
        self.memory: dict[str, MemoryTable] = {table.name: MemoryTable() for table in tables}

    @property
    def is_cold(self) -> bool:
        """True while some rows stand only in snapshot files."""
        return any(memory.cold is not None for memory in self.memory.values())

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        memory = self.memory[table.name]
        row: Row | None = memory.rows.get(key)
        if row is None and memory.cold is not None and key not in memory.dropped:
            memory.require(table, key)
        return row

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        memory = self.memory[table.name]
        memory.require(table, prefix)
        return _walk(memory.rows, prefix, after=after)

    def apply(self, changes: Iterable[Change], seq: int) -> None:
        """Make the changes of slot `seq`."""
        for change in changes:
            self.memory[change.table.name].apply(change, seq)

    def forget_changes(self, slot: int) -> None:
        """Changes up to `slot` stand in snapshot files now."""
        for memory in self.memory.values():
            kept = {key: seq for key, seq in memory.changed.items() if seq > slot}
            memory.changed = kept


class Overlay:
    """A state with changes laid over it; the state below is not touched."""

    def __init__(self, below: State) -> None:
        self._below = below
        self._rows: dict[str, SortedDict] = {}
        self.changes: list[Change] = []

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        rows = self._rows.get(table.name)
        if rows is not None and key in rows:
            found: Row | None = rows[key]
            return found
        return self._below.get(table, *key)

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        rows = self._rows.get(table.name)
        below = self._below.range(table, *prefix, after=after)
        if not rows:
            return below
        return _laid_over(table, below, rows=rows, keys=list(_keys(rows, prefix, after=after)))

    def apply(self, changes: Iterable[Change]) -> None:
        """Lay the changes over the state below."""
        for change in changes:
            self.changes.append(change)
            rows = self._rows.get(change.table.name)
            if rows is None:
                rows = self._rows[change.table.name] = SortedDict()
            if isinstance(change, Drop):
                rows[change.key] = None
            else:
                rows[change.table.key_of(change.row)] = change.row


def _keys(rows: SortedDict, prefix: Key, *, after: Key | None) -> Iterator[Key]:
    past = after is not None and after >= prefix
    start = after if past else prefix
    width = len(prefix)
    for key in rows.irange(start or None, inclusive=(not past, True)):
        if key[:width] != prefix:
            return
        yield key


def _walk(rows: SortedDict, prefix: Key, *, after: Key | None) -> Iterator[Any]:
    for key in _keys(rows, prefix, after=after):
        yield rows[key]


def _laid_over(
    table: Table[Any], below: Iterator[Any], *, rows: SortedDict, keys: list[Key]
) -> Iterator[Any]:
    position = 0
    for row in below:
        key = table.key_of(row)
        while position < len(keys) and keys[position] < key:
            if rows[keys[position]] is not None:
                yield rows[keys[position]]
            position += 1
        if position < len(keys) and keys[position] == key:
            continue
        yield row
    for key in keys[position:]:
        if rows[key] is not None:
            yield rows[key]


__all__ = ["ColdRows", "MemoryTable", "Overlay", "Tables"]
