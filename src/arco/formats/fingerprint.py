"""The data version: a hash of a table's logical values in row order.

Independent of chunks, encodings, column order and how rows are split into files, so equal data has an equal version
on every machine. Must not know files or tables.
"""

from __future__ import annotations

import hashlib
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

FORMAT = b"arco-data:v1\0"
HEX_DIGITS = 24


def data_version(table: pa.Table) -> str:
    """`dv_` and 24 hex digits for a table in storage form.

    A null's bytes do not count, and every NaN is the same NaN; 0.0 and -0.0 are different values.
    """
    whole = hashlib.sha256(FORMAT)
    for name in sorted(table.column_names):
        column = table.column(name)
        whole.update(f"{name}\0{column.type}\0{table.num_rows}\0".encode())
        digests = Digests()
        for chunk in column.chunks if table.num_rows else ():
            digests.feed(chunk, "")
        whole.update(digests.close())
    return "dv_" + whole.hexdigest()[:HEX_DIGITS]


class Digests:
    """One running hash per buffer of a column, so that values may arrive in any number of chunks."""

    def __init__(self) -> None:
        self._running: dict[str, Any] = {}

    def feed(self, array: pa.Array, path: str) -> None:
        """Take in an array: which values are there, how long each is, and the values themselves."""
        self._update(f"{path}/valid", validity(array))
        if pa.types.is_struct(array.type):
            for index, child in enumerate(array.flatten()):
                self.feed(child, f"{path}/{index}")
        elif pa.types.is_list(array.type) or pa.types.is_map(array.type):
            self._update(f"{path}/length", lengths(array))
            self.feed(items(array), f"{path}/item")
        elif pa.types.is_string(array.type) or pa.types.is_binary(array.type):
            filled = (
                array if array.null_count == 0 else array.fill_null(b"" if is_bytes(array) else "")
            )
            self._update(f"{path}/length", buffer(pc.binary_length(filled)))
            self._update(f"{path}/value", characters(filled))
        else:
            self._update(f"{path}/value", buffer(plain(array)))

    def close(self) -> bytes:
        """The digest of everything taken in."""
        names = sorted(self._running)
        return b"".join(name.encode() + self._running[name].digest() for name in names)

    def _update(self, path: str, data: Any) -> None:
        self._running.setdefault(path, hashlib.sha256()).update(data)


def is_bytes(array: pa.Array) -> bool:
    """True for binary, false for string."""
    return bool(pa.types.is_binary(array.type))


def validity(array: pa.Array) -> Any:
    """One byte a value: 1 where it is there, 0 where it is null."""
    return buffer(array.is_valid().cast(pa.uint8()))


def lengths(array: pa.Array) -> Any:
    """How many items each list has; 0 for a null list."""
    return buffer(pc.list_value_length(array).fill_null(0))


def items(array: pa.Array) -> pa.Array:
    """The items of all lists that are there, one after another."""
    if pa.types.is_map(array.type):
        entry = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
        array = array.cast(pa.list_(entry))
    return array.flatten()


def plain(array: pa.Array) -> pa.Array:
    """Fixed-width values, with one spelling for null and one for NaN."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    if array.null_count:
        array = array.fill_null(pa.scalar(0).cast(array.type))
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), pa.scalar(float("nan"), array.type), array)
    return array


def buffer(array: pa.Array) -> Any:
    """The bytes of the fixed-width values of this array, and no others."""
    width = array.type.bit_width // 8
    data = array.buffers()[1]
    if data is None or not len(array):
        return b""
    return memoryview(data)[array.offset * width : (array.offset + len(array)) * width]


def characters(array: pa.Array) -> Any:
    """The characters of all strings, one after another."""
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return b""
    edges = memoryview(offsets).cast("i")
    return memoryview(data)[edges[array.offset] : edges[array.offset + len(array)]]


__all__ = ["data_version"]
