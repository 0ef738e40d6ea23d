"""What listeners hear of every slot once it is part of the state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from arco.engine.ordered import OrderedRows
from arco.model import Change, Event, Key, Table

LOG = logging.getLogger(__name__)


class Applied(msgspec.Struct, frozen=True):
    """One slot that became part of the state."""

    seq: int
    hash: str
    committed_at: datetime
    events: tuple[Event, ...]
    changes: tuple[Change, ...]
    rows: Mapping[str, OrderedRows]
    """Table name -> the last word of the slot on each key that changed: a row, or None."""

    def of(self, table: Table[Any]) -> Iterator[tuple[Key, Any]]:
        """What became of each key of the table that changed: a row, or None.

        Cost: those keys; a listener need not look at the changes of other tables.
        """
        rows = self.rows.get(table.name)
        return iter(rows.items()) if rows is not None else iter(())


def tell(listeners: Iterable[Callable[[Applied], None]], applied: Applied) -> None:
    """Every listener has heard of it; one that breaks is only logged.

    The slot is durable: a listener's trouble must not look like the writer's.
    """
    for listener in tuple(listeners):
        try:
            listener(applied)
        except Exception:
            LOG.exception("a listener broke at slot %s", applied.seq)


__all__ = ["Applied", "tell"]
