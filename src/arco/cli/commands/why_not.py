"""`arco why-not`: why the condition of an asset started a run, or did not."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.telling_conditions import why_not_text
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.service.conditions import ConditionDetail, condition_detail

EPILOG = """\b
Examples:
  arco why-not mart.totals                 which part of its condition does not hold
  arco why-not 'mart.totals[2024-01]'      of one partition
"""


@click.command("why-not", epilog=EPILOG)
@click.argument("asset")
@where_option
@json_option
def command(asset: str, where: Where, as_json: bool) -> None:
    """Say why ASSET was not run by itself, or was: its condition, term by term."""
    key, _, rest = asset.partition("[")
    partition = rest.removesuffix("]")
    client = where.client()
    if client is not None:
        found = client.conditions.get(key, partition=partition)
    else:
        found = run_to_end(_detail(key, partition, directory=where.directory))
    print_json(found) if as_json else click.echo(why_not_text(found))


async def _detail(asset: str, partition: str, *, directory: Path | None) -> ConditionDetail:
    async with reading(directory) as workspace:
        now = workspace.runtime.now()
        return await workspace.database.asked(
            lambda state: condition_detail(state, now, asset=asset, partition=partition)
        )


__all__ = ["command"]
