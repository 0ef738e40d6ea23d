"""`arco history`: what was committed, newest first, or the versions of one table."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

from arco.catalog.finding import find_table
from arco.catalog.kinds import Kind
from arco.cli.completing import names_of
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.cli.where import Where, where_option
from arco.service.history import SlotLine, VersionLine, slot_lines, version_lines

LINES = 20
SLOT_HEADINGS = ("slot", "committed at", "by", "what", "run")
VERSION_HEADINGS = ("version", "slot", "published at", "rows", "files", "run")
EPILOG = """\b
Examples:
  arco history
  arco history marts.daily_delays --limit 3
  arco history --json | jq '.[].events'
"""


@click.command("history", epilog=EPILOG)
@click.argument("table_name", metavar="[TABLE]", default="", shell_complete=names_of(Kind.TABLE))
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=LINES, help=f"How many. Default: {LINES}."
)
@where_option
@json_option
def command(table_name: str, limit: int, where: Where, as_json: bool) -> None:
    """Show the newest slots of the log: when, by whom, what happened, in which run.

    With TABLE: the versions of that table. Slots and times are what --at, `arco diff` and
    `arco restore --to` take.
    """
    client = where.client()
    if table_name:
        versions = (
            list(islice(client.history.versions(table_name), limit))
            if client
            else run_to_end(_versions(table_name, limit, directory=where.directory))
        )
        cells = [_version_cells(line) for line in versions]
        told = table(VERSION_HEADINGS, cells)
    else:
        slots = (
            list(islice(client.history.slots(), limit))
            if client
            else run_to_end(_slots(limit, directory=where.directory))
        )
        told = table(SLOT_HEADINGS, [_slot_cells(line) for line in slots])
    if as_json:
        print_json(versions if table_name else slots)
    else:
        click.echo(told)


async def _slots(limit: int, *, directory: Path | None) -> list[SlotLine]:
    async with reading(directory) as workspace:
        return await slot_lines(workspace, limit=limit)


async def _versions(name: str, limit: int, *, directory: Path | None) -> list[VersionLine]:
    found: list[VersionLine] = []
    async with reading(directory) as workspace:
        database = workspace.database
        row = await database.asked(lambda state: find_table(state, name))
        async for line in version_lines(workspace, row.table_id, newest=database.seq):
            found.append(line)
            # The oldest version is 0 unless somebody else wrote to the table first.
            if len(found) == limit or line.version == 0:
                break
    return found


def _slot_cells(line: SlotLine) -> tuple[object, ...]:
    # Slots are names here, not numbers: `1234`, as other commands take them.
    what = ", ".join(
        f"{name.partition('.')[2]} x {count:,}" if count > 1 else name.partition(".")[2]
        for name, count in line.events.items()
    )
    by = ", ".join(line.actors)
    return str(line.slot), moment(line.committed_at), by, what, ", ".join(line.runs)


def _version_cells(line: VersionLine) -> tuple[object, ...]:
    published = moment(line.published_at)
    return str(line.version), str(line.slot), published, line.rows, line.files, line.run_id


__all__ = ["command"]
