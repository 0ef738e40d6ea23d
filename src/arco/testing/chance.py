"""Every random decision of a world: drawn from one seed, written on a tape, replayed from it.

Zero is always the mildest choice (no fault, no delay, first in line), so a tape shrinks by writing
zeros on it. The generator is our own: a seed means the same on every Python release. Must not know
what is decided.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count, islice, repeat
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Simplify: TypeAlias = Callable[[list[int], slice], list[int]]

WORDS_PER_BLOCK = 512
BLOCK = struct.Struct(f"<{WORDS_PER_BLOCK}Q")
CERTAIN = 1 << 20


def words(seed: int, purpose: str) -> Iterator[int]:
    """An endless stream of 64-bit numbers that depends on its seed and purpose alone.

    Blocks of a hash: the same on every release of Python, and as fast as C.
    """
    digests = (hashlib.shake_128(f"{purpose} {seed} {block}".encode()) for block in count())
    return chain.from_iterable(BLOCK.unpack(digest.digest(BLOCK.size)) for digest in digests)


class Chance:
    """The decisions of one world. A given tape is obeyed; past its end all decisions are mild."""

    def __init__(self, seed: int, tape: Sequence[int] | None = None) -> None:
        self.tape: list[int] = []
        self._identities = words(seed, "identities")
        decisions = words(seed, "decisions") if tape is None else chain(tape, repeat(0))
        self._decide = decisions.__next__

    def draw(self, bound: int) -> int:
        """A whole number in `[0, bound)`."""
        value = self._decide() % bound
        self.tape.append(value)
        return value

    def happens(self, rate: float) -> bool:
        """True in `rate` of all cases."""
        return rate > 0 and self.draw(CERTAIN) >= CERTAIN - int(rate * CERTAIN)

    def between(self, low: int, high: int) -> int:
        """A whole number in `[low, high]`, all equally likely."""
        return low + self.draw(high - low + 1)

    def spread(self, low: int, high: int) -> int:
        """A whole number in `[low, high]`, all magnitudes equally likely: milliseconds and days."""
        doublings = (high // low).bit_length()
        start = low << self.draw(doublings)
        return min(high, start + self.draw(start))

    def pick(self, options: Sequence[T]) -> T:
        """One of `options`."""
        return options[self.draw(len(options))]

    def entropy(self, bits: int) -> int:
        """Random bits for identities; not on the tape, where zeros would make them collide."""
        value = 0
        for _ in range(0, bits, 64):
            value = (value << 64) | next(self._identities)
        return value & ((1 << bits) - 1)


def shrink(
    tape: Sequence[int], fails: Callable[[Sequence[int]], bool], *, attempts_max: int = 400
) -> list[int]:
    """The tape with as many decisions as possible cut off or made mild, while `fails` stays true.

    Cost: at most `attempts_max` calls of `fails`.
    """
    best = list(tape)
    for simpler_of, block in islice(_simplifications(best), attempts_max):
        simpler = simpler_of(best, block)
        if simpler != best and fails(simpler):
            best = simpler
    while best and best[-1] == 0:
        best.pop()
    return best


def _simplifications(tape: list[int]) -> Iterator[tuple[Simplify, slice]]:
    """First keep only the beginning, then make blocks mild; the boldest tries first."""
    size = len(tape)
    for share in range(7, 0, -1):
        yield _cut_off, slice(size >> share, size)
    width = size
    while width > 0:
        for start in range(0, size, width):
            yield _made_mild, slice(start, start + width)
        width //= 2


def _cut_off(tape: list[int], block: slice) -> list[int]:
    return tape[: block.start]


def _made_mild(tape: list[int], block: slice) -> list[int]:
    return tape[: block.start] + [0] * len(tape[block]) + tape[block.stop :]


__all__ = ["CERTAIN", "Chance", "shrink", "words"]
