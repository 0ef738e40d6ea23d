"""Breaches: promises that were not kept, from when to when: freshness of assets, service levels.

Must not know what is promised, or how it is measured.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from arco.model import Payload, Table

BREACHES_KEPT = 100
"""Of each promise and subject; older ones are dropped as new ones come."""


class Promise(StrEnum):
    """What was promised."""

    FRESHNESS = "FRESHNESS"
    """An asset is as fresh as its policy says."""
    DISPATCH = "DISPATCH"
    """A run that is asked for hands out its first task soon."""
    CONTROLLERS = "CONTROLLERS"
    """A controller decides quickly."""


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that was not kept, from when to when."""

    promise: Promise
    """What was promised."""
    subject: str
    """Of what: an asset; empty: the workspace."""
    number: int
    """Counts the breaches of this promise."""
    began_at: datetime
    """When it began."""
    ended_at: datetime | None = None
    """When it ended; null: it goes on."""
    message: str = ""


class BreachCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often a promise was not kept, and whether it is not kept now."""

    promise: Promise
    """What was promised."""
    subject: str
    """Of what: an asset; empty: the workspace."""
    last: int
    """The number of its newest breach."""
    is_open: bool
    """Whether that goes on."""


class ServiceLevelBreached(Payload, frozen=True):
    """A service level of the workspace was not kept."""

    promise: Promise
    """What was promised."""
    began_at: datetime
    """When that was measured."""
    limit_seconds: float
    """What was promised: of twenty, nineteen take no longer."""
    measured_seconds: float
    """What nineteen of twenty took at most."""
    samples: int
    """How many were measured."""


class ServiceLevelRestored(Payload, frozen=True):
    """A service level of the workspace is kept again."""

    promise: Promise
    """What was promised."""
    ended_at: datetime
    """When that was measured."""


EVENTS: tuple[type[Payload], ...] = (ServiceLevelBreached, ServiceLevelRestored)

BREACHES = Table("orchestration.breaches", Breach, ("promise", "subject", "number"))
BREACH_COUNTS = Table(
    "orchestration.breach_counts", BreachCount, ("promise", "subject"), public=False
)
TABLES = (BREACHES, BREACH_COUNTS)

__all__ = [
    "BREACHES",
    "BREACHES_KEPT",
    "BREACH_COUNTS",
    "EVENTS",
    "TABLES",
    "Breach",
    "BreachCount",
    "Promise",
    "ServiceLevelBreached",
    "ServiceLevelRestored",
]
