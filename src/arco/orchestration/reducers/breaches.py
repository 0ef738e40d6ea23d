"""How breaches begin and end.

Laws F3 and F5: a repeated event changes nothing, and no event raises. Must not measure.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from arco.model import Change, Drop, Put, State
from arco.orchestration.breaches import (
    BREACH_COUNTS,
    BREACHES,
    BREACHES_KEPT,
    Breach,
    BreachCount,
    Promise,
    ServiceLevelBreached,
    ServiceLevelRestored,
)
from arco.orchestration.settling import Changes


def service_level_breached(state: State, event: ServiceLevelBreached) -> Iterable[Change]:
    """The breach is on record, open."""
    message = (
        f"nineteen of twenty took up to {event.measured_seconds:g} s; "
        f"{event.limit_seconds:g} s was promised ({event.samples:,} measured)"
    )
    return begun(state, event.promise, subject="", began_at=event.began_at, message=message)


def service_level_restored(state: State, event: ServiceLevelRestored) -> Iterable[Change]:
    """The breach has an end."""
    return ended(state, event.promise, subject="", ended_at=event.ended_at)


def begun(
    state: State, promise: Promise, *, subject: str, began_at: datetime, message: str
) -> Changes:
    """A breach begins, unless one is open."""
    count = state.get(BREACH_COUNTS, promise, subject)
    if count is not None and count.is_open:
        return []
    number = count.last + 1 if count else 1
    breach = Breach(
        promise=promise, subject=subject, number=number, began_at=began_at, message=message
    )
    counted = BreachCount(promise=promise, subject=subject, last=number, is_open=True)
    oldest = number - BREACHES_KEPT
    forgotten = [Drop(BREACHES, (promise, subject, oldest))] if oldest > 0 else []
    return [Put(BREACHES, breach), Put(BREACH_COUNTS, counted), *forgotten]


def ended(state: State, promise: Promise, *, subject: str, ended_at: datetime) -> Changes:
    """The open breach ends, if there is one."""
    count = state.get(BREACH_COUNTS, promise, subject)
    breach = state.get(BREACHES, promise, subject, count.last) if count else None
    if count is None or breach is None or not count.is_open:
        return []
    return [
        Put(BREACHES, replace(breach, ended_at=ended_at)),
        Put(BREACH_COUNTS, replace(count, is_open=False)),
    ]


__all__ = ["begun", "ended", "service_level_breached", "service_level_restored"]
