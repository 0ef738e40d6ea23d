"""Zstandard, by way of Arrow's codec, which loads on first use.

Must not know what is compressed.
"""

from __future__ import annotations


def compress(data: bytes) -> bytes:
    """The data as one frame that any zstd tool reads."""
    import pyarrow as pa

    compressed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return compressed


def decompress(data: bytes, *, size_bytes_max: int) -> bytes:
    """What was compressed; no more of it than `size_bytes_max` and one byte.

    Raises: OSError for bytes that are no such frame.
    """
    import pyarrow as pa

    stream = pa.CompressedInputStream(pa.BufferReader(data), "zstd")
    return bytes(stream.read(size_bytes_max + 1))


__all__ = ["compress", "decompress"]
