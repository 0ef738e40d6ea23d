"""Freshness policies: how old an asset may get, when it missed that, and when it recovered.

A deadline stands in an event: reducers know no calendar. A miss is a breach with a beginning and an
end. Must not know who is told.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from arco.model import Payload, Table
from arco.orchestration.cron import last_occurrences, next_occurrence, parse_cron
from arco.orchestration.definitions import FreshnessDefinition

INSTANT = timedelta(microseconds=1)


class DefinedFreshness(msgspec.Struct, frozen=True, omit_defaults=True):
    """A definition, and when the asset was made last as far as was known."""

    definition: FreshnessDefinition
    made_at: datetime | None = None
    """Null: it was not."""


class StandingFreshness(msgspec.Struct, frozen=True, kw_only=True):
    """The policy of one asset as it is defined now, and whether it is kept."""

    asset: str
    project: str
    deployment_id: str
    definition: FreshnessDefinition
    """How fresh it has to be."""
    removed: bool = False
    since: datetime
    """When the policy was defined: what was never made counts as made then."""
    made_at: datetime | None = None
    """When its newest data was made."""
    missed_at: datetime | None = None
    """The deadline that it missed; null: it is fresh."""
    due_at: datetime | None = None
    """Its next deadline; 1970: it is looked at at once; null: it missed one, or has none."""
    misses: int = 0
    """How often it missed a deadline."""


class DueFreshness(msgspec.Struct, frozen=True, kw_only=True):
    """Policies in the order of their deadlines."""

    due_at: datetime
    """Its next deadline; 1970: at once."""
    asset: str


class FreshnessPoliciesDefined(Payload, frozen=True):
    """A project's freshness policies were replaced by these."""

    project: str
    deployment_id: str
    policies: tuple[DefinedFreshness, ...]
    """One for each asset that has one."""
    defined_at: datetime
    """When they were."""


class FreshnessMissed(Payload, frozen=True):
    """An asset was not made in time."""

    asset: str
    deadline_at: datetime
    """When it had to have been made."""
    missed_at: datetime
    """When that was seen."""
    made_at: datetime | None = None
    """When its newest data was made; null: never."""
    message: str = ""


class FreshnessRecovered(Payload, frozen=True):
    """An asset that missed a deadline was made."""

    asset: str
    recovered_at: datetime
    """When that was seen."""
    next_at: datetime | None = None
    """Its next deadline."""


class FreshnessRenewed(Payload, frozen=True):
    """An asset that is fresh has another deadline."""

    asset: str
    next_at: datetime | None = None
    """Its next deadline; null: it has none."""


EVENTS: tuple[type[Payload], ...] = (
    FreshnessPoliciesDefined,
    FreshnessMissed,
    FreshnessRecovered,
    FreshnessRenewed,
)

FRESHNESS = Table("orchestration.freshness", StandingFreshness, ("asset",))
DUE_FRESHNESS = Table(
    "orchestration.due_freshness", DueFreshness, ("due_at", "asset"), public=False
)
TABLES = (FRESHNESS, DUE_FRESHNESS)


def missed_deadline(row: StandingFreshness, now: datetime) -> datetime | None:
    """The oldest deadline that the asset has missed; None: it is fresh.

    Raises: ValueError when its zone is no longer known.
    """
    policy, made_at = row.definition.policy, row.made_at or row.since
    found: list[datetime] = []
    if policy.max_age_ms and made_at + timedelta(milliseconds=policy.max_age_ms) <= now:
        found.append(made_at + timedelta(milliseconds=policy.max_age_ms))
    if policy.by:
        cron = parse_cron(policy.by)
        span = (row.since + INSTANT, now)
        ticks = last_occurrences(cron, policy.timezone, span=span, count=2)
        begins = ticks[0] if len(ticks) > 1 else row.since
        if ticks and (row.made_at is None or row.made_at < begins):
            found.append(ticks[-1])
    return min(found, default=None)


def next_deadline(row: StandingFreshness, now: datetime) -> datetime | None:
    """The first moment after `now` at which an asset that is fresh may miss its policy."""
    policy, made_at = row.definition.policy, row.made_at or row.since
    found: list[datetime] = []
    if policy.max_age_ms:
        found.append(made_at + timedelta(milliseconds=policy.max_age_ms))
    if policy.by:
        tick = next_occurrence(parse_cron(policy.by), policy.timezone, after=now)
        found += [tick] if tick is not None else []
    return min(found, default=None)


__all__ = [
    "DUE_FRESHNESS",
    "EVENTS",
    "FRESHNESS",
    "TABLES",
    "DefinedFreshness",
    "DueFreshness",
    "FreshnessMissed",
    "FreshnessPoliciesDefined",
    "FreshnessRecovered",
    "FreshnessRenewed",
    "StandingFreshness",
    "missed_deadline",
    "next_deadline",
]
