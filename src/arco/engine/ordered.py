"""Rows under their keys: found as in a dict, put in order when somebody walks them.

Most rows that change are looked up and never walked; those pay for no order. Must not know tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sortedcontainers import SortedList

from arco.model import Key


class OrderedRows:
    """A mapping that can be walked in key order, from any key on.

    >>> rows = OrderedRows([(("b", 2), "y")])
    >>> rows["a", 1] = "x"
    >>> list(rows.keys_from(())), list(rows.keys_from(("b",))), rows.get(("b", 2))
    ([('a', 1), ('b', 2)], [('b', 2)], 'y')
    """

    __slots__ = ("_fresh", "_gone", "_order", "_rows", "get")

    def __init__(self, rows: Iterable[tuple[Key, Any]] = ()) -> None:
        self._rows: dict[Key, Any] = dict(rows)
        self.get: Callable[..., Any] = self._rows.get
        """As of a dict."""
        self._order: Any = None
        """The keys, in order; nobody has walked them before there is one."""
        self._fresh: list[Key] = list(self._rows)
        """Keys that are not in order yet."""
        self._gone: set[Key] = set()
        """Keys in order, or fresh, under which no row stands any more."""

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[Key]:
        return iter(self._rows)

    def __getitem__(self, key: Key) -> Any:
        return self._rows[key]

    def __setitem__(self, key: Key, row: Any) -> None:
        if key not in self._rows:
            if key in self._gone:
                self._gone.discard(key)
            else:
                self._fresh.append(key)
        self._rows[key] = row

    def update(self, rows: Mapping[Key, Any]) -> None:
        """These rows stand under their keys."""
        for key, row in rows.items():
            self[key] = row

    def drop(self, key: Key) -> None:
        """No row stands under the key."""
        if self._rows.pop(key, self) is not self:
            self._gone.add(key)

    def items(self) -> Iterable[tuple[Key, Any]]:
        """Keys and rows, in no order."""
        return self._rows.items()

    def keys_from(self, start: Key, *, past: bool = False) -> Iterator[Key]:
        """The keys in order, from `start` on or past it."""
        self._arrange()
        found: Iterator[Key] = self._order.irange(start or None, inclusive=(not past, True))
        return found

    def _arrange(self) -> None:
        if self._order is None:
            self._order = SortedList()
        if self._gone:
            self._fresh = [key for key in self._fresh if key not in self._gone]
            for key in self._gone:
                self._order.discard(key)
            self._gone.clear()
        if self._fresh:
            self._order.update(self._fresh)
            self._fresh.clear()


__all__ = ["OrderedRows"]
