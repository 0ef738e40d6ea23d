"""How long what is kept: a table of profiles, and when the leader collects.

Must not know how anything is found or deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from arco.catalog.decisions.purging import purge_dropped
from arco.engine.garbage import PAST_SNAPSHOTS, collection_of
from arco.engine.retention import Policy, begin_pass
from arco.model import Decision, Event, State
from arco.orchestration.commands.expiring import expire_outputs

CLOCK_LEAD_MAX = timedelta(minutes=5)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """One profile: what is kept, for how long, and how often the rest is looked for."""

    every: timedelta
    """The leader collects so often."""
    policy: Policy
    """Slots, table versions and snapshots."""
    staged: timedelta
    """Staged data of runs that did not succeed can be adopted so long; data files this young are
    never touched."""
    logs: timedelta
    """What tasks printed."""


PROFILES: Mapping[str, Retention] = {
    "dev": Retention(
        every=HOUR,
        policy=Policy(window=DAY, snapshots_newest=2, snapshots_daily=0, grace=HOUR, delay=HOUR),
        staged=DAY,
        logs=7 * DAY,
    ),
    "default": Retention(
        every=DAY,
        policy=Policy(window=7 * DAY, snapshots_newest=8, snapshots_daily=7, grace=DAY, delay=DAY),
        staged=7 * DAY,
        logs=30 * DAY,
    ),
    "cost": Retention(
        every=6 * HOUR,
        policy=Policy(window=DAY, snapshots_newest=2, snapshots_daily=1, grace=6 * HOUR, delay=DAY),
        staged=3 * DAY,
        logs=7 * DAY,
    ),
    "compliance": Retention(
        every=DAY,
        policy=Policy(
            window=3_653 * DAY,
            snapshots_newest=32,
            snapshots_daily=3_653,
            grace=7 * DAY,
            delay=7 * DAY,
        ),
        staged=30 * DAY,
        logs=3_653 * DAY,
    ),
}


def begin(retention: Retention) -> Decision:
    """How a pass begins: staged output of old runs is given up, what was dropped long ago is gone
    for good, then the floor rises.
    """
    decisions = (expire_outputs(retention.staged), purge_dropped, begin_pass(retention.policy))
    return partial(_both, decisions=decisions)


def is_due(state: State, *, now: datetime, retention: Retention) -> bool:
    """True when the last pass is old enough, or the first snapshot when there was none."""
    last = collection_of(state).began_at
    if last is None:
        first = next(iter(state.range(PAST_SNAPSHOTS)), None)
        last = first.published_at if first else now
    return not now - retention.every < last <= now + CLOCK_LEAD_MAX


def _both(state: State, now: datetime, *, decisions: Sequence[Decision]) -> Sequence[Event]:
    return [event for decision in decisions for event in decision(state, now)]


__all__ = ["PROFILES", "Retention", "begin", "is_due"]
