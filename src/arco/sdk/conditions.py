"""What conditions are made of, such as `on_missing`; and `fresh`, how fresh an asset has to be.

Values only. Must not know how a condition is judged.
"""

from __future__ import annotations

from datetime import timedelta

from arco.orchestration.conditions import Condition, Term
from arco.orchestration.definitions import Freshness


def on_missing() -> Condition:
    """Partitions that were never made."""
    return Condition((Term("missing"),))


def on_upstream() -> Condition:
    """Partitions made from something that holds other data now."""
    return Condition((Term("upstream"),))


def on_code() -> Condition:
    """Partitions made by code that is not the asset's code any more."""
    return Condition((Term("code"),))


def on_cron(cron: str, timezone: str = "UTC") -> Condition:
    """Of the newest partitions, those not made since the expression last fired."""
    return Condition((Term("cron", cron=cron, timezone=timezone),))


def on_late() -> Condition:
    """The newest partitions, while the asset misses its freshness policy."""
    return Condition((Term("late"),))


def fresh(*, within: timedelta | None = None, by: str = "", timezone: str = "UTC") -> Freshness:
    """How fresh an asset has to be: never older than `within`, made anew by every time of `by`."""
    age_ms = round(within.total_seconds() * 1000) if within is not None else 0
    return Freshness(max_age_ms=age_ms, by=by, timezone=timezone)


def newest() -> Condition:
    """The newest window of each dimension that is time; of all other dimensions every value."""
    return Condition((Term("newest"),))


__all__ = ["fresh", "newest", "on_code", "on_cron", "on_late", "on_missing", "on_upstream"]
