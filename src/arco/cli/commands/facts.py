"""`arco facts quarantine`: facts that were taken and could not be folded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from arco.cli.options import directory_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, moment, print_json, table
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.quarantine import (
    Quarantine,
    Retried,
    place_of,
    place_text,
    quarantined,
    quarantined_at,
)
from arco.engine.lanes.tables import QuarantinedFact
from arco.model import Key, State

ROWS_MAX = 10_000
HEADINGS = ("place", "type", "version", "code", "since", "reason")
EPILOG = """\b
Examples:
  arco facts quarantine list
  arco facts quarantine show 01JM4Q2T9S0V7W8X9YZABCDEFG/3/14
  arco facts quarantine retry            after an upgrade that can fold them
"""


class Shown(msgspec.Struct, frozen=True):
    """A quarantined fact: where and why it waits, and what was sent."""

    place: str
    row: QuarantinedFact
    fact: Fact


@click.group("facts", epilog="Example: arco facts quarantine list")
def command() -> None:
    """Look after facts that were taken from other systems."""


@command.group("quarantine", epilog=EPILOG)
def quarantine() -> None:
    """Facts that could not be folded: they wait, nothing is dropped."""


@quarantine.command("list", epilog="Example: arco facts quarantine list --json")
@click.option(
    "--limit",
    type=click.IntRange(1, ROWS_MAX),
    default=100,
    show_default=True,
    help="How many facts at most.",
)
@directory_option
@json_option
def list_facts(limit: int, directory: Path | None, as_json: bool) -> None:
    """List the facts that wait, and why."""
    rows = run_to_end(_list(directory, limit))
    if as_json:
        print_json(rows)
    elif rows:
        click.echo(table(HEADINGS, [_cells(row) for row in rows]))
    else:
        click.echo("nothing waits in quarantine")


@quarantine.command("show", epilog="Example: arco facts quarantine show 01JM4Q/3/14 --json")
@click.argument("place")
@directory_option
@json_option
def show(place: str, directory: Path | None, as_json: bool) -> None:
    """Show the fact at PLACE (LANE/SLOT/POSITION) as it was sent."""
    found = run_to_end(_show(directory, place_of(place)))
    if as_json:
        print_json(found)
        return
    sent = msgspec.json.format(msgspec.json.encode(found.fact), indent=2).decode()
    click.echo(f"{found.place}\n{found.row.code}: {found.row.reason}\n\n{sent}")


@quarantine.command("retry", epilog="Example: arco facts quarantine retry")
@click.argument("places", nargs=-1)
@directory_option
@json_option
def retry(places: tuple[str, ...], directory: Path | None, as_json: bool) -> None:
    """Try the facts at PLACES again, or all that wait. What is refused again stays."""
    done = run_to_end(_retry(directory, [place_of(place) for place in places]))
    if as_json:
        print_json(done)
        return
    stay = done.tried - done.released
    click.echo(f"{counted(done.released, 'fact')} released, {counted(stay, 'fact')} refused again")
    if done.unreadable:
        click.echo(f"{counted(done.unreadable, 'fact')} cannot be read: run `arco verify`")


async def _list(directory: Path | None, limit: int) -> list[QuarantinedFact]:
    async with reading(directory) as workspace:
        await workspace.database.refresh()
        return await workspace.database.asked(lambda state: quarantined(state, limit=limit))


async def _show(directory: Path | None, place: Key) -> Shown:
    async with reading(directory) as workspace:
        database = workspace.database
        await database.refresh()
        row = await database.asked(lambda state: quarantined_at(state, place))
        return Shown(place_text(row), row, await Quarantine(database).fact(row))


async def _retry(directory: Path | None, places: list[Key]) -> Retried:
    async with reading(directory) as workspace:
        database = workspace.database
        await database.refresh()

        def question(state: State) -> list[QuarantinedFact]:
            if places:
                return [quarantined_at(state, place) for place in places]
            return quarantined(state, limit=ROWS_MAX)

        return await Quarantine(database).retry(await database.asked(question))


def _cells(row: QuarantinedFact) -> tuple[Any, ...]:
    since = moment(row.quarantined_at)
    return place_text(row), row.fact_type, row.version, row.code, since, row.reason


__all__ = ["Shown", "command", "list_facts", "quarantine", "retry", "show"]
