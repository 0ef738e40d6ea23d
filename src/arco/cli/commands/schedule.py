"""`arco schedule`: when what runs, what its ticks came to, on and off, fire one now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arco.cli.options import json_option
from arco.cli.remote import shown
from arco.cli.running import follow, on_stage
from arco.cli.session import reading, run_to_end
from arco.cli.telling import ending
from arco.cli.terminal import moment, print_json, table
from arco.cli.where import Where, where_option
from arco.model import Decision, Event, State
from arco.orchestration.commands.schedules import (
    FireSchedule,
    disable_schedule,
    enable_schedule,
    fire_schedule,
)
from arco.orchestration.cron import zone_named
from arco.orchestration.schedules import ScheduleTick, TickOutcome
from arco.orchestration.ticking import RunScope
from arco.service.schedules import (
    ScheduleDetail,
    ScheduleSummary,
    schedule_detail,
    schedules,
    tick_at,
)
from arco.service.summaries import RunDetail
from arco.service.workspace import Workspace

if TYPE_CHECKING:
    from arco.client.client import Client

ACTOR = "cli"
HEADINGS = ("schedule", "fires", "zone", "next", "last tick", "outcome", "runs")
TICK_HEADINGS = ("due", "outcome", "run", "why")
EPILOG = """\b
Examples:
  arco schedule list
  arco schedule show nightly
  arco schedule disable nightly
  arco schedule tick nightly           start what it starts, now
  arco schedule list --server prod     those of a server
"""


@click.group("schedule", epilog=EPILOG)
def command() -> None:
    """See when what runs, switch it on and off, fire it by hand."""


@command.command("list", epilog="Example: arco schedule list --json")
@where_option
@json_option
def list_schedules(where: Where, as_json: bool) -> None:
    """List the schedules of the deployed projects."""
    client = where.client()
    found = list(client.schedules.list()) if client else run_to_end(_list(where.directory))
    if as_json:
        print_json(found)
    elif found:
        click.echo(table(HEADINGS, [_cells(each) for each in found]))
    else:
        click.echo("no schedule is deployed; `schedule(...)` in the project declares one")


@command.command("show", epilog="Example: arco schedule show nightly --json")
@click.argument("name")
@where_option
@json_option
def show(name: str, where: Where, as_json: bool) -> None:
    """Show when NAME fires next, and what its newest ticks came to."""
    client = where.client()
    found = client.schedules.get(name) if client else run_to_end(_show(where.directory, name))
    print_json(found) if as_json else click.echo(_detail_text(found))


@command.command("enable", epilog="Example: arco schedule enable nightly")
@click.argument("name")
@where_option
@json_option
def enable(name: str, where: Where, as_json: bool) -> None:
    """Switch NAME on: its ticks start runs, from the next one on."""
    client, decision = where.client(), enable_schedule(name, actor=ACTOR)
    detail = client.schedules.enable(name) if client else _changed(where, name, decision=decision)
    _tell_switch(detail, as_json=as_json)


@command.command("disable", epilog="Example: arco schedule disable nightly")
@click.argument("name")
@where_option
@json_option
def disable(name: str, where: Where, as_json: bool) -> None:
    """Switch NAME off: its ticks are recorded and start nothing."""
    client, decision = where.client(), disable_schedule(name, actor=ACTOR)
    detail = client.schedules.disable(name) if client else _changed(where, name, decision=decision)
    _tell_switch(detail, as_json=as_json)


@command.command("tick", epilog="Example: arco schedule tick nightly")
@click.argument("name")
@where_option
@json_option
def tick(name: str, where: Where, as_json: bool) -> None:
    """Start what NAME starts, now and though it is off, and follow it to its end."""
    client = where.client()
    fired, detail = (
        _fired_by(client, name, as_json=as_json)
        if client
        else run_to_end(_fire(where.directory, name, as_json=as_json))
    )
    if as_json:
        print_json({"tick": fired, "run": detail})
    elif detail is not None:
        click.echo(ending(detail))
    else:
        click.echo(_nothing(fired))


async def _list(directory: Path | None) -> list[ScheduleSummary]:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: list(schedules(state)))


async def _show(directory: Path | None, name: str) -> ScheduleDetail:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: schedule_detail(state, name))


def _changed(where: Where, name: str, *, decision: Decision) -> ScheduleDetail:
    return run_to_end(_committed(where.directory, name, decision=decision))


async def _committed(directory: Path | None, name: str, *, decision: Decision) -> ScheduleDetail:
    async with reading(directory) as workspace:
        await workspace.database.transact(decision)
        return await workspace.database.asked(lambda state: schedule_detail(state, name))


async def _fire(
    directory: Path | None, name: str, *, as_json: bool
) -> tuple[ScheduleTick, RunDetail | None]:
    async with reading(directory) as workspace:
        scope = workspace.settings.scope
        command = FireSchedule(
            name=name, scope=RunScope(scope.tenant, scope.workspace), actor=ACTOR
        )
        fired = await _ticked(workspace, command)
        if not fired.run_id:
            return fired, None
        async with on_stage(workspace, as_json=as_json) as stage:
            return fired, await follow(stage, fired.run_id)


def _fired_by(client: Client, name: str, *, as_json: bool) -> tuple[ScheduleTick, RunDetail | None]:
    """What came of a tick on a server, and its run, followed to its end."""
    fired = client.schedules.fire(name)
    return fired, shown(client, fired.run_id, as_json=as_json) if fired.run_id else None


async def _ticked(workspace: Workspace, command: FireSchedule) -> ScheduleTick:
    decision = fire_schedule(command)
    moments: list[datetime] = []

    def decide(state: State, now: datetime) -> Sequence[Event]:
        moments[:] = [now]
        return decision(state, now)

    await workspace.database.transact(decide)
    return await workspace.database.asked(
        lambda state: tick_at(state, command.name, moment=moments[0])
    )


def _tell_switch(detail: ScheduleDetail, *, as_json: bool) -> None:
    if as_json:
        print_json(detail)
        return
    schedule = detail.schedule
    state = f"is on; it fires next at {moment(schedule.next_at)}" if schedule.enabled else "is off"
    click.echo(f"schedule {schedule.name} {state}")


def _nothing(tick: ScheduleTick) -> str:
    why = {TickOutcome.FRESH: "everything is fresh: nothing to run"}
    return why.get(tick.outcome, f"{tick.outcome.lower()}: {tick.message}")


def _detail_text(found: ScheduleDetail) -> str:
    schedule = found.schedule
    state = "on" if schedule.enabled else "off"
    what = " ".join(schedule.selection) or "every asset"
    lines = [
        f"{schedule.name} is {state}: {schedule.cron} in {schedule.timezone}, runs {what}",
        *([schedule.description] if schedule.description else []),
        "",
        "fires next:",
        *(f"  {_local(at, schedule.timezone)}  ({moment(at)})" for at in found.fires),
    ]
    if found.ticks:
        lines += ["", table(TICK_HEADINGS, [_tick_cells(tick) for tick in found.ticks])]
    return "\n".join(lines)


def _tick_cells(tick: ScheduleTick) -> tuple[str, ...]:
    why = f"{tick.missed} missed" if tick.missed else tick.message
    by_hand = f"by {tick.actor}" if tick.actor else why
    return (moment(tick.scheduled_for), tick.outcome.lower(), tick.run_id, by_hand)


def _cells(schedule: ScheduleSummary) -> tuple[str, ...]:
    return (
        schedule.name,
        schedule.cron if schedule.enabled else f"{schedule.cron} (off)",
        schedule.timezone,
        moment(schedule.next_at),
        moment(schedule.last_tick_at),
        schedule.last_outcome.lower() if schedule.last_outcome else "",
        " ".join(schedule.selection) or "every asset",
    )


def _local(at: datetime, timezone: str) -> str:
    """The time on the clocks of the zone."""
    return at.astimezone(zone_named(timezone)).strftime("%a %Y-%m-%d %H:%M:%S")


__all__ = ["command", "disable", "enable", "list_schedules", "show", "tick"]
