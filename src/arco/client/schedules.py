"""Schedules of a server: what starts runs by the clock, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from arco.client.asking import Asked, Asker
from arco.client.paging import paged
from arco.client.run_operations import (
    DISABLE_SCHEDULE,
    ENABLE_SCHEDULE,
    FIRE_SCHEDULE,
    SHOW_SCHEDULE,
    SHOW_SCHEDULES,
    SHOW_TICKS,
)
from arco.orchestration.schedules import ScheduleTick
from arco.service.schedules import ScheduleDetail, ScheduleSummary


class Schedules:
    """What starts runs. Every change takes a `key`, a UUIDv7 by which it is idempotent."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def list(self) -> Iterator[ScheduleSummary]:
        """Schedules by name."""
        return paged(self._asker, SHOW_SCHEDULES, rows=lambda page: page.schedules)

    def get(self, name: str) -> ScheduleDetail:
        """One schedule, with what it starts next."""
        return self._asker.ask(SHOW_SCHEDULE, Asked(place={"name": name}))

    def ticks(self, name: str) -> Iterator[ScheduleTick]:
        """What came of its ticks, newest first."""
        return paged(self._asker, SHOW_TICKS, place={"name": name}, rows=lambda page: page.ticks)

    def enable(self, name: str, *, key: str = "") -> ScheduleDetail:
        """The schedule, which starts runs from now on."""
        return self._asker.ask(ENABLE_SCHEDULE, Asked(place={"name": name}, key=key))

    def disable(self, name: str, *, key: str = "") -> ScheduleDetail:
        """The schedule, which starts nothing any more."""
        return self._asker.ask(DISABLE_SCHEDULE, Asked(place={"name": name}, key=key))

    def fire(self, name: str, *, key: str = "") -> ScheduleTick:
        """What came of a tick at this moment, whatever the clock says."""
        return self._asker.ask(FIRE_SCHEDULE, Asked(place={"name": name}, key=key))


__all__ = ["Schedules"]
