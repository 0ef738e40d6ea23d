"""The rows of one table in memory, and the snapshot files below them that hold the others.

Law L4: rows leave memory in one step, for files that hold the same. Must not know other tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, takewhile
from operator import itemgetter
from typing import Any

from arco.engine.blocks import ABSENT, Line
from arco.engine.index import TableFiles
from arco.engine.ordered import OrderedRows
from arco.engine.sizes import Sizes
from arco.engine.stored import StoredTable, newest_of
from arco.model import Key

_ROW = itemgetter(1)


class MemoryTable:
    """One table: rows in key order, and the snapshot files below them that hold the others."""

    def __init__(self) -> None:
        self.rows = OrderedRows()
        """The row under each key; None where one was dropped that files below still hold."""
        self.stored: StoredTable | None = None
        """None: there are no rows but those in memory."""
        self.slots: dict[Key, int] = {}
        """The slot that changed each key, oldest first; of every change after `since`."""
        self.since = -1
        self._whole = object()
        self._marks: dict[Any, object] | None = None

    def mark(self, first: Any) -> object:
        """Another object each time a row whose key begins with `first` has moved.

        Cost: what is merged from now on leaves a mark for each first part of its keys.
        """
        if self._marks is None:
            self._marks = {}
        return self._marks.get(first, self._whole)

    def get(self, key: Key) -> Any:
        """The row under the key, or None.

        Raises: Missing.
        """
        row = self.rows.get(key, ABSENT)
        if row is not ABSENT:
            return row
        return None if self.stored is None else self.stored.get(key)

    def range(self, prefix: Key, *, after: Key | None) -> Iterator[Any]:
        """Rows whose key starts with `prefix`, past `after`.

        Raises: Missing, at once or while it goes on.
        """
        return map(_ROW, self.lines(prefix, after=after))

    def lines(self, prefix: Key, *, after: Key | None) -> Iterator[Line]:
        """The keys and rows of `range`.

        Raises: Missing, at once or while it goes on.
        """
        if self.stored is None:
            return lines_in(self.rows, prefix, after=after)
        past = after is not None and after >= prefix
        start = after if after is not None and past else prefix
        below = self.stored.lines(prefix, start, past=past)
        above = lines_in(self.rows, prefix, after=after)
        first = next(above, None)
        lines = newest_of([chain([first], above), below]) if first else below
        return (line for line in lines if line[1] is not None)

    def merge(self, lines: Iterable[Line], seq: int) -> None:
        """Slot `seq` made these rows stand under their keys; None: no row does."""
        rows, slots, is_whole = self.rows, self.slots, self.stored is None
        marks, mark = self._marks, object()
        for key, row in lines:
            if row is None and is_whole:
                rows.drop(key)
            else:
                rows[key] = row
            slots.pop(key, None)
            slots[key] = seq
            if marks is not None:
                marks[key[0]] = mark

    def changed(self, slot: int) -> dict[Key, int]:
        """The keys that changed after `slot`, and the slots that changed them."""
        assert slot >= self.since, "older changes are forgotten"
        return dict(takewhile(lambda item: item[1] > slot, reversed(self.slots.items())))

    def complete(self, lines: Iterable[Line]) -> None:
        """All rows are in memory: these lines, newest first, below what is known already."""
        for key, row in lines:
            if key not in self.rows:
                self.rows[key] = row
        for key in [key for key, row in self.rows.items() if row is None]:
            self.rows.drop(key)
        self.stored = None

    def stand_on(self, stored: StoredTable, slot: int) -> None:
        """Only what changed after `slot` stays in memory: the rest stands in these files."""
        self.slots = {key: seq for key, seq in self.slots.items() if seq > slot}
        self.rows = OrderedRows((key, self.rows.get(key)) for key in self.slots)
        self.stored, self.since = stored, slot

    def is_small(self, files: TableFiles, sizes: Sizes) -> bool:
        """True when all rows may stay in memory, whatever else these files hold."""
        count = len(self.rows)
        line_bytes = files.size_bytes / max(1, files.rows)
        return count <= sizes.small_rows and count * line_bytes <= sizes.small_bytes

    def forget(self, slot: int) -> None:
        """Which rows changed up to `slot` does not matter any more."""
        self.slots = {key: seq for key, seq in self.slots.items() if seq > slot}
        self.since = max(self.since, slot)


def lines_in(rows: OrderedRows, prefix: Key, *, after: Key | None) -> Iterator[Line]:
    """The keys that begin with `prefix`, and their rows, in order; past `after` if given."""
    past = after is not None and after >= prefix
    start = after if after is not None and past else prefix
    keys = rows.keys_from(start, past=past)
    if prefix:
        width = len(prefix)
        keys = takewhile(lambda key: key[:width] == prefix, keys)
    row_of = rows.get
    return ((key, row_of(key)) for key in keys)


__all__ = ["MemoryTable", "lines_in"]
