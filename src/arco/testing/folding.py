"""A State in memory and the shortest possible fold, for proving domains without an engine.

Keeps the contract of `model.State` and nothing else: no versions, no cold rows. Must not know any
domain.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from arco.model import Change, Decision, Domain, Drop, Key, Payload, Row, Table

PASSES_MAX = 100


class MemoryRows:
    """One table: rows by key, and the keys in order."""

    def __init__(self) -> None:
        self.rows: dict[Key, Any] = {}
        self.keys: list[Key] = []

    def put(self, key: Key, row: msgspec.Struct) -> None:
        """The row stands under the key."""
        if key not in self.rows:
            insort(self.keys, key)
        self.rows[key] = row

    def drop(self, key: Key) -> None:
        """No row stands under the key."""
        if self.rows.pop(key, None) is not None:
            del self.keys[bisect_left(self.keys, key)]


class MemoryState:
    """`model.State` of one domain, on dicts and sorted lists."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._tables: dict[str, MemoryRows] = {}

    def get(self, table: Table[Row], *key: Any) -> Row | None:
        """The row under `key`, or None."""
        rows = self._tables.get(table.name)
        found: Row | None = rows.rows.get(key) if rows else None
        return found

    def range(self, table: Table[Row], *prefix: Any, after: Key | None = None) -> Iterator[Row]:
        """Rows whose key starts with `prefix`, in key order; those past `after` if given."""
        rows = self._tables.get(table.name)
        if rows is None:
            return
        start = bisect_left(rows.keys, prefix)
        if after is not None:
            start = max(start, bisect_right(rows.keys, after))
        width = len(prefix)
        for position in range(start, len(rows.keys)):
            key = rows.keys[position]
            if key[:width] != prefix:
                return
            yield rows.rows[key]

    def apply(self, changes: Iterable[Change]) -> None:
        """Make the changes, in order."""
        for change in changes:
            rows = self._tables.setdefault(change.table.name, MemoryRows())
            if isinstance(change, Drop):
                rows.drop(change.key)
            else:
                rows.put(change.table.key_of(change.row), change.row)

    def fold(self, payloads: Iterable[Payload]) -> None:
        """Fold the payloads, one after the other."""
        for payload in payloads:
            self.apply(list(self._domain.reducers[type(payload)](self, payload)))

    def decide(self, decision: Decision, now: datetime) -> tuple[Payload, ...]:
        """Ask the decision, fold what it says, and return it."""
        payloads = tuple(event.payload for event in decision(self, now))
        self.fold(payloads)
        return payloads

    def settle(self, controllers: Sequence[Decision], now: datetime) -> tuple[Payload, ...]:
        """Let the controllers decide until all are quiet, and return what they said.

        Raises: AssertionError if they do not come to rest.
        """
        said: list[Payload] = []
        for _ in range(PASSES_MAX):
            before = len(said)
            for controller in controllers:
                said += self.decide(controller, now)
            if len(said) == before:
                return tuple(said)
        raise AssertionError("the controllers did not come to rest")

    def dump(self) -> Mapping[str, Mapping[Key, msgspec.Struct]]:
        """Every row of every table that has one: two states are equal if their dumps are."""
        return {name: dict(rows.rows) for name, rows in self._tables.items() if rows.rows}


__all__ = ["PASSES_MAX", "MemoryRows", "MemoryState"]
