"""The state at one slot: changed rows in memory over rows in snapshot files, and the overlay a
batch is decided on.

Law L4: readers on the loop see exactly one slot, because an overlay is merged in one step. Rows
that stand only in files are asked for by `NotLoaded`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, takewhile
from operator import itemgetter
from typing import Any

from arco.engine.blocks import ABSENT, BlockCache, Line
from arco.engine.index import Index, TableFiles
from arco.engine.ordered import OrderedRows
from arco.engine.sizes import SIZES, Sizes
from arco.engine.stored import StoredTable, newest_of
from arco.model import Change, Key, Put, Row, State, Table

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
            return _lines(self.rows, prefix, after=after)
        past = after is not None and after >= prefix
        start = after if after is not None and past else prefix
        below = self.stored.lines(prefix, start, past=past)
        above = _lines(self.rows, prefix, after=after)
        first = next(above, None)
        lines = newest_of([chain([first], above), below]) if first else below
        return (line for line in lines if line[1] is not None)

    def merge(self, lines: Iterable[Line], seq: int) -> None:
        """Slot `seq` made these rows stand under their keys; None: no row does."""
        rows, slots, is_whole = self.rows, self.slots, self.stored is None
        for key, row in lines:
            if row is None and is_whole:
                rows.drop(key)
            else:
                rows[key] = row
            slots.pop(key, None)
            slots[key] = seq

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


class Tables:
    """The committed state: `model.State` at one slot."""

    def __init__(
        self,
        tables: Iterable[Table[Any]],
        *,
        sizes: Sizes = SIZES,
        cache: BlockCache | None = None,
    ) -> None:
        self.by_name = {table.name: table for table in tables}
        self.memory: dict[str, MemoryTable] = {name: MemoryTable() for name in self.by_name}
        self.sizes = sizes
        self.cache = cache if cache is not None else BlockCache(sizes.cache_bytes)
        self.written = 0
        """How many changes were ever applied."""

    def empty(self) -> Tables:
        """No rows, of the same tables and sizes, with the same cache."""
        return Tables(self.by_name.values(), sizes=self.sizes, cache=self.cache)

    @property
    def is_cold(self) -> bool:
        """True while some rows stand only in snapshot files."""
        return any(memory.stored is not None for memory in self.memory.values())

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        memory = self.memory[table.name]
        # Most rows that are asked for are in memory: that is one look-up.
        row: Row | None = memory.rows.get(key, ABSENT)
        return memory.get(key) if row is ABSENT else row

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        return self.memory[table.name].range(prefix, after=after)

    def lines(self, table: Table[Any], prefix: Key, *, after: Key | None) -> Iterator[Line]:
        """The keys and rows of `range`."""
        return self.memory[table.name].lines(prefix, after=after)

    def apply(self, changes: Iterable[Change], seq: int) -> None:
        """Make the changes of slot `seq`."""
        overlay = Overlay(self)
        overlay.apply(changes)
        self.merge(overlay, seq)

    def merge(self, overlay: Overlay, seq: int) -> None:
        """Make what slot `seq` laid over this state part of it. Cost: its rows."""
        for name, rows in overlay.rows.items():
            self.memory[name].merge(rows.items(), seq)
            self.written += len(rows)

    def begin(self, index: Index) -> None:
        """The state is that of the snapshot; no row of it is in memory."""
        for name, memory in self.memory.items():
            files = index.tables.get(name)
            memory.since = index.slot
            if files is not None:
                memory.stored = self._stored(name, files)

    def stand_on(self, index: Index) -> None:
        """Rows that stand in the snapshot's files leave memory, but for those of small tables and
        what changed since.
        """
        for name, files in index.tables.items():
            memory = self.memory.get(name)
            if memory is None or memory.since > index.slot:
                continue
            if memory.stored is not None or not memory.is_small(files, self.sizes):
                memory.stand_on(self._stored(name, files), index.slot)

    def _stored(self, name: str, files: TableFiles) -> StoredTable:
        return StoredTable(self.by_name[name], files, cache=self.cache, sizes=self.sizes)

    def forget_changes(self, slot: int) -> None:
        """Changes up to `slot` stand in snapshot files now; tables that stay in memory whole need
        not know them.
        """
        for memory in self.memory.values():
            if memory.stored is None and len(memory.rows) <= self.sizes.small_rows:
                memory.forget(slot)


class Overlay:
    """A state with changes laid over it; the state below is not touched."""

    def __init__(self, below: State) -> None:
        self._below = below
        self.rows: dict[str, OrderedRows] = {}
        """Table name -> the last word on each key that changed: a row, or None."""
        self.changes: list[Change] = []

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        rows = self.rows.get(table.name)
        found: Row | None
        if rows is not None and (found := rows.get(key, ABSENT)) is not ABSENT:
            return found
        return self._below.get(table, *key)

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        if table.name not in self.rows:
            return self._below.range(table, *prefix, after=after)
        return map(_ROW, self.lines(table, prefix, after=after))

    def lines(self, table: Table[Any], prefix: Key, *, after: Key | None) -> Iterator[Line]:
        """The keys and rows of `range`."""
        below = _lines_of(self._below, table, prefix=prefix, after=after)
        rows = self.rows.get(table.name)
        # Whoever walks may lay more over this state meanwhile.
        above = list(_lines(rows, prefix, after=after)) if rows else []
        return _laid_over(below, above) if above else below

    def apply(self, changes: Iterable[Change]) -> None:
        """Lay the changes over the state below."""
        for change in changes:
            self.changes.append(change)
            table = change.table
            rows = self.rows.get(table.name)
            if rows is None:
                rows = self.rows[table.name] = OrderedRows()
            if isinstance(change, Put):
                rows[table.key_of(change.row)] = change.row
            else:
                rows[change.key] = None


def _lines_of(state: State, table: Table[Any], *, prefix: Key, after: Key | None) -> Iterator[Line]:
    if isinstance(state, Tables | Overlay):
        return state.lines(table, prefix, after=after)
    rows = state.range(table, *prefix, after=after)
    return ((table.key_of(row), row) for row in rows)


def _lines(rows: OrderedRows, prefix: Key, *, after: Key | None) -> Iterator[Line]:
    past = after is not None and after >= prefix
    start = after if after is not None and past else prefix
    width = len(prefix)
    for key in rows.keys_from(start, past=past):
        if key[:width] != prefix:
            return
        yield key, rows[key]


def _laid_over(below: Iterator[Line], above: Iterable[Line]) -> Iterator[Line]:
    """Both in key order; of two lines with one key that above, and no row where it says so."""
    waiting = iter(above)
    upper = next(waiting, None)
    for line in below:
        while upper is not None and upper[0] < line[0]:
            if upper[1] is not None:
                yield upper
            upper = next(waiting, None)
        if upper is None or upper[0] != line[0]:
            yield line
        elif upper[1] is not None:
            yield upper
        if upper is not None and upper[0] == line[0]:
            upper = next(waiting, None)
    while upper is not None:
        if upper[1] is not None:
            yield upper
        upper = next(waiting, None)


__all__ = ["MemoryTable", "Overlay", "Tables"]
