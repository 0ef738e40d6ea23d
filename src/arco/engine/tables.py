"""The state at one slot: changed rows in memory over rows in snapshot files, and the overlay a
batch is decided on.

Law L4: readers on the loop see exactly one slot, because an overlay is merged in one step. Rows
that stand only in files are asked for by `NotLoaded`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, takewhile
from typing import Any

from arco.engine.blocks import ABSENT, BlockCache, Line
from arco.engine.index import Index, TableFiles
from arco.engine.ordered import OrderedRows
from arco.engine.sizes import SIZES, Sizes
from arco.engine.stored import StoredTable, newest_of
from arco.model import Change, Drop, Key, Put, Row, State, Table


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
        if self.stored is None:
            return _walk(self.rows, prefix, after=after)
        past = after is not None and after >= prefix
        start = after if after is not None and past else prefix
        below = self.stored.lines(prefix, start, past=past)
        above = ((key, self.rows[key]) for key in _keys(self.rows, prefix, after=after))
        first = next(above, None)
        lines = newest_of([chain([first], above), below]) if first else below
        return (row for _, row in lines if row is not None)

    def apply(self, change: Change, seq: int) -> None:
        """Make the change, and remember that slot `seq` made it."""
        if isinstance(change, Put):
            key = change.table.key_of(change.row)
            self.rows[key] = change.row
        else:
            key = change.key
            if self.stored is None:
                self.rows.drop(key)
            else:
                self.rows[key] = None
        self.slots.pop(key, None)
        self.slots[key] = seq

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
        row: Row | None = self.memory[table.name].get(key)
        return row

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        return self.memory[table.name].range(prefix, after=after)

    def apply(self, changes: Iterable[Change], seq: int) -> None:
        """Make the changes of slot `seq`."""
        for change in changes:
            self.memory[change.table.name].apply(change, seq)
            self.written += 1

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
        self._rows: dict[str, OrderedRows] = {}
        self.changes: list[Change] = []

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        rows = self._rows.get(table.name)
        found: Row | None
        if rows is not None and (found := rows.get(key, ABSENT)) is not ABSENT:
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
                rows = self._rows[change.table.name] = OrderedRows()
            if isinstance(change, Drop):
                rows[change.key] = None
            else:
                rows[change.table.key_of(change.row)] = change.row


def _keys(rows: OrderedRows, prefix: Key, *, after: Key | None) -> Iterator[Key]:
    past = after is not None and after >= prefix
    start = after if after is not None and past else prefix
    width = len(prefix)
    for key in rows.keys_from(start, past=past):
        if key[:width] != prefix:
            return
        yield key


def _walk(rows: OrderedRows, prefix: Key, *, after: Key | None) -> Iterator[Any]:
    for key in _keys(rows, prefix, after=after):
        yield rows[key]


def _laid_over(
    table: Table[Any], below: Iterator[Any], *, rows: OrderedRows, keys: list[Key]
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


__all__ = ["MemoryTable", "Overlay", "Tables"]
