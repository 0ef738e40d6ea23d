"""`arco table`: tables that are made here, and tables that stand somewhere already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from arco.catalog.changes import CreateTable, Refresh
from arco.catalog.events import PublishedColumn
from arco.catalog.kinds import Kind
from arco.cli.completing import names_of
from arco.cli.creating import creation_options, said
from arco.cli.objects import add_shared_commands, carry_out, tell_changed
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, moment, print_json, seconds
from arco.cli.terminal import table as lines
from arco.cli.where import Where, where_option
from arco.service.freshness import Freshness, freshness_of
from arco.service.objects import schemas_of

NOT_NULL = " not null"
HEADINGS = ("schema", "changed at", "version", "columns")
EPILOG = """\b
Examples:
  arco table create sales.orders --column "id bigint not null" --column "amount decimal(10,2)"
  arco table create sales.old --location s3://lake/old --format delta
  arco table schemas sales.old
"""


@click.group("table", epilog=EPILOG)
def command() -> None:
    """Make, register, describe, move and drop tables."""


@command.command("create", epilog="Example: arco table create sales.old --location s3://lake/old")
@click.argument("name")
@click.option("--column", "columns", multiple=True, metavar="'NAME TYPE [not null]'", help="One.")
@click.option("--location", default="", help="Where a table stands already: its schema is read.")
@click.option(
    "--format",
    "format",
    type=click.Choice(["delta", "iceberg", "parquet"]),
    default="delta",
    help="The format of the table at the location. Default: delta.",
)
@creation_options
def create(
    name: str,
    columns: tuple[str, ...],
    location: str,
    format: Any,
    where: Where,
    as_json: bool,
    **given: Any,
) -> None:
    """Make a table NAME, or register the one that stands at --location."""
    change = CreateTable(
        name=name,
        location=location,
        format=format,
        columns=tuple(column_of(text) for text in columns),
        **said(**given),
    )
    tell_changed(carry_out((change,), where)[0], "created", as_json=as_json)


@command.command("refresh", epilog="Example: arco table refresh sales.old")
@click.argument("name", shell_complete=names_of(Kind.TABLE))
@where_option
@json_option
def refresh(name: str, where: Where, as_json: bool) -> None:
    """Read the schema and the size of an external table again."""
    changed = carry_out((Refresh(name=name),), where)[0]
    tell_changed(changed, "refreshed", as_json=as_json)


@command.command("freshness", epilog="Example: arco table freshness marts.daily_delays")
@click.argument("name", shell_complete=names_of(Kind.TABLE))
@where_option
@json_option
def freshness(name: str, where: Where, as_json: bool) -> None:
    """Say when a table was made, and how much of it a run would make again, and why."""
    client = where.client()
    found = (
        client.tables.freshness(name) if client else run_to_end(_freshness(name, where.directory))
    )
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(_fresh_lines(found)))


@command.command("schemas", epilog="Example: arco table schemas sales.old --json")
@click.argument("name", shell_complete=names_of(Kind.TABLE))
@where_option
@json_option
def schemas(name: str, where: Where, as_json: bool) -> None:
    """List the schemas a table has had, the newest first."""
    client = where.client()
    found = (
        list(client.tables.schemas(name)) if client else run_to_end(_schemas(name, where.directory))
    )
    if as_json:
        print_json(found)
        return
    rows = [
        (
            str(each.schema_version),
            moment(each.changed_at),
            each.version,
            ", ".join(f"{column.name} {column.type}" for column in each.columns),
        )
        for each in found
    ]
    click.echo(lines(HEADINGS, rows) if rows else "no schema is known yet")


def column_of(text: str) -> PublishedColumn:
    """The column that `name type [not null]` declares.

    Raises: BadParameter for a text without a type.

    >>> column_of("id bigint not null")
    PublishedColumn(name='id', type='bigint', nullable=False, comment='')
    """
    name, _, type = text.strip().partition(" ")
    nullable = not type.lower().endswith(NOT_NULL)
    type = type.strip() if nullable else type[: -len(NOT_NULL)].strip()
    if not type:
        raise click.BadParameter(f"{text!r} is not 'NAME TYPE'", param_hint="--column")
    return PublishedColumn(name, type, nullable)


def _fresh_lines(found: Freshness) -> Iterator[str]:
    made = moment(found.materialized_at) or "at a time that is not known"
    ago = "" if found.age_seconds is None else f", {seconds(found.age_seconds)} ago"
    version = "no version yet" if found.version is None else f"version {found.version}"
    yield f"{found.table}: {version}, made {made}{ago}"
    if found.asset is None:
        yield "no asset makes it: nothing here knows when it is stale"
        return
    stale = "not known" if found.stale is None else f"{found.stale:,}"
    parts = counted(found.partitions or 0, "partition")
    yield f"asset {found.asset}: {found.materialized or 0:,} of {parts} there, {stale} stale"
    yield from (f"  {count:,} {reason}" for reason, count in sorted(found.reasons.items()))


async def _freshness(name: str, directory: Path | None) -> Freshness:
    async with reading(directory) as workspace:
        await workspace.database.refresh()
        now = workspace.runtime.now()
        return await workspace.database.asked(lambda state: freshness_of(state, name, now=now))


async def _schemas(name: str, directory: Path | None) -> list[Any]:
    async with reading(directory) as workspace:
        await workspace.database.refresh()
        return await workspace.database.asked(lambda state: list(schemas_of(state, name)))


add_shared_commands(command, Kind.TABLE)

__all__ = ["column_of", "command", "create", "freshness", "refresh", "schemas"]
