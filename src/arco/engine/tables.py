"""The state at one slot: changed rows in memory over rows in snapshot files, and the overlay a
batch is decided on.

Law L4: readers on the loop see exactly one slot, because an overlay is merged in one step. Rows
that stand only in files are asked for by `NotLoaded`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from arco.engine.adjacency import Link
from arco.engine.blocks import ABSENT, BlockCache, Line
from arco.engine.index import Index, TableFiles
from arco.engine.memory import MemoryTable, lines_in
from arco.engine.ordered import OrderedRows
from arco.engine.relations import Adjacencies, Relations
from arco.engine.sizes import SIZES, Sizes
from arco.engine.stored import StoredTable
from arco.model import Change, Key, Put, Relation, Row, State, Table

_ROW = itemgetter(1)


class Tables:
    """The committed state: `model.State` at one slot."""

    def __init__(
        self,
        tables: Iterable[Table[Any]],
        *,
        sizes: Sizes = SIZES,
        cache: BlockCache | None = None,
        adjacencies: Adjacencies | None = None,
    ) -> None:
        self.by_name = {table.name: table for table in tables}
        self.memory: dict[str, MemoryTable] = {name: MemoryTable() for name in self.by_name}
        self.sizes = sizes
        self.cache = cache if cache is not None else BlockCache(sizes.cache_bytes)
        self.adjacencies = adjacencies if adjacencies is not None else Adjacencies()
        self._relations = Relations(self.adjacencies)
        self.notes: dict[str, Any] = {}
        self.written = 0
        """How many changes were ever applied."""

    def empty(self) -> Tables:
        """No rows, of the same tables and sizes, with the same caches."""
        tables = self.by_name.values()
        return Tables(tables, sizes=self.sizes, cache=self.cache, adjacencies=self.adjacencies)

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

    def mark(self, table: Table[Any], first: Any) -> object:
        """Another object each time a row whose key begins with `first` has moved."""
        return self.memory[table.name].mark(first)

    def below(self, relation: Relation, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that come from the nodes, in the order of the nodes, then of their far ends.

        Raises: NotLoaded. Cost: arrays are made of many edges when they are first asked for.
        """
        memory = self.memory[relation.forward.name]
        indexed = self._relations.indexed(relation, memory)
        if indexed is None:
            return self._ranges(relation.forward, nodes)
        return indexed.below(nodes)

    def above(self, relation: Relation, nodes: Sequence[Key]) -> Iterator[Link]:
        """The edges that go to the nodes, in the order of the nodes, then of their far ends.

        Raises: NotLoaded.
        """
        memory = self.memory[relation.forward.name]
        indexed = self._relations.indexed(relation, memory)
        if indexed is None:
            return self._ranges(relation.backward, nodes)
        return indexed.above(nodes)

    def _ranges(self, table: Table[Any], nodes: Sequence[Key]) -> Iterator[Link]:
        for node in nodes:
            for row in self.range(table, *node):
                yield node, table.key_of(row)[len(node) :]

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
        above = list(lines_in(rows, prefix, after=after)) if rows else []
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


__all__ = ["Overlay", "Tables"]
