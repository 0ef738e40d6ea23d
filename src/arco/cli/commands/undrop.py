"""`arco undrop`: what was dropped comes back, until it is purged."""

from __future__ import annotations

from pathlib import Path

import click

from arco.catalog.changes import Undrop
from arco.catalog.kinds import Kind
from arco.cli.objects import carry_out, tell_changed
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.cli.where import Where, where_option
from arco.service.objects import DroppedLine, dropped_behind

HEADINGS = ("kind", "name", "dropped at", "purged after", "id")
EPILOG = """\b
Examples:
  arco undrop --list
  arco undrop table sales.orders
  arco undrop table sales.orders --as sales.orders_again
"""


@click.command("undrop", epilog=EPILOG)
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]), required=False)
@click.argument("name", required=False)
@click.option("--as", "to", default="", metavar="NAME", help="The name it gets instead of its own.")
@click.option("--list", "is_list", is_flag=True, help="List what can be brought back.")
@where_option
@json_option
def command(
    kind: str | None,
    name: str | None,
    to: str,
    is_list: bool,
    where: Where,
    as_json: bool,
) -> None:
    """Bring back a dropped object: the newest of this KIND that had this NAME, or the one with
    that id. What went with it comes back with it.
    """
    if is_list:
        client = where.client()
        found = list(client.catalog.dropped()) if client else run_to_end(_dropped(where.directory))
        _tell(found, as_json=as_json)
        return
    if kind is None or name is None:
        raise click.UsageError("name a KIND and a NAME, or say --list")
    change = Undrop(kind=Kind(kind), name=name, to=to)
    tell_changed(carry_out((change,), where)[0], "brought back", as_json=as_json)


async def _dropped(directory: Path | None) -> list[DroppedLine]:
    async with reading(directory) as workspace:
        await workspace.database.refresh()
        return await workspace.database.asked(lambda state: list(dropped_behind(state, None)))


def _tell(found: list[DroppedLine], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    elif found:
        rows = [
            (
                each.kind,
                each.full_name,
                moment(each.dropped_at),
                moment(each.purge_after),
                each.object_id,
            )
            for each in found
        ]
        click.echo(table(HEADINGS, rows))
    else:
        click.echo("nothing was dropped that could be brought back")


__all__ = ["command"]
