"""A set of whole numbers as ranges: exact however numbers arrive, one range when none is missing.

Exactness is what lets facts commute: a window that forgets would depend on the order of lanes. Must
not know what is numbered.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

RANGES_MAX = 1_024


class Ranges:
    """Numbers that were seen.

    >>> seen = Ranges([(0, 3)])
    >>> 2 in seen, seen.add(3), seen.add(7), seen.pairs()
    (True, True, True, ((0, 4), (7, 8)))
    """

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._ends: list[int] = []
        for first, end in pairs:
            self._firsts.append(first)
            self._ends.append(end)

    def __contains__(self, number: int) -> bool:
        if not self._ends or number >= self._ends[-1]:
            return False
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number < self._ends[at]

    def add(self, number: int) -> bool:
        """True: the number is in the set now. False: there is no room for one more range."""
        if self._ends and number == self._ends[-1]:
            self._ends[-1] += 1
            return True
        if number in self:
            return True
        return self._insert(number)

    def add_run(self, first: int, end: int) -> bool:
        """True: all of `[first, end)` are in the set now, and none was. False: nothing changed."""
        last = self._ends[-1] if self._ends else -1
        if first < last or (first > last and len(self._firsts) >= RANGES_MAX):
            return False
        if first == last:
            self._ends[-1] = end
        else:
            self._firsts.append(first)
            self._ends.append(end)
        return True

    def _insert(self, number: int) -> bool:
        at = bisect_right(self._firsts, number)
        joins_left = at > 0 and self._ends[at - 1] == number
        joins_right = at < len(self._firsts) and self._firsts[at] == number + 1
        if joins_left and joins_right:
            self._ends[at - 1] = self._ends[at]
            del self._firsts[at], self._ends[at]
        elif joins_left:
            self._ends[at - 1] += 1
        elif joins_right:
            self._firsts[at] -= 1
        elif len(self._firsts) >= RANGES_MAX:
            return False
        else:
            self._firsts.insert(at, number)
            self._ends.insert(at, number + 1)
        return True

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The ranges `[first, end)`, in order."""
        return tuple(zip(self._firsts, self._ends, strict=True))


__all__ = ["RANGES_MAX", "Ranges"]
