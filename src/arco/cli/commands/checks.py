"""`arco checks`: how checks stand."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import harmless, moment, print_json, table
from arco.cli.where import Where, where_option
from arco.service.checks import CheckLine, check_lines

LIMIT = 1000
HEADINGS = ("asset", "partition", "check", "result", "checked at", "run", "message")
EPILOG = """\b
Examples:
  arco checks
  arco checks mart.totals --failed
"""


@click.command("checks", epilog=EPILOG)
@click.argument("asset", default="")
@click.option("--failed", is_flag=True, help="Only those that do not pass.")
@click.option(
    "--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="How many at most."
)
@where_option
@json_option
def command(asset: str, failed: bool, limit: int, where: Where, as_json: bool) -> None:
    """Show the newest result of every check on every partition, or of one ASSET's checks."""
    client = where.client()
    if client is not None:
        found = list(islice(client.assets.checks(asset, failed=failed), limit))
    else:
        lines = run_to_end(_lines(where.directory, asset))
        found = [line for line in lines if not (failed and line.passed)][:limit]
    if as_json:
        print_json(found)
    elif found:
        click.echo(table(HEADINGS, [_cells(line) for line in found]))
    else:
        click.echo("no check fails" if failed else "no check has run yet")


async def _lines(directory: Path | None, asset: str) -> list[CheckLine]:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: list(check_lines(state, asset=asset)))


def _cells(line: CheckLine) -> tuple[object, ...]:
    failed = "FAILED" if line.blocking else "warning"
    return (
        line.asset,
        line.partition,
        line.name,
        "passed" if line.passed else failed,
        moment(line.checked_at),
        line.run_id,
        harmless(line.message),
    )


__all__ = ["command"]
