"""Rows laid over a state while facts are folded: the last word on every key, in no order.

A fold looks up keys far more often than it walks them, so order is made when somebody asks for it.
Must not know what any fact means.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from arco.engine.tables import Overlay
from arco.model import (
    AsRow,
    Change,
    Drop,
    Jointly,
    Key,
    Misses,
    Payload,
    Put,
    Reducer,
    Row,
    State,
    Table,
)

Laid: TypeAlias = dict[Key, msgspec.Struct | None]
Laying: TypeAlias = tuple[Table[Any], Key, msgspec.Struct | None]


class LaidRows:
    """`State` with changes on top; the state below is not touched."""

    def __init__(self, below: State) -> None:
        self._below = below
        self._tables: dict[str, tuple[Table[Any], Laid]] = {}
        self._read: defaultdict[str, dict[Key, Any]] = defaultdict(dict)
        """What stands below, of the keys that were asked for: it does not move during a fold."""

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        laid = self._tables.get(table.name)
        if laid is not None and key in laid[1]:
            found: Row | None = laid[1][key]  # type: ignore[assignment]
            return found
        read = self._read[table.name]
        if key not in read:
            read[key] = self._below.get(table, *key)
        below: Row | None = read[key]
        return below

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        overlay = Overlay(self._below)
        if table.name in self._tables:
            overlay.apply(_changes(*self._tables[table.name]))
        return overlay.range(table, *prefix, after=after)

    def reduced(self, reducer: Reducer, fact: Payload) -> list[Laying]:
        """What the reducer says of this fact, nothing laid yet.

        Facts that are rows are not asked for changes: ten thousand of them are cheap for it.
        """
        if not isinstance(reducer, AsRow):
            return [_laying(change) for change in reducer(self, fact)]
        table = reducer.table
        row = reducer.row_of(fact)
        key = table.key_of(row)
        known = self.get(table, *key)
        if known is not None and reducer.rank(row) <= reducer.rank(known):
            return []
        return [(table, key, row)]

    def reduced_together(self, reducer: AsRow | Jointly, facts: Sequence[Payload]) -> list[Laying]:
        """What the reducer says of all these facts, nothing laid yet; each key once.

        Raises: NotLoaded, for what any of them misses.
        """
        if isinstance(reducer, AsRow):
            found = self._newest_rows(reducer, facts)
            return [(reducer.table, key, row) for key, row in found.items()]
        return [_laying(change) for change in reducer.reduce(self, facts)]

    def lay(self, laying: Laying) -> None:
        """The row stands under its key; None: no row does."""
        table, key, row = laying
        self._laid(table)[key] = row

    def newest(self) -> dict[str, Laid]:
        """Table name -> key -> the row that stands there now, or None."""
        return {name: laid for name, (_, laid) in self._tables.items()}

    def _newest_rows(self, reducer: AsRow, facts: Sequence[Payload]) -> Laid:
        table, key_of, below = reducer.table, reducer.table.key_of, self._below.get
        laid = self._laid(table)
        found: Laid = {}
        misses = Misses()
        for row in map(reducer.row_of, facts):
            with misses:
                key = key_of(row)
                known = found.get(key)
                if known is None:
                    known = laid[key] if key in laid else below(table, *key)
                if known is None or reducer.rank(row) > reducer.rank(known):
                    found[key] = row
        misses.settle()
        return found

    def _laid(self, table: Table[Any]) -> Laid:
        known = self._tables.get(table.name)
        if known is None:
            known = self._tables[table.name] = (table, {})
        return known[1]


def _laying(change: Change) -> Laying:
    if isinstance(change, Drop):
        return change.table, change.key, None
    return change.table, change.table.key_of(change.row), change.row


def _changes(table: Table[Any], laid: Laid) -> Iterator[Change]:
    for key, row in laid.items():
        yield Drop(table, key) if row is None else Put(table, row)


__all__ = ["Laid", "LaidRows", "Laying"]
