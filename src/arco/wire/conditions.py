"""Conditions as answers name them: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec

from arco.service.conditions import ConditionSummary


class ConditionList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Conditions by asset."""

    conditions: list[ConditionSummary]
    """Each with how it stands."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["ConditionList"]
