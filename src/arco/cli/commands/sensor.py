"""`arco sensor`: what looks at the world outside, what its looks came to, on and off, look now."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.cli.where import Where, where_option
from arco.errors import Conflict, Invalid
from arco.execution.lookouts import Lookouts
from arco.execution.sensing import look_and_record
from arco.ids import new_ulid
from arco.model import Decision
from arco.orchestration.commands.evaluations import look_at
from arco.orchestration.commands.sensors import (
    SendMessage,
    disable_sensor,
    enable_sensor,
    find_sensor,
    send_message,
    set_sensor_cursor,
)
from arco.orchestration.sensors import SensorEvaluation
from arco.runtime import AsyncioRuntime
from arco.service.sensors import (
    SensorDetail,
    SensorSummary,
    as_cursor,
    newest_evaluations,
    sensor_detail,
    sensors,
)

ACTOR = "cli"
HEADINGS = ("sensor", "looks", "next", "newest look", "outcome", "says", "cursor")
LOOK_HEADINGS = ("look", "began", "outcome", "runs", "says")
EPILOG = """\b
Examples:
  arco sensor list
  arco sensor show landing
  arco sensor tick landing               look now
  arco sensor cursor landing '"2026-03"' start again from there
  arco sensor send orders '{"file": "a"}'
  arco sensor list --server prod         those of a server
"""


@click.group("sensor", epilog=EPILOG)
def command() -> None:
    """See what looks at the world outside, switch it on and off, look now."""


@command.command("list", epilog="Example: arco sensor list --json")
@where_option
@json_option
def list_sensors(where: Where, as_json: bool) -> None:
    """List the sensors of the deployed projects."""
    client = where.client()
    found = list(client.sensors.list()) if client else run_to_end(_list(where.directory))
    if as_json:
        print_json(found)
    elif found:
        click.echo(table(HEADINGS, [_cells(each) for each in found]))
    else:
        click.echo("no sensor is deployed; `@sensor` above a function of the project declares one")


@command.command("show", epilog="Example: arco sensor show landing --json")
@click.argument("name")
@where_option
@json_option
def show(name: str, where: Where, as_json: bool) -> None:
    """Show how NAME stands, and what its newest looks came to."""
    client = where.client()
    found = client.sensors.get(name) if client else run_to_end(_show(where.directory, name))
    print_json(found) if as_json else click.echo(_detail_text(found))


@command.command("enable", epilog="Example: arco sensor enable landing")
@click.argument("name")
@where_option
@json_option
def enable(name: str, where: Where, as_json: bool) -> None:
    """Switch NAME on: it is looked at from where it was."""
    client, decision = where.client(), enable_sensor(name, actor=ACTOR)
    detail = client.sensors.enable(name) if client else _changed(where, name, decision=decision)
    _tell(detail, "is on", as_json=as_json)


@command.command("disable", epilog="Example: arco sensor disable landing")
@click.argument("name")
@where_option
@json_option
def disable(name: str, where: Where, as_json: bool) -> None:
    """Switch NAME off: nobody looks at it, and messages wait."""
    client, decision = where.client(), disable_sensor(name, actor=ACTOR)
    detail = client.sensors.disable(name) if client else _changed(where, name, decision=decision)
    _tell(detail, "is off", as_json=as_json)


@command.command("cursor", epilog="""Example: arco sensor cursor landing '"2026-03"'""")
@click.argument("name")
@click.argument("value")
@where_option
@json_option
def cursor(name: str, value: str, where: Where, as_json: bool) -> None:
    """Move the cursor of NAME to VALUE: a number, a "text" in its quotes, or null."""
    try:
        wanted = msgspec.json.decode(value, type=str | int | None)
    except msgspec.MsgspecError as error:
        raise Invalid(
            "SENSOR_CURSOR_INVALID",
            f"{value} is no cursor: {error}",
            hint="""a text keeps its quotes: arco sensor cursor NAME '"2026-03"'""",
        ) from error
    client = where.client()
    decision = set_sensor_cursor(name, as_cursor(wanted), actor=ACTOR)
    detail = (
        client.sensors.set_cursor(name, wanted)
        if client
        else _changed(where, name, decision=decision)
    )
    _tell(detail, f"looks from {detail.sensor.cursor or 'its beginning'}", as_json=as_json)


@command.command("send", epilog="""Example: arco sensor send orders '{"file": "a"}' --id a""")
@click.argument("name")
@click.argument("payload")
@click.option("--id", "message_id", default="", help="Sent again under it, it changes nothing.")
@where_option
@json_option
def send(name: str, payload: str, message_id: str, where: Where, as_json: bool) -> None:
    """Tell NAME something: PAYLOAD is JSON."""
    try:
        said = msgspec.json.decode(payload)
    except msgspec.DecodeError as error:
        hint = """texts stand in quotes: '{"file": "a.csv"}'"""
        raise Invalid("MESSAGE_INVALID", f"the message is no JSON: {error}", hint=hint) from error
    named = message_id or f"cli-{new_ulid(AsyncioRuntime())}"
    client = where.client()
    message = SendMessage(
        name=name, message_id=named, payload=msgspec.json.encode(said).decode(), actor=ACTOR
    )
    if client:
        client.sensors.send(name, named, payload=said)
        detail = client.sensors.get(name)
    else:
        detail = _changed(where, name, decision=send_message(message))
    waiting = f"has message {named}; {detail.sensor.waiting} wait to be looked at"
    _tell(detail, waiting, as_json=as_json)


@command.command("tick", epilog="Example: arco sensor tick landing")
@click.argument("name")
@where_option
@json_option
def tick(name: str, where: Where, as_json: bool) -> None:
    """Look at NAME now and though it is off; at its oldest message, if it is told by messages.

    Runs that it asks for are begun; `arco dev` or `arco serve` performs them.
    """
    client = where.client()
    found = client.sensors.look(name) if client else run_to_end(_look(where.directory, name))
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found.outcome.lower()}: {_came_to(found)}")
        click.echo("\n".join(f"  run {run_id}" for run_id in found.run_ids), nl=bool(found.run_ids))


async def _list(directory: Path | None) -> list[SensorSummary]:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: list(sensors(state)))


async def _show(directory: Path | None, name: str) -> SensorDetail:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: sensor_detail(state, name))


def _changed(where: Where, name: str, *, decision: Decision) -> SensorDetail:
    return run_to_end(_committed(where.directory, name, decision=decision))


async def _committed(directory: Path | None, name: str, *, decision: Decision) -> SensorDetail:
    async with reading(directory) as workspace:
        await workspace.database.transact(decision)
        return await workspace.database.asked(lambda state: sensor_detail(state, name))


async def _look(directory: Path | None, name: str) -> SensorEvaluation:
    """A look of this process; who leads may look at the same time, and one of them counts."""
    async with reading(directory) as workspace:
        database = workspace.database
        look = await database.asked(lambda state: look_at(state, find_sensor(state, name)))
        if look.definition.kind == "push" and not look.message_number:
            raise Conflict(
                "SENSOR_NEEDS_MESSAGE",
                f"Sensor {name} is asked about messages, and none waits.",
                hint=f"Send it one: `arco sensor send {name} JSON`.",
            )
        lookouts = Lookouts(workspace.settings, workspace.settings.directory)
        try:
            await look_and_record(workspace, lookouts, look=look)
        finally:
            await lookouts.close()
        return await database.asked(lambda state: newest_evaluations(state, name)[0])


def _tell(detail: SensorDetail, what: str, *, as_json: bool) -> None:
    print_json(detail) if as_json else click.echo(f"sensor {detail.sensor.name} {what}")


def _detail_text(found: SensorDetail) -> str:
    sensor = found.sensor
    state = "on" if sensor.enabled else "off"
    told = "a webhook" if sensor.takes_webhook else "messages"
    by = f"every {sensor.interval_seconds:g} s" if sensor.kind == "poll" else f"at {told}"
    lines = [f"{sensor.name} is {state}: looked at {by}, runs {_selection(sensor)}"]
    lines += [sensor.description] if sensor.description else []
    lines += [f"cursor: {sensor.cursor or 'none'}"]
    lines += [f"{sensor.waiting} messages wait"] if sensor.kind == "push" else []
    lines += [f"{sensor.failures} looks in a row failed"] if sensor.failures else []
    if found.evaluations:
        rows = [_look_cells(each) for each in found.evaluations]
        lines += ["", table(LOOK_HEADINGS, rows)]
    return "\n".join(lines)


def _cells(sensor: SensorSummary) -> tuple[str, ...]:
    by = f"every {sensor.interval_seconds:g} s" if sensor.kind == "poll" else "at messages"
    return (
        sensor.name,
        by if sensor.enabled else f"{by} (off)",
        moment(sensor.next_at),
        moment(sensor.last_evaluated_at),
        sensor.last_outcome.lower() if sensor.last_outcome else "",
        sensor.last_message,
        sensor.cursor,
    )


def _look_cells(look: SensorEvaluation) -> tuple[str, ...]:
    return (
        str(look.number),
        moment(look.evaluated_at),
        look.outcome.lower(),
        str(look.started) if look.requested else "",
        _came_to(look),
    )


def _came_to(look: SensorEvaluation) -> str:
    """What a look came to, in words."""
    counts = {
        "started": look.started,
        "known": look.known,
        "with nothing to run": look.fresh,
        "in conflict with an earlier one": look.conflicted,
        "refused": look.refused,
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    words = [f"{look.requested} asked for: {told}"] if look.requested else []
    words += [look.message] if look.message else []
    return "; ".join(words) or "nothing to run"


def _selection(sensor: SensorSummary) -> str:
    return " ".join(sensor.selection) or "every asset"


__all__ = ["command", "cursor", "disable", "enable", "list_sensors", "send", "show", "tick"]
