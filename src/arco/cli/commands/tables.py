"""`arco tables`: what the catalog holds, or the first rows of one table."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from arco.catalog.kinds import Kind
from arco.catalog.tables import CatalogTable
from arco.cli import terminal
from arco.cli.completing import names_of
from arco.cli.options import at_option, json_option
from arco.cli.querying import query, quoted
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import print_json, table
from arco.cli.where import Where, where_option
from arco.query.protocol import Format
from arco.service.past import standing_at
from arco.service.summaries import list_tables

PREVIEW_ROWS = 10
HEADINGS = ("table", "rows", "files", "bytes", "version", "partitioned by", "updated at")
EPILOG = """\b
Examples:
  arco tables
  arco tables --preview marts.daily_delays
  arco tables --at 2026-03-01
"""


@click.command("tables", epilog=EPILOG)
@click.option(
    "--preview",
    metavar="TABLE",
    default="",
    help="Show the first rows of this table.",
    shell_complete=names_of(Kind.TABLE),
)
@at_option
@where_option
@json_option
def command(preview: str, moment: str, where: Where, as_json: bool) -> None:
    """List the tables at their published versions, now or as of --at."""
    client = where.client(moment)
    if preview:
        format = Format.JSON if as_json else Format.TEXT
        sys.stdout.buffer.write(
            client.query(_first_rows(preview), format=format).body
            if client
            else run_to_end(_preview(preview, format, moment=moment, directory=where.directory))
        )
        return
    tables = (
        list(client.tables.list())
        if client
        else run_to_end(_tables(moment, directory=where.directory))
    )
    if as_json:
        print_json(tables)
    elif tables:
        click.echo(table(HEADINGS, [_cells(row) for row in tables]))
    else:
        click.echo(
            "no tables then" if moment else "no tables yet: `arco run` makes what is missing"
        )


async def _tables(moment: str, *, directory: Path | None) -> list[CatalogTable]:
    async with reading(directory) as workspace:
        return await (await standing_at(workspace, moment)).asked(list_tables)


async def _preview(name: str, format: Format, *, moment: str, directory: Path | None) -> bytes:
    async with reading(directory) as workspace:
        return (await query(workspace, _first_rows(name), format=format, moment=moment)).body


def _first_rows(name: str) -> str:
    return f"select * from {quoted(name)} limit {PREVIEW_ROWS}"


def _cells(row: CatalogTable) -> tuple[object, ...]:
    partitioned = ", ".join(row.partition_columns)
    updated = terminal.moment(row.updated_at)
    return row.full_name, row.rows, row.files, row.size_bytes, row.version, partitioned, updated


__all__ = ["command"]
