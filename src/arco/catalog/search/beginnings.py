"""Beginnings: a few bytes for each way in which the words of a segment begin, in order.

Most segments have no word that begins like the one that is asked for, and these marks say so before
any posting is read. Law: whoever is said to have none has none; two beginnings may share a mark.
Must not know where marks are kept.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from zlib import crc32

BEGINNING_CHARACTERS = 12
"""Of longer words only so much is marked."""
MARK_BYTES = 4


def marked(words: Iterable[str]) -> bytes:
    """The marks of all beginnings of these words."""
    beginnings = {
        word[:end] for word in words for end in range(1, min(len(word), BEGINNING_CHARACTERS) + 1)
    }
    marks = array("I", sorted({_mark_of(each) for each in beginnings}))
    if sys.byteorder == "big":
        marks.byteswap()
    return marks.tobytes()


def may_begin(marks: bytes, word: str) -> bool:
    """False when no word of those that were marked begins with this one.

    >>> may_begin(marked(["flights"]), "fli"), may_begin(marked(["flights"]), "li")
    (True, False)
    """
    mark, numbers = _mark_of(word[:BEGINNING_CHARACTERS]), _numbers(marks)
    at = bisect_left(numbers, mark)
    return at < len(numbers) and numbers[at] == mark


def _mark_of(beginning: str) -> int:
    return crc32(beginning.encode())


def _numbers(marks: bytes) -> Sequence[int]:
    if sys.byteorder == "little":
        return memoryview(marks).cast("I")
    swapped = array("I", marks)
    swapped.byteswap()
    return swapped


__all__ = ["BEGINNING_CHARACTERS", "MARK_BYTES", "marked", "may_begin"]
