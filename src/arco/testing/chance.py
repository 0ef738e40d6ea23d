"""Every random decision of a world: drawn from one seed, written on a tape, replayed from it.

Zero is always the mildest choice (no fault, no delay, first in line), so a tape shrinks by writing
zeros on it. The generator is our own: a seed means the same on every Python release. Must not know
what is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

WORD = (1 << 64) - 1
CERTAIN = 1 << 20


class Stream:
    """An endless stream of 64-bit numbers that depends on its seed alone.

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (SplitMix64).
    """

    def __init__(self, seed: int) -> None:
        self._state = seed & WORD

    def word(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & WORD
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & WORD
        return mixed ^ (mixed >> 31)


class Chance:
    """The decisions of one world. A given tape is obeyed; past its end all decisions are mild."""

    def __init__(self, seed: int, tape: Sequence[int] | None = None) -> None:
        self.tape: list[int] = []
        self._decisions = Stream(seed)
        self._identities = Stream(~seed)
        self._given = tape

    def draw(self, bound: int) -> int:
        """A whole number in `[0, bound)`."""
        value = self._decisions.word() if self._given is None else self._obey(self._given)
        value %= bound
        self.tape.append(value)
        return value

    def _obey(self, given: Sequence[int]) -> int:
        position = len(self.tape)
        return given[position] if position < len(given) else 0

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
            value = (value << 64) | self._identities.word()
        return value & ((1 << bits) - 1)


def shrink(
    tape: Sequence[int], fails: Callable[[Sequence[int]], bool], *, attempts_max: int = 400
) -> list[int]:
    """The tape with as many decisions as possible cut off or made mild, while `fails` stays true.

    Cost: at most `attempts_max` calls of `fails`.
    """
    best = list(tape)
    attempts = 0
    for candidate_of in (_without_tail, _without_block):
        width = len(best)
        while width > 0:
            for start in range(0, len(best), width):
                candidate = candidate_of(best, start, width)
                if candidate == best or attempts >= attempts_max:
                    continue
                attempts += 1
                best = candidate if fails(candidate) else best
            width //= 2
    return best


def _without_tail(tape: list[int], start: int, width: int) -> list[int]:
    return tape[: max(0, len(tape) - width)] if start == 0 else tape


def _without_block(tape: list[int], start: int, width: int) -> list[int]:
    end = min(len(tape), start + width)
    return tape[:start] + [0] * (end - start) + tape[end:]


__all__ = ["Chance", "Stream", "shrink"]
