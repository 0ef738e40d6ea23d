"""What listeners hear of every slot once it is part of the state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from arco.model import Change, Event

LOG = logging.getLogger(__name__)


class Applied(msgspec.Struct, frozen=True):
    """One slot that became part of the state."""

    seq: int
    hash: str
    committed_at: datetime
    events: tuple[Event, ...]
    changes: tuple[Change, ...]


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
