"""Blocks: the lines of one row group, in key order, and a cache of them that is bounded in bytes.

Arrow columns until a row is asked for; then that row is a struct, and stays one as long as its
block stays. Must not know where lines come from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import msgspec

from arco.engine import parquet
from arco.engine.lines import dropped
from arco.model import Key, Table

BlockId: TypeAlias = tuple[str, int | None]
"""A file's name and the number of a row group; None: all of them."""
Line: TypeAlias = tuple[Key, msgspec.Struct | None]
"""A key, and the row that stands there; None: it was dropped."""

ABSENT = object()
"""What stands under a key that the block does not have."""
_KEY_BYTES = 130
_ROW_BYTES = 80
_FIELD_BYTES = 60


class Block:
    """Lines of one table in key order."""

    __slots__ = ("_columns", "_dropped", "_line_bytes", "_rows", "_table", "keys", "size_bytes")

    def __init__(self, table: Table[Any], lines: parquet.Lines) -> None:
        self._table = table
        self._columns = parquet.columns_of(table, lines)
        self.keys = parquet.keys_of(table, lines)
        self._dropped = dropped(lines)
        self._rows: dict[int, Any] = {}
        plain = lines.nbytes
        share = 2 * plain // max(1, lines.num_rows)
        self._line_bytes = _ROW_BYTES + _FIELD_BYTES * len(self._columns) + share
        self.size_bytes = plain + len(self.keys) * _KEY_BYTES

    def get(self, key: Key) -> Any:
        """The row under the key, None for a dropped one, or `ABSENT`."""
        position = bisect_left(self.keys, key)
        if position == len(self.keys) or self.keys[position] != key:
            return ABSENT
        if position in self._dropped:
            return None
        row = self._rows.get(position)
        return self._row(position) if row is None else row

    def lines(self, start: int, stop: int) -> list[Line]:
        """The lines at these positions."""
        rows = self._rows
        if any(position not in rows for position in range(start, stop)):
            self._decode(start, stop)
        keys = self.keys
        if not self._dropped:
            return [(keys[position], rows[position]) for position in range(start, stop)]
        gone = self._dropped
        return [(keys[p], None if p in gone else rows[p]) for p in range(start, stop)]

    def _row(self, position: int) -> Any:
        fields: dict[str, Any] = {}
        for column in self._columns:
            value = column.values[position].as_py()
            if value is not None and column.convert is not None:
                value = column.convert(value)
            fields[column.name] = value
        row = self._rows[position] = self._table.row(**fields)
        self.size_bytes += self._line_bytes
        return row

    def _decode(self, start: int, stop: int) -> None:
        names = [column.name for column in self._columns]
        values = [column.between(start, stop) for column in self._columns]
        make = self._table.row
        for position, fields in enumerate(zip(*values, strict=True), start):
            if position not in self._rows:
                self._rows[position] = make(**dict(zip(names, fields, strict=True)))
                self.size_bytes += self._line_bytes


class BlockCache:
    """The blocks that were used last, up to so many bytes."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.size_bytes = 0
        self._blocks: OrderedDict[object, Block | None] = OrderedDict()
        self._charged: dict[object, int] = {}

    def __len__(self) -> int:
        return len(self._charged)

    def __contains__(self, name: object) -> bool:
        return name in self._charged

    def get(self, name: BlockId) -> Block | None:
        """The block, which counts as used now."""
        block = self._blocks.get(name)
        if block is not None:
            self._blocks.move_to_end(name)
        return block

    def put(self, name: BlockId, block: Block) -> None:
        """The block is in memory; those that were not used for longest may go."""
        self._blocks[name] = block
        self._blocks.move_to_end(name)
        self.weigh(name, block)

    def weigh(self, name: BlockId, block: Block) -> None:
        """The block has its present size: rows were made of its lines."""
        charged = self._charged.get(name, 0)
        if charged != block.size_bytes and name in self._blocks:
            self.size_bytes += block.size_bytes - charged
            self._charged[name] = block.size_bytes
            self.trim()

    @contextmanager
    def held(self) -> Iterator[None]:
        """What is used from here on stays until this ends, however much it is: a question that is
        asked again must find what it asked for.
        """
        marker = object()
        self._blocks[marker] = None
        try:
            yield
        finally:
            del self._blocks[marker]
            self.trim()

    def trim(self) -> None:
        """No more bytes than there may be, but for what is held."""
        while self.size_bytes > self.bytes_max:
            name, block = next(iter(self._blocks.items()), (None, None))
            if block is None:
                return
            del self._blocks[name]
            self.size_bytes -= self._charged.pop(name)


__all__ = [
    "ABSENT",
    "Block",
    "BlockCache",
    "BlockId",
    "Line",
]
