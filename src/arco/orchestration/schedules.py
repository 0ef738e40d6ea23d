"""Schedules: what is to run when, what became of each tick, and when the next one is due.

When a schedule fires next stands in an event: reducers know no calendar, and a newer time-zone
database changes nothing that happened. Must not know how cron is read.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from arco.model import Payload, Table
from arco.orchestration.definitions import ScheduleDefinition

TICKS_KEPT = 1000
"""Of each schedule; older ones are dropped as new ones come."""


class TickOutcome(StrEnum):
    """What a tick came to."""

    STARTED = "STARTED"
    """It started a run."""
    FRESH = "FRESH"
    """There was nothing to run."""
    QUEUED = "QUEUED"
    """It waits for the end of the run before."""
    OVERLAPPED = "OVERLAPPED"
    """The run before had not ended."""
    DISABLED = "DISABLED"
    """The schedule was switched off."""
    MISSED = "MISSED"
    """Nobody was there to see it in time."""
    REFUSED = "REFUSED"
    """Its run could not be planned."""
    REMOVED = "REMOVED"
    """It waited, and its schedule left the project."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule as it stands."""

    name: str
    project: str
    deployment_id: str
    definition: ScheduleDefinition
    enabled: bool
    """Its ticks start runs."""
    removed: bool = False
    next_at: datetime | None = None
    """When it fires next; None: never again, or removed."""
    last_tick_at: datetime | None = None
    """When its newest tick was due."""
    last_run_id: str = ""
    """The newest run it started."""
    ticks: int = 0
    """How many of its ticks are kept."""


class ScheduleTick(msgspec.Struct, frozen=True, kw_only=True):
    """One time at which a schedule was due, and what came of it."""

    schedule: str
    """The schedule's name."""
    scheduled_for: datetime
    """When it was due."""
    outcome: TickOutcome
    """What came of it."""
    decided_at: datetime
    """When that was decided."""
    run_id: str = ""
    message: str = ""
    missed: int = 0
    """How many ticks this row stands for, when they were missed."""
    actor: str = ""
    """Who asked for it, when it was fired by hand."""


class DueSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """Schedules in the order in which they fall due."""

    due_at: datetime
    name: str


class QueuedTick(msgspec.Struct, frozen=True, kw_only=True):
    """A tick that waits for the end of the run before."""

    schedule: str
    """The schedule's name."""
    scheduled_for: datetime
    """When it was due."""


class DefinedSchedule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A definition, and when it first fires if it is new or its times changed."""

    definition: ScheduleDefinition
    next_at: datetime | None = None
    """None: never."""


class SchedulesDefined(Payload, frozen=True):
    """A project's schedules were replaced by these."""

    project: str
    deployment_id: str
    schedules: tuple[DefinedSchedule, ...]
    defined_at: datetime
    """When they were."""


class ScheduleEnabled(Payload, frozen=True):
    """Somebody switched a schedule on."""

    name: str
    enabled_at: datetime
    """When it was."""


class ScheduleDisabled(Payload, frozen=True):
    """Somebody switched a schedule off: its ticks are recorded and start nothing."""

    name: str
    disabled_at: datetime
    """When it was."""


class ScheduleTicked(Payload, frozen=True):
    """What a tick came to; one that was queued is told of again when it starts."""

    name: str
    scheduled_for: datetime
    """When it was due."""
    decided_at: datetime
    """When what follows was decided."""
    outcome: TickOutcome
    """What came of it."""
    run_id: str = ""
    message: str = ""
    missed: int = 0
    """How many ticks are meant, when they were missed."""
    actor: str = ""


class ScheduleAdvanced(Payload, frozen=True):
    """Everything before `next_at` is decided."""

    name: str
    next_at: datetime | None = None
    """When it fires next; None: never again."""


EVENTS: tuple[type[Payload], ...] = (
    SchedulesDefined,
    ScheduleEnabled,
    ScheduleDisabled,
    ScheduleTicked,
    ScheduleAdvanced,
)

SCHEDULES = Table("orchestration.schedules", Schedule, ("name",))
SCHEDULE_TICKS = Table("orchestration.schedule_ticks", ScheduleTick, ("schedule", "scheduled_for"))
DUE_SCHEDULES = Table("orchestration.due_schedules", DueSchedule, ("due_at", "name"), public=False)
QUEUED_TICKS = Table(
    "orchestration.queued_ticks", QueuedTick, ("schedule", "scheduled_for"), public=False
)
TABLES = (SCHEDULES, SCHEDULE_TICKS, DUE_SCHEDULES, QUEUED_TICKS)

__all__ = [
    "DUE_SCHEDULES",
    "EVENTS",
    "QUEUED_TICKS",
    "SCHEDULES",
    "SCHEDULE_TICKS",
    "TABLES",
    "TICKS_KEPT",
    "DefinedSchedule",
    "DueSchedule",
    "QueuedTick",
    "Schedule",
    "ScheduleAdvanced",
    "ScheduleDisabled",
    "ScheduleEnabled",
    "ScheduleTick",
    "ScheduleTicked",
    "SchedulesDefined",
    "TickOutcome",
]
