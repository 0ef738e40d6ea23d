"""What conditions are made of: `on_missing`, `on_upstream`, `on_code`, `on_cron`, `newest`.

Values only. Must not know how a condition is judged.
"""

from __future__ import annotations

from arco.orchestration.conditions import Condition, Term


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


def newest() -> Condition:
    """The newest window of each dimension that is time; of all other dimensions every value."""
    return Condition((Term("newest"),))


__all__ = ["newest", "on_code", "on_cron", "on_missing", "on_upstream"]
