"""Commands about schedules: define those of a project, switch one on or off, fire one by hand.

A command returns a decision; deciding twice is harmless. Must not know who executes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

import msgspec

from arco.errors import ArcoError, Conflict, Invalid, NotFound
from arco.model import Decision, Event, State
from arco.orchestration.commands.runs import TriggerRun, trigger_run
from arco.orchestration.cron import next_occurrence, parse_cron
from arco.orchestration.definitions import AssetDefinition, ScheduleDefinition
from arco.orchestration.schedules import (
    SCHEDULE_TICKS,
    SCHEDULES,
    DefinedSchedule,
    Schedule,
    ScheduleDisabled,
    ScheduleEnabled,
    SchedulesDefined,
)
from arco.orchestration.selection import select_assets
from arco.orchestration.ticking import RunScope, fired, run_of_tick, undecided

Permission: TypeAlias = Callable[[TriggerRun], Decision]

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
NAME_LENGTH_MAX = 200
CATCH_UP_MAX = 1_000
ANCHOR = datetime(2000, 1, 1, tzinfo=UTC)
"""Whether an expression fires at all does not depend on today."""


class DefineSchedules(msgspec.Struct, frozen=True, kw_only=True):
    """Make these the schedules of the project."""

    project: str
    deployment_id: str
    schedules: tuple[ScheduleDefinition, ...]
    actor: str = ""


class FireSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """Start what a schedule starts, now."""

    name: str
    scope: RunScope
    actor: str


def define_schedules(command: DefineSchedules) -> Decision:
    """SchedulesDefined; nothing when they are these already.

    Raises: Conflict SCHEDULE_TAKEN.
    """
    return partial(_define, command=command)


def enable_schedule(name: str, *, actor: str = "") -> Decision:
    """ScheduleEnabled; nothing when it is on. Raises: NotFound SCHEDULE_UNKNOWN."""
    return partial(_enable, name=name, actor=actor)


def disable_schedule(name: str, *, actor: str = "") -> Decision:
    """ScheduleDisabled; nothing when it is off. Raises: NotFound SCHEDULE_UNKNOWN."""
    return partial(_disable, name=name, actor=actor)


def fire_schedule(command: FireSchedule, permitted: Permission = trigger_run) -> Decision:
    """The run, and ScheduleTicked with what became of it; whatever runs now, and though it is off.

    `permitted` is how its run is triggered for who asks.

    Raises: NotFound SCHEDULE_UNKNOWN.
    """
    return partial(_fire, command=command, permitted=permitted)


def find_schedule(state: State, name: str) -> Schedule:
    """The schedule of the name. Raises: NotFound SCHEDULE_UNKNOWN."""
    row = state.get(SCHEDULES, name)
    if row is None or row.removed:
        raise NotFound(
            "SCHEDULE_UNKNOWN",
            f"There is no schedule {name!r}.",
            hint="`arco schedule list` names those there are.",
        )
    return row


def schedule_problems(
    schedules: Sequence[ScheduleDefinition], assets: Mapping[str, AssetDefinition]
) -> Iterator[tuple[ScheduleDefinition, str]]:
    """Everything that keeps these schedules from being deployed beside the assets."""
    counts = Counter(each.name for each in schedules)
    for each in schedules:
        if counts[each.name] > 1:
            yield each, f"schedule {each.name} is defined {counts[each.name]} times"
        for problem in (*_own_problems(each), *_selection_problems(each, assets)):
            yield each, f"schedule {each.name}: {problem}"


def _own_problems(schedule: ScheduleDefinition) -> Iterator[str]:
    if not NAME.fullmatch(schedule.name) or len(schedule.name) > NAME_LENGTH_MAX:
        yield "its name is lower-case letters, digits and _, starting with a letter"
    if not 1 <= schedule.catch_up_max <= CATCH_UP_MAX:
        yield f"catch_up_max is {schedule.catch_up_max}; it is 1 to {CATCH_UP_MAX}"
    if schedule.catch_up_ms < 0:
        yield "catch_up_seconds is negative"
    try:
        fires = next_occurrence(parse_cron(schedule.cron), schedule.timezone, after=ANCHOR)
    except ValueError as error:
        yield str(error)
        return
    if fires is None:
        yield f"{schedule.cron!r} never fires: no year has such a day"


def _selection_problems(
    schedule: ScheduleDefinition, assets: Mapping[str, AssetDefinition]
) -> Iterator[str]:
    try:
        select_assets(assets, schedule.selection)
    except ArcoError as error:
        yield error.message


def _define(state: State, now: datetime, *, command: DefineSchedules) -> Sequence[Event]:
    standing = {
        row.name: row.definition
        for row in state.range(SCHEDULES)
        if row.project == command.project and not row.removed
    }
    wanted = {each.name: each for each in command.schedules}
    if standing == wanted:
        return ()
    for name in wanted:
        row = state.get(SCHEDULES, name)
        if row is not None and row.project != command.project and not row.removed:
            raise Conflict(
                "SCHEDULE_TAKEN",
                f"Schedule {name} belongs to project {row.project!r}.",
                hint="Rename the schedule, or remove it from the other project first.",
            )
    defined = SchedulesDefined(
        project=command.project,
        deployment_id=command.deployment_id,
        schedules=tuple(_first_due(each, now) for _, each in sorted(wanted.items())),
        defined_at=now,
    )
    return (Event(defined, command.actor),)


def _first_due(definition: ScheduleDefinition, now: datetime) -> DefinedSchedule:
    try:
        cron = parse_cron(definition.cron)
        return DefinedSchedule(definition, next_occurrence(cron, definition.timezone, after=now))
    except ValueError as error:
        raise Invalid(
            "SCHEDULE_INVALID",
            f"Schedule {definition.name} cannot be read: {error}",
            hint="Mend its expression or time zone and deploy again.",
        ) from error


def _enable(state: State, now: datetime, *, name: str, actor: str) -> Sequence[Event]:
    row = find_schedule(state, name)
    return () if row.enabled else (Event(ScheduleEnabled(name=name, enabled_at=now), actor),)


def _disable(state: State, now: datetime, *, name: str, actor: str) -> Sequence[Event]:
    row = find_schedule(state, name)
    return (Event(ScheduleDisabled(name=name, disabled_at=now), actor),) if row.enabled else ()


def _fire(
    state: State, now: datetime, *, command: FireSchedule, permitted: Permission
) -> Sequence[Event]:
    schedule = find_schedule(state, command.name)
    if state.get(SCHEDULE_TICKS, schedule.name, now) is not None:
        return ()
    tick = msgspec.structs.replace(undecided(schedule, now, now=now), actor=command.actor)
    run = run_of_tick(schedule, tick, scope=command.scope)
    return fired(state, tick, command=run, trigger=permitted(run))


__all__ = [
    "DefineSchedules",
    "FireSchedule",
    "define_schedules",
    "disable_schedule",
    "enable_schedule",
    "find_schedule",
    "fire_schedule",
    "schedule_problems",
]
