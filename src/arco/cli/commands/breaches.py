"""`arco breaches`: promises that were not kept, and which are not kept now."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import harmless, moment, print_json, table
from arco.cli.where import Where, where_option
from arco.orchestration.breaches import Breach
from arco.service.breaches import breaches, open_breaches

HEADINGS = ("promise", "of", "began", "ended", "what")
EPILOG = """\b
Examples:
  arco breaches --open
  arco breaches --json
"""


@click.command("breaches", epilog=EPILOG)
@click.option("--open", "only_open", is_flag=True, help="Only those that go on.")
@where_option
@json_option
def command(only_open: bool, where: Where, as_json: bool) -> None:
    """List promises that were not kept: freshness of assets, service levels."""
    client = where.client()
    if client is not None:
        found = list(client.breaches.list(only_open=only_open))
    else:
        found = run_to_end(_found(where.directory, only_open=only_open))
    if as_json:
        print_json(found)
    elif found:
        click.echo(table(HEADINGS, [_cells(each) for each in found]))
    else:
        click.echo("every promise is kept" if only_open else "no promise was broken")


async def _found(directory: Path | None, *, only_open: bool) -> list[Breach]:
    chosen = open_breaches if only_open else breaches
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: list(chosen(state)))


def _cells(each: Breach) -> tuple[str, ...]:
    return (
        each.promise.lower(),
        each.subject or "the workspace",
        moment(each.began_at),
        moment(each.ended_at),
        harmless(each.message),
    )


__all__ = ["command"]
