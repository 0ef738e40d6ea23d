"""`arco facts`: how far folding is, and facts that were taken and could not be folded."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, moment, print_json, seconds, table
from arco.cli.where import Where, where_option
from arco.engine.lanes.batches import Fact
from arco.engine.lanes.lag import facts_lag
from arco.engine.lanes.measuring import FACT_LAGS, FactLag
from arco.engine.lanes.quarantine import (
    RETRIES_MAX,
    Quarantine,
    Retried,
    place_of,
    place_text,
    quarantined,
    quarantined_at,
)
from arco.engine.lanes.tables import FACTS, FOLDINGS, QUARANTINE, QuarantinedFact
from arco.model import Key, State
from arco.query.protocol import Format
from arco.wire.facts import FactPlace

if TYPE_CHECKING:
    from arco.client.client import Client

ROWS_MAX = 10_000
COUNTED = {FOLDINGS.name: "", FACT_LAGS.name: "", QUARANTINE.name: f"LIMIT {ROWS_MAX}"}
"""What a server is asked for the figures that its health page has not."""
HEADINGS = ("place", "type", "version", "code", "since", "reason")
EPILOG = """\b
Examples:
  arco facts quarantine list
  arco facts quarantine show 01JM4Q2T9S0V7W8X9YZABCDEFG/3/14
  arco facts quarantine retry            after an upgrade that can fold them
"""


class FactsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far folding is; None: it is not known."""

    lag_seconds: float | None
    """How long the oldest fact has waited that is not visible."""
    waiting_batches: int | None
    """How many batches are not folded."""
    open_lanes: int | None
    """How many lanes may still grow."""
    facts: int
    """Folded since the beginning."""
    duplicates: int
    """Sent again, and counted once."""
    quarantined: int
    """Facts that wait in quarantine, at most 10,000."""
    newest_fold: FactLag | None
    """How far behind the newest fold found the lanes; None before the first."""


class Shown(msgspec.Struct, frozen=True):
    """A quarantined fact: where and why it waits, and what was sent."""

    place: str
    row: QuarantinedFact
    fact: Fact


@click.group("facts", epilog="Example: arco facts quarantine list")
def command() -> None:
    """Look after facts that were taken from other systems."""


@command.command("status", epilog="Example: arco facts status --json")
@where_option
@json_option
def status(where: Where, as_json: bool) -> None:
    """Show how far facts that were taken are from being visible."""
    client = where.client()
    found = _status_there(client) if client else run_to_end(_status(where.directory))
    print_json(found) if as_json else click.echo(_status_text(found))


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
@where_option
@json_option
def list_facts(limit: int, where: Where, as_json: bool) -> None:
    """List the facts that wait, and why."""
    client = where.client()
    rows = (
        list(islice(client.facts.quarantined(), limit))
        if client
        else run_to_end(_list(where.directory, limit))
    )
    if as_json:
        print_json(rows)
    elif rows:
        click.echo(table(HEADINGS, [_cells(row) for row in rows]))
    else:
        click.echo("nothing waits in quarantine")


@quarantine.command("show", epilog="Example: arco facts quarantine show 01JM4Q/3/14 --json")
@click.argument("place")
@where_option
@json_option
def show(place: str, where: Where, as_json: bool) -> None:
    """Show the fact at PLACE (LANE/SLOT/POSITION) as it was sent."""
    client, key = where.client(), place_of(place)
    found = _of_server(client, key) if client else run_to_end(_show(where.directory, key))
    if as_json:
        print_json(found)
        return
    sent = msgspec.json.format(msgspec.json.encode(found.fact), indent=2).decode()
    click.echo(f"{found.place}\n{found.row.code}: {found.row.reason}\n\n{sent}")


@quarantine.command("retry", epilog="Example: arco facts quarantine retry")
@click.argument("places", nargs=-1)
@where_option
@json_option
def retry(places: tuple[str, ...], where: Where, as_json: bool) -> None:
    """Try the facts at PLACES again, or all that wait. What is refused again stays."""
    client, keys = where.client(), [place_of(place) for place in places]
    done = _retried_there(client, keys) if client else run_to_end(_retry(where.directory, keys))
    if as_json:
        print_json(done)
        return
    stay = done.tried - done.released
    click.echo(f"{counted(done.released, 'fact')} released, {counted(stay, 'fact')} refused again")
    if done.unreadable:
        click.echo(f"{counted(done.unreadable, 'fact')} cannot be read: run `arco verify`")


async def _status(directory: Path | None) -> FactsStatus:
    async with reading(directory) as workspace:
        database = workspace.database
        await database.refresh()
        lag = await facts_lag(database)

        def question(state: State) -> FactsStatus:
            folding = state.get(FOLDINGS, FACTS)
            return FactsStatus(
                lag_seconds=lag.seconds,
                waiting_batches=lag.waiting_batches,
                open_lanes=lag.open_lanes,
                facts=folding.facts if folding else 0,
                duplicates=folding.duplicates if folding else 0,
                quarantined=len(quarantined(state, limit=ROWS_MAX)),
                newest_fold=state.get(FACT_LAGS, FACTS),
            )

        return await database.asked(question)


def _status_there(client: Client) -> FactsStatus:
    lag = client.health().facts
    rows = {
        name: client.query(f"SELECT * FROM system.{name} {tail}", format=Format.JSON).dicts()
        for name, tail in COUNTED.items()
    }
    folding = next(iter(rows[FOLDINGS.name]), {})
    newest = next(iter(rows[FACT_LAGS.name]), None)
    return FactsStatus(
        lag_seconds=lag.lag_seconds,
        waiting_batches=lag.waiting_batches,
        open_lanes=lag.open_lanes,
        facts=folding.get("facts", 0),
        duplicates=folding.get("duplicates", 0),
        quarantined=len(rows[QUARANTINE.name]),
        newest_fold=msgspec.convert(newest, FactLag) if newest else None,
    )


def _status_text(found: FactsStatus) -> str:
    newest = found.newest_fold
    behind = "unknown" if found.lag_seconds is None else seconds(found.lag_seconds)
    last = f"{newest.lag_ms:,} ms" if newest and newest.lag_ms is not None else "unknown"
    cells = [
        ("the oldest fact waits", behind),
        ("batches that wait", _known(found.waiting_batches)),
        ("open lanes", _known(found.open_lanes)),
        ("lag of the newest fold", last if newest else "no fold yet"),
        ("facts folded", f"{found.facts:,}"),
        ("sent again", f"{found.duplicates:,}"),
        ("in quarantine", f"{found.quarantined:,}"),
    ]
    return "\n".join(f"{name + ':':<24}{value}" for name, value in cells)


def _known(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


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


def _retried_there(client: Client, keys: list[Key]) -> Retried:
    waiting = islice(client.facts.quarantined(), 0 if keys else ROWS_MAX)
    keys = keys or [(row.lane, row.slot, row.position) for row in waiting]
    places = [FactPlace(lane=lane, slot=slot, position=place) for lane, slot, place in keys]
    done = Retried(tried=0, released=0, unreadable=0)
    for first in range(0, len(places), RETRIES_MAX):
        part = client.facts.retry(places[first : first + RETRIES_MAX])
        done = Retried(
            tried=done.tried + part.tried,
            released=done.released + part.released,
            unreadable=done.unreadable + part.unreadable,
        )
    return done


def _of_server(client: Client, place: Key) -> Shown:
    lane, slot, position = place
    sent = client.facts.get_quarantined(str(lane), int(slot), position=int(position))
    row = next(
        row
        for row in client.facts.quarantined()
        if (row.lane, row.slot, row.position) == (lane, slot, position)
    )
    fact = Fact(
        type=sent.type,
        version=sent.version,
        payload=msgspec.Raw(msgspec.json.encode(sent.payload)),
        producer=sent.producer,
        epoch=sent.epoch,
        seq=-1 if sent.seq is None else sent.seq,
        key=sent.key,
    )
    return Shown(place_text(row), row, fact)


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


__all__ = ["FactsStatus", "Shown", "command", "list_facts", "quarantine", "retry", "show", "status"]
