"""`arco pin`: keep the state of a slot, and the table versions it shows, under a name."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import click
import msgspec

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.cli.where import Where, where_option
from arco.engine.garbage import PINS, PinnedSlot
from arco.engine.past import refuse_unknown
from arco.engine.pins import CreatePin, create_pin, drop_pin
from arco.errors import Invalid

NEWEST = -1
AGE = re.compile(r"(\d{1,5})([hdw])\Z")
HOUR = timedelta(hours=1)
HOURS = {"h": 1, "d": 24, "w": 168}
HEADINGS = ("pin", "slot", "pinned at", "expires at", "reason")
EPILOG = """\b
Examples:
  arco pin create before-migration --reason "audit 2013"
  arco pin list
  arco pin drop before-migration
"""


@click.group("pin", epilog=EPILOG)
def command() -> None:
    """Keep the state of a slot readable under a name, however old it gets."""


@command.command("create", epilog="Example: arco pin create quarter-end --slot 1200 --expires 90d")
@click.argument("name")
@click.option("--slot", type=click.IntRange(0), help="The slot to keep. Default: the newest.")
@click.option("--expires", default="", help="Drop it after so long: 12h, 30d, 8w. Default: never.")
@click.option("--reason", default="", help="Why, for those who find it.")
@where_option
@json_option
def create(
    name: str,
    slot: int | None,
    expires: str,
    reason: str,
    where: Where,
    as_json: bool,
) -> None:
    """Keep the present state, or that of an earlier slot, under NAME."""
    age = age_of(expires) if expires else None
    client = where.client()
    if client:
        hours = age / HOUR if age else None
        pins = [client.pins.create(name, slot=slot, expires_hours=hours, reason=reason)]
    else:
        kept = NEWEST if slot is None else slot
        wanted = CreatePin(name=name, slot=kept, reason=reason, actor="cli")
        pins = run_to_end(_create(where.directory, wanted, age=age))
    _tell(pins, as_json=as_json)


@command.command("list", epilog="Example: arco pin list --json")
@where_option
@json_option
def list_pins(where: Where, as_json: bool) -> None:
    """List the pins."""
    client = where.client()
    pins = list(client.pins.list()) if client else run_to_end(_list(where.directory))
    _tell(pins, as_json=as_json)


@command.command("drop", epilog="Example: arco pin drop quarter-end")
@click.argument("name")
@where_option
def drop(name: str, where: Where) -> None:
    """Let NAME go: what only it kept becomes garbage."""
    client = where.client()
    if client:
        client.pins.drop(name)
    else:
        run_to_end(_drop(where.directory, name))
    click.echo(f"dropped {name}")


def age_of(text: str) -> timedelta:
    """The duration a person wrote.

    Raises: Invalid AGE_INVALID.

    >>> age_of("90d") == timedelta(days=90)
    True
    """
    found = AGE.match(text)
    if found is None:
        raise Invalid("AGE_INVALID", f"{text[:40]!r} is no duration", hint="write 12h, 30d or 8w")
    return timedelta(hours=int(found[1]) * HOURS[found[2]])


async def _create(
    directory: Path | None, wanted: CreatePin, *, age: timedelta | None
) -> list[PinnedSlot]:
    async with reading(directory) as workspace:
        database = workspace.database
        newest = await database.refresh()
        slot = newest if wanted.slot == NEWEST else wanted.slot
        await refuse_unknown(database, slot)
        expires_at = workspace.runtime.now() + age if age else None
        exact = msgspec.structs.replace(wanted, slot=slot, expires_at=expires_at)
        await database.transact(create_pin(exact))
        pin = await database.asked(lambda state: state.get(PINS, wanted.name))
        return [pin] if pin else []


async def _list(directory: Path | None) -> list[PinnedSlot]:
    async with reading(directory) as workspace:
        await workspace.database.refresh()
        return await workspace.database.asked(lambda state: list(state.range(PINS)))


async def _drop(directory: Path | None, name: str) -> None:
    async with reading(directory) as workspace:
        await workspace.database.transact(drop_pin(name, "cli"))


def _tell(pins: list[PinnedSlot], *, as_json: bool) -> None:
    if as_json:
        print_json(pins)
    elif pins:
        click.echo(table(HEADINGS, [_cells(pin) for pin in pins]))
    else:
        click.echo("no pins: `arco pin create NAME` keeps the present state")


def _cells(pin: PinnedSlot) -> tuple[object, ...]:
    expires = moment(pin.expires_at) or "never"
    return pin.name, pin.slot, moment(pin.pinned_at), expires, pin.reason


__all__ = ["age_of", "command", "create", "drop", "list_pins"]
