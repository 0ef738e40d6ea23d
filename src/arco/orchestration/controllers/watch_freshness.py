"""Promise: a freshness policy that is missed is told of once, and so is its end.

Law C1: what is judged has a later deadline, or none. Law C4: a miss tells its deadline and when the
asset was made. Must not know who is told, or make anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import takewhile

from arco.model import Event, State
from arco.orchestration.freshness import (
    DUE_FRESHNESS,
    FRESHNESS,
    FreshnessMissed,
    FreshnessRecovered,
    FreshnessRenewed,
    StandingFreshness,
    missed_deadline,
    next_deadline,
)

ACTOR = "freshness"


def decide(state: State, now: datetime) -> Sequence[Event]:
    """What became of every policy whose deadline has come, or whose asset was made.

    Cost: those.
    """
    events: list[Event] = []
    for due in takewhile(lambda row: row.due_at <= now, state.range(DUE_FRESHNESS)):
        row = state.get(FRESHNESS, due.asset)
        if row is not None:
            events += (Event(payload, ACTOR) for payload in _judged(row, now))
    return events


def next_deadline_at(state: State) -> datetime | None:
    """When `decide` will next have something to say if nothing else happens; None: never."""
    first = next(iter(state.range(DUE_FRESHNESS)), None)
    return first.due_at if first else None


def _judged(
    row: StandingFreshness, now: datetime
) -> Iterator[FreshnessMissed | FreshnessRecovered | FreshnessRenewed]:
    try:
        missed, following = missed_deadline(row, now), next_deadline(row, now)
    except ValueError:
        # A zone that the database lost: nothing can be said until the policy is defined anew.
        yield FreshnessRenewed(asset=row.asset)
        return
    if missed is not None and row.missed_at is None:
        yield FreshnessMissed(
            asset=row.asset,
            deadline_at=missed,
            missed_at=now,
            made_at=row.made_at,
            message=_message(row),
        )
    elif missed is None and row.missed_at is not None:
        yield FreshnessRecovered(asset=row.asset, recovered_at=now, next_at=following)
    else:
        yield FreshnessRenewed(asset=row.asset, next_at=following)


def _message(row: StandingFreshness) -> str:
    policy = row.definition.policy
    made = (
        f"it was made at {row.made_at:%Y-%m-%d %H:%M:%SZ}" if row.made_at else "it was never made"
    )
    promised = [f"never older than {policy.max_age_ms / 1000:g} s"] if policy.max_age_ms else []
    promised += [f"made anew by {policy.by!r} in {policy.timezone}"] if policy.by else []
    return f"{row.asset} is to be {' and '.join(promised)}; {made}"


__all__ = ["decide", "next_deadline_at"]
