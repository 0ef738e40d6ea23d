"""Schedules: what is to run when, what became of each tick, and when the next one is due.

When a schedule fires next stands in an event: reducers know no calendar, and a newer time-zone
database changes nothing that happened. Must not know how cron is read.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

import msgspec

from arco.model import Payload, Table
from arco.orchestration.choosing import Which
from arco.orchestration.definitions import SourceLine

Overlap: TypeAlias = Literal["skip", "queue_one", "queue_all", "cancel_running", "allow"]
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


class ScheduleDefinition(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One schedule, as the project declares it."""

    name: str
    cron: str
    """Five fields, six with seconds first, or `@daily` and the like."""
    timezone: str = "UTC"
    selection: tuple[str, ...] = ()
    """Terms of the selection language; none: every asset."""
    partition: str = ""
    """What `--partition` takes; empty: `which` decides."""
    which: Which = "refresh"
    overlap: Overlap = "skip"
    """What a tick does while the run of the one before has not ended."""
    catch_up_ms: int = 86_400_000
    """How late a tick may still be started."""
    catch_up_max: int = 1
    """How many late ticks are started, the newest; the others count as missed."""
    enabled: bool = True
    description: str = ""
    source: SourceLine = SourceLine("", 0)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule as it stands."""

    name: str
    project: str
    deployment_id: str
    definition: ScheduleDefinition
    enabled: bool
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
    scheduled_for: datetime
    outcome: TickOutcome
    decided_at: datetime
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
    scheduled_for: datetime


class DefinedSchedule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A definition, and when it first fires if it is new or its times changed."""

    definition: ScheduleDefinition
    next_at: datetime | None = None


class SchedulesDefined(Payload, frozen=True):
    """A project's schedules were replaced by these."""

    project: str
    deployment_id: str
    schedules: tuple[DefinedSchedule, ...]
    defined_at: datetime


class ScheduleEnabled(Payload, frozen=True):
    """Somebody switched a schedule on."""

    name: str
    enabled_at: datetime


class ScheduleDisabled(Payload, frozen=True):
    """Somebody switched a schedule off: its ticks are recorded and start nothing."""

    name: str
    disabled_at: datetime


class ScheduleTicked(Payload, frozen=True):
    """What a tick came to; one that was queued is told of again when it starts."""

    name: str
    scheduled_for: datetime
    decided_at: datetime
    outcome: TickOutcome
    run_id: str = ""
    message: str = ""
    missed: int = 0
    actor: str = ""


class ScheduleAdvanced(Payload, frozen=True):
    """Everything before `next_at` is decided."""

    name: str
    next_at: datetime | None = None


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
    "Overlap",
    "QueuedTick",
    "Schedule",
    "ScheduleAdvanced",
    "ScheduleDefinition",
    "ScheduleDisabled",
    "ScheduleEnabled",
    "ScheduleTick",
    "ScheduleTicked",
    "SchedulesDefined",
    "TickOutcome",
]
