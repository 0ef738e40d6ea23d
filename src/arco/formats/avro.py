"""Avro object container files: what Iceberg writes its manifests in, decoded by their own schema.

Bytes may be a stranger's: what makes no sense raises and is never guessed. Must not know what the
records mean.
Source: Apache Avro specification 1.11, "Object Container Files" and "Binary Encoding".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pyarrow as pa

MAGIC = b"Obj\x01"
SYNC_BYTES = 16
BLOCK_BYTES_MAX = 256 * 1024 * 1024
METADATA_SCHEMA = {"type": "map", "values": "bytes"}


class AvroUnreadable(ValueError):
    """The bytes are no Avro file, or one that cannot be decoded."""


class _Reader:
    """The bytes of a file, read from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        end = self._at + count
        if count < 0 or end > len(self._data):
            raise AvroUnreadable("the file ends too early")
        found, self._at = self._data[self._at : end], end
        return found

    def number(self) -> int:
        shift = value = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7
            if shift > 63:
                raise AvroUnreadable("a number is too long")


Decode = Callable[[_Reader], Any]


def records(data: bytes) -> Iterator[dict[str, Any]]:
    """The file's records in their order.

    Raises: AvroUnreadable.
    """
    reader = _Reader(data)
    if reader.take(len(MAGIC)) != MAGIC:
        raise AvroUnreadable("it is no Avro file")
    metadata = _decoder(METADATA_SCHEMA, {})(reader)
    codec = metadata.get("avro.codec", b"null").decode()
    decode = _decoder(msgspec.json.decode(metadata["avro.schema"]), {})
    sync = reader.take(SYNC_BYTES)
    while not reader.is_at_end:
        count = reader.number()
        block = _Reader(_unpacked(reader.take(reader.number()), codec))
        for _ in range(count):
            yield decode(block)
        if reader.take(SYNC_BYTES) != sync:
            raise AvroUnreadable("a block does not end where it says")


def _unpacked(block: bytes, codec: str) -> bytes:
    if codec == "null":
        return block
    if codec == "deflate":
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        found = unpacker.decompress(block, BLOCK_BYTES_MAX)
        if unpacker.unconsumed_tail:
            raise AvroUnreadable("a block is too large")
        return found
    if codec == "zstandard":
        with pa.CompressedInputStream(pa.BufferReader(block), "zstd") as stream:
            return bytes(stream.read(BLOCK_BYTES_MAX))
    raise AvroUnreadable(f"its codec is {codec}")


def _decoder(schema: Any, named: dict[str, Decode]) -> Decode:
    """What reads one value of the schema."""
    if isinstance(schema, list):
        return _union([_decoder(each, named) for each in schema])
    if isinstance(schema, str):
        # A named type may be meant before its own definition has ended.
        return PLAIN[schema] if schema in PLAIN else lambda reader: named[schema](reader)
    kind = schema["type"]
    if kind in ("record", "enum", "fixed"):
        made = NAMED[kind](schema, named)
        named[schema["name"]] = made
        return made
    if kind == "array":
        return _array(_decoder(schema["items"], named))
    if kind == "map":
        return _map(_decoder(schema["values"], named))
    return _decoder(kind, named)


def _record(schema: Mapping[str, Any], named: dict[str, Decode]) -> Decode:
    fields = [(each["name"], _decoder(each["type"], named)) for each in schema["fields"]]
    return lambda reader: {name: decode(reader) for name, decode in fields}


def _enum(schema: Mapping[str, Any], named: dict[str, Decode]) -> Decode:
    symbols = schema["symbols"]
    return lambda reader: symbols[reader.number()]


def _fixed(schema: Mapping[str, Any], named: dict[str, Decode]) -> Decode:
    size = schema["size"]
    return lambda reader: reader.take(size)


def _union(choices: list[Decode]) -> Decode:
    def decode(reader: _Reader) -> Any:
        chosen = reader.number()
        if not 0 <= chosen < len(choices):
            raise AvroUnreadable("a value is of no type of its union")
        return choices[chosen](reader)

    return decode


def _array(item: Decode) -> Decode:
    return lambda reader: [item(reader) for count in _counts(reader) for _ in range(count)]


def _map(value: Decode) -> Decode:
    def decode(reader: _Reader) -> dict[str, Any]:
        return {_text(reader): value(reader) for count in _counts(reader) for _ in range(count)}

    return decode


def _counts(reader: _Reader) -> Iterator[int]:
    while count := reader.number():
        if count < 0:
            # The size of the block in bytes follows, for those who skip it.
            reader.number()
        yield abs(count)


def _bytes(reader: _Reader) -> bytes:
    return reader.take(reader.number())


def _text(reader: _Reader) -> str:
    return _bytes(reader).decode()


def _packed(form: str) -> Decode:
    size = struct.calcsize(form)
    return lambda reader: struct.unpack(form, reader.take(size))[0]


PLAIN: Mapping[str, Decode] = {
    "null": lambda reader: None,
    "boolean": lambda reader: reader.take(1) == b"\x01",
    "int": _Reader.number,
    "long": _Reader.number,
    "float": _packed("<f"),
    "double": _packed("<d"),
    "bytes": _bytes,
    "string": _text,
}
NAMED: Mapping[str, Callable[[Mapping[str, Any], dict[str, Decode]], Decode]] = {
    "record": _record,
    "enum": _enum,
    "fixed": _fixed,
}

__all__ = ["AvroUnreadable", "records"]
