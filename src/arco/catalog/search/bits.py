"""Sets of ordinals: as integers with a bit for each, and as bytes in a posting.

A set of one in thirty documents is a string of bits, a smaller one a list of ordinals. Must not
know what the ordinals are of.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence

ORDINAL_BYTES = 2
ORDINALS_MAX = 1 << 8 * ORDINAL_BYTES
FEW = 8


def packed(ordinals: Sequence[int], size: int) -> bytes:
    """The ordinals, which rise, out of `size`."""
    if _is_list(len(ordinals), size):
        return _little(array("H", ordinals)).tobytes()
    return from_ordinals(ordinals, size).to_bytes(-(-size // 8), "little")


def unpacked(data: bytes, count: int, *, size: int) -> Sequence[int]:
    """The ordinals that were packed, in order."""
    if _is_list(count, size):
        found = array("H")
        found.frombytes(data)
        return _little(found)
    return list(ordinals_in(int.from_bytes(data, "little")))


def bits_of(data: bytes, count: int, *, size: int) -> int:
    """The set that was packed."""
    if _is_list(count, size):
        return from_ordinals(unpacked(data, count, size=size), size)
    return int.from_bytes(data, "little")


def union_of(sets: Iterable[tuple[bytes, int]], *, size: int) -> int:
    """The union of sets that were packed, each with its count. Cost: no set for each of them."""
    lists, strings = bytearray(-(-size // 8)), 0
    for data, count in sets:
        if _is_list(count, size):
            for ordinal in unpacked(data, count, size=size):
                lists[ordinal >> 3] |= 1 << (ordinal & 7)
        else:
            strings |= int.from_bytes(data, "little")
    return strings | int.from_bytes(lists, "little")


def from_ordinals(ordinals: Sequence[int], size: int) -> int:
    """The set of these ordinals."""
    if len(ordinals) <= FEW:
        few = 0
        for ordinal in ordinals:
            few |= 1 << ordinal
        return few
    bits = bytearray(-(-size // 8))
    for ordinal in ordinals:
        bits[ordinal >> 3] |= 1 << (ordinal & 7)
    return int.from_bytes(bits, "little")


def ordinals_in(bits: int) -> Iterator[int]:
    """The ordinals of a set, in order."""
    if bits.bit_count() <= FEW:
        while bits:
            low = bits & -bits
            yield low.bit_length() - 1
            bits ^= low
        return
    data = bits.to_bytes(-(-bits.bit_length() // 8), "little")
    for at, byte in enumerate(data):
        while byte:
            low = byte & -byte
            yield at * 8 + low.bit_length() - 1
            byte ^= low


def _is_list(count: int, size: int) -> bool:
    return count * ORDINAL_BYTES * 8 < size


def _little(values: array[int]) -> array[int]:
    if sys.byteorder == "big":
        values.byteswap()
    return values


__all__ = [
    "ORDINALS_MAX",
    "bits_of",
    "from_ordinals",
    "ordinals_in",
    "packed",
    "union_of",
    "unpacked",
]
