"""Breaches as answers name them: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec

from arco.orchestration.breaches import Breach


class BreachList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Promises that were not kept, by promise, subject and number."""

    breaches: list[Breach]
    """Each with when it began and ended."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["BreachList"]
