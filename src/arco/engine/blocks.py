"""Blocks: the lines of one row group, in key order, and a cache of them that is bounded in bytes.

Arrow columns until a row is asked for; then that row is a struct, and stays one as long as its
block stays. Must not know where lines come from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import starmap
from typing import Any, TypeAlias

import msgspec

from arco.engine import parquet
from arco.engine.columns import ColumnKeys, columns_of, keys_to_look_up
from arco.engine.lines import dropped
from arco.model import Key, Table

BlockId: TypeAlias = tuple[str, int | None]
"""A file's name and the number of a row group; None: all of them."""
Line: TypeAlias = tuple[Key, msgspec.Struct | None]
"""A key, and the row that stands there; None: it was dropped."""

ABSENT = object()
"""What stands under a key that the block does not have."""
DECODED_SHARE = 16
"""Once one line in so many was read, more of the block is read at a time."""
ASKED_OFTEN = 128
"""Once a block was asked for so many lines, all of its keys are made."""
DECODED_LINES = 1024
"""Rows take several times the memory of the columns they come from: no more are made than these
around what was asked for.
"""
_KEY_BYTES = 130
_ROW_BYTES = 80
_FIELD_BYTES = 60


class Block:
    """Lines of one table in key order."""

    __slots__ = (
        "_asked",
        "_columns",
        "_dropped",
        "_line_bytes",
        "_plain_bytes",
        "_rows",
        "_table",
        "keys",
    )

    def __init__(self, table: Table[Any], lines: parquet.Lines) -> None:
        self._table = table
        self._columns = columns_of(table, lines)
        self.keys: Sequence[Key] = keys_to_look_up(table, lines)
        self._dropped = dropped(lines)
        self._rows: dict[int, Any] = {}
        self._asked = 0
        self._plain_bytes: int = lines.nbytes
        share = 2 * self._plain_bytes // max(1, lines.num_rows)
        self._line_bytes: int = _ROW_BYTES + _FIELD_BYTES * len(self._columns) + share

    @property
    def size_bytes(self) -> int:
        """The columns, and what was made of them."""
        keys = self.keys.known if isinstance(self.keys, ColumnKeys) else len(self.keys)
        return self._plain_bytes + keys * _KEY_BYTES + len(self._rows) * self._line_bytes

    def get(self, key: Key) -> Any:
        """The row under the key, None for a dropped one, or `ABSENT`."""
        self._ask(1)
        position = bisect_left(self.keys, key)
        if position == len(self.keys) or self.keys[position] != key:
            return ABSENT
        if position in self._dropped:
            return None
        row = self._rows.get(position)
        return self._row(position) if row is None else row

    def lines(self, start: int, stop: int) -> list[Line]:
        """The lines at these positions."""
        self._ask(stop - start)
        is_whole = len(self._rows) == len(self.keys)
        if not is_whole and any(position not in self._rows for position in range(start, stop)):
            # Whoever has read this much of the block is likely to go on: reading what is around at
            # once costs a fraction of reading it a few lines at a time.
            if len(self._rows) * DECODED_SHARE >= len(self.keys):
                start_around = start // DECODED_LINES * DECODED_LINES
                stop_around = -(-stop // DECODED_LINES) * DECODED_LINES
                self._decode(start_around, min(stop_around, len(self.keys)))
            else:
                self._decode(start, stop)
        rows, gone = self._rows, self._dropped
        asked = enumerate(self.keys[start:stop], start)
        if not gone:
            return [(key, rows[position]) for position, key in asked]
        return [(key, None if position in gone else rows[position]) for position, key in asked]

    def _ask(self, lines: int) -> None:
        """Whoever asked for so many lines in all is likely to go on: all keys are made at once."""
        self._asked += lines
        if self._asked >= ASKED_OFTEN and isinstance(self.keys, ColumnKeys):
            self.keys = self.keys.made()

    def _row(self, position: int) -> Any:
        fields: dict[str, Any] = {}
        for column in self._columns:
            value = column.values[position].as_py()
            if value is not None and column.convert is not None:
                value = column.convert(value)
            fields[column.name] = value
        row = self._rows[position] = self._table.row(**fields)
        return row

    def _decode(self, start: int, stop: int) -> None:
        names = tuple(column.name for column in self._columns)
        values = [column.between(start, stop) for column in self._columns]
        made = _made(self._table.row, names, values=values)
        self._rows = dict(zip(range(start, stop), made, strict=True)) | self._rows


def _made(
    make: Callable[..., Any], names: tuple[str, ...], *, values: Sequence[Sequence[Any]]
) -> Iterator[Any]:
    """A row for each line of the columns."""
    lines = zip(*values, strict=True)
    # A struct that takes its fields by position is made several times faster.
    if getattr(make, "__match_args__", ()) == names:
        return starmap(make, lines)
    return (make(**dict(zip(names, fields, strict=True))) for fields in lines)


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
    "DECODED_LINES",
    "Block",
    "BlockCache",
    "BlockId",
    "Line",
]
