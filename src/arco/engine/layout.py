"""Where the row groups of a Parquet file stand, so that one of them is read without the others.

Every part keeps its own hash, taken when the whole file was checked: bytes that are read again
later are checked like those that were read first. Must not know tables or keys.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import msgspec

from arco.ids import sha256

if TYPE_CHECKING:
    import pyarrow as pa

TAIL_BYTES = 8
"""The length of the metadata and the magic that end a file."""


class Part(msgspec.Struct, frozen=True):
    """Bytes `[start, end)` of a file, and their hash."""

    start: int
    end: int
    sha256: str


class Layout(msgspec.Struct, frozen=True):
    """The parts of a file."""

    footer: Part
    groups: tuple[Part, ...]


def layout_of(data: bytes) -> Layout:
    """Where everything stands in this file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    length = int.from_bytes(data[-TAIL_BYTES : 4 - TAIL_BYTES], "little")
    footer = _part(data, len(data) - length - TAIL_BYTES, end=len(data))
    metadata = pq.read_metadata(pa.BufferReader(data))
    groups = (_bounds(metadata.row_group(number)) for number in range(metadata.num_row_groups))
    return Layout(footer, tuple(_part(data, start, end=end) for start, end in groups))


def read_group(number: int, group: bytes, *, footer: bytes, layout: Layout) -> pa.Table:
    """The lines of one row group, from its bytes and those of the footer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(pa.BufferReader(footer))
    source = _Window(group, layout.groups[number].start, size_bytes=layout.footer.end)
    file = pq.ParquetFile(pa.PythonFile(source, mode="r"), metadata=metadata)
    return file.read_row_group(number, use_threads=False)


class _Window(io.RawIOBase):
    """A file of which only some bytes in the middle are here."""

    def __init__(self, data: bytes, start: int, *, size_bytes: int) -> None:
        self._data = data
        self._start = start
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}
        self._position = origin[whence] + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        offset = self._position - self._start
        assert offset >= 0, "a row group is read within its own bytes"
        piece = self._data[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def _part(data: bytes, start: int, *, end: int) -> Part:
    return Part(start, end, sha256(data[start:end]))


def _bounds(group: Any) -> tuple[int, int]:
    columns = [group.column(number) for number in range(group.num_columns)]
    starts = [_first_byte(column) for column in columns]
    ends = [
        start + column.total_compressed_size for start, column in zip(starts, columns, strict=True)
    ]
    return min(starts), max(ends)


def _first_byte(column: Any) -> int:
    offsets: tuple[int | None, ...] = (column.dictionary_page_offset, column.data_page_offset)
    return min(offset for offset in offsets if offset is not None)


__all__ = ["Layout", "Part", "layout_of", "read_group"]
