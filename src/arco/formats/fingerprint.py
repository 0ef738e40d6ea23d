"""The data version: a hash of a table's logical values in row order.

Independent of chunks, encodings, column order and how rows are split into files, so equal data
has an equal version on every machine. Must not know files or tables.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

FORMAT = b"arco-data:v1\0"
HEX_DIGITS = 24
ZERO = pa.py_buffer(bytes(16))


def data_version(table: pa.Table) -> str:
    """`dv_` and 24 hex digits for a table in storage form.

    A null's bytes do not count and every NaN is the same; 0.0 and -0.0 differ.
    """
    whole = hashlib.sha256(FORMAT)
    for name in sorted(table.column_names):
        column = table.column(name)
        whole.update(f"{name}\0{column.type}\0{table.num_rows}\0".encode())
        digests = _Digests()
        for chunk in column.chunks if table.num_rows else ():
            digests.feed(chunk, "")
        whole.update(digests.close())
    return "dv_" + whole.hexdigest()[:HEX_DIGITS]


class _Digests:
    """One running hash per buffer of a column: values may arrive in any number of chunks."""

    def __init__(self) -> None:
        self._running: dict[str, Any] = {}

    def feed(self, array: pa.Array, path: str) -> None:
        """Take in an array: which values are there, how long each is, and the values themselves."""
        self._update(f"{path}/valid", _validity(array))
        if pa.types.is_struct(array.type):
            for index, child in enumerate(array.flatten()):
                self.feed(child, f"{path}/{index}")
        elif pa.types.is_list(array.type) or pa.types.is_map(array.type):
            entries = _as_list(array)
            self._update(f"{path}/length", _lengths(entries))
            self.feed(entries.flatten(), f"{path}/item")
        elif pa.types.is_string(array.type) or pa.types.is_binary(array.type):
            filled = (
                array if array.null_count == 0 else array.fill_null(b"" if _is_bytes(array) else "")
            )
            self._update(f"{path}/length", _buffer(pc.binary_length(filled)))
            self._update(f"{path}/value", _characters(filled))
        else:
            self._update(f"{path}/value", _buffer(_plain(array)))

    def close(self) -> bytes:
        """The digest of everything taken in."""
        names = sorted(self._running)
        return b"".join(name.encode() + self._running[name].digest() for name in names)

    def _update(self, path: str, data: Any) -> None:
        if path not in self._running:
            self._running[path] = hashlib.sha256()
        self._running[path].update(data)


def _is_bytes(array: pa.Array) -> bool:
    """True for binary, false for string."""
    return bool(pa.types.is_binary(array.type))


def _validity(array: pa.Array) -> Any:
    """One byte a value: 1 where it is there, 0 where it is null."""
    return _buffer(array.is_valid().cast(pa.uint8()))


def _lengths(array: pa.Array) -> Any:
    """How many items each list has; 0 for a null list."""
    return _buffer(pc.list_value_length(array).fill_null(0))


def _as_list(array: pa.Array) -> pa.Array:
    """A map as the list of its entries; a list as it is."""
    if not pa.types.is_map(array.type):
        return array
    entry = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
    return array.cast(pa.list_(entry))


def _plain(array: pa.Array) -> pa.Array:
    """Fixed-width values, with one spelling for null and one for NaN."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    if array.null_count:
        zero = pa.Array.from_buffers(array.type, 1, [None, ZERO])
        array = array.fill_null(zero[0])
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), pa.scalar(float("nan"), array.type), array)
    return array


def _buffer(array: pa.Array) -> Any:
    """The bytes of the fixed-width values of this array, and no others."""
    width = array.type.bit_width // 8
    data = array.buffers()[1]
    if data is None or not len(array):
        return b""
    return memoryview(data)[array.offset * width : (array.offset + len(array)) * width]


def _characters(array: pa.Array) -> Any:
    """The characters of all strings, one after another."""
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return b""
    edges = memoryview(offsets).cast("i")
    return memoryview(data)[edges[array.offset] : edges[array.offset + len(array)]]


__all__ = [
    "data_version",
]
