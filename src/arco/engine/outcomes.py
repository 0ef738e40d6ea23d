"""What the engine says when it cannot say yes or no.

Law L7: as long as nobody knows whether a slot was won, nothing is called a failure.
"""

from __future__ import annotations

from arco.engine.registry import WireEvent
from arco.errors import Corrupt, Unavailable
from arco.store.port import StoreFault


def outcome_unknown(cause: StoreFault | None = None) -> Unavailable:
    """The honest answer while nobody knows whether the slot was won, and why if that is known."""
    reason = f": {cause.message}" if cause else ""
    hint = "ask again: the same request with the same key never happens twice"
    return Unavailable(
        "OUTCOME_UNKNOWN",
        f"the store did not say whether this was written{reason}",
        hint=cause.hint if cause else hint,
    )


def event_unknown(event: WireEvent) -> Unavailable:
    """The error of a process that may only read: it would snapshot away what it does not know."""
    return Unavailable(
        "EVENT_UNKNOWN",
        f"the log holds {event.type} version {event.version}, which this release does not know",
        hint="upgrade this process; until then it only reads",
    )


def chain_broken(seq: int, *, after: int) -> Corrupt:
    """The error for a slot that names another predecessor than the one that was applied here."""
    return Corrupt(
        "CHAIN_BROKEN",
        f"log slot {seq} does not follow slot {after} as seen here",
        hint="the history was replaced or rolled back: run `arco verify`",
    )


__all__ = ["chain_broken", "event_unknown", "outcome_unknown"]
