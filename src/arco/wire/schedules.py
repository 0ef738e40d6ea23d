"""Schedules as answers name them: one declaration for the server and its clients."""

from __future__ import annotations

import msgspec

from arco.orchestration.schedules import ScheduleTick
from arco.service.schedules import ScheduleSummary


class ScheduleList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Schedules by name."""

    schedules: list[ScheduleSummary]
    """Each with when it fires next."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


class TickList(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ticks of a schedule, newest first."""

    ticks: list[ScheduleTick]
    """What each came to."""
    next_cursor: str = ""
    """Where the next page starts, as `cursor`; absent on the last page."""


__all__ = ["ScheduleList", "TickList"]
