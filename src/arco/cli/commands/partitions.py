"""`arco partitions`: how the partitions of an asset stand, in counts and ranges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json, table
from arco.cli.where import Where, where_option
from arco.service.partition_ranges import AssetPartitions, PartitionState, asset_partitions

HEADINGS = ("state", "from", "to", "partitions")
STATES = [state.lower() for state in PartitionState]
EPILOG = """\b
Examples:
  arco partitions marts.daily
  arco partitions marts.daily --state missing
  arco partitions marts.daily --json | jq .counts
"""


@click.command("partitions", epilog=EPILOG)
@click.argument("asset")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only those that stand so.")
@where_option
@json_option
def command(asset: str, state: str | None, where: Where, as_json: bool) -> None:
    """Show how many partitions of ASSET failed, are missing, stale or fresh, and which."""
    only = PartitionState(state.upper()) if state else None
    client = where.client()
    if client is not None:
        found = client.assets.partitions(asset, state=only)
    else:
        found = run_to_end(_found(where.directory, asset, only=only))
    print_json(found) if as_json else click.echo("\n".join(_lines(found)))


async def _found(
    directory: Path | None, asset: str, *, only: PartitionState | None
) -> AssetPartitions:
    async with reading(directory) as workspace:
        now = workspace.runtime.now()
        return await workspace.database.asked(
            lambda state: asset_partitions(state, now, asset=asset, only=only)
        )


def _lines(found: AssetPartitions) -> Iterator[str]:
    counts = ", ".join(
        f"{found.counts[state]:,} {state.lower()}"
        for state in PartitionState
        if state in found.counts
    )
    if not found.dimensions:
        yield f"{found.asset} is one whole: {counts.split(' ')[-1]}"
        return
    yield f"{found.asset}: {counted(found.total, 'partition')}: {counts}"
    cells = [
        (each.state.lower(), each.first, each.last, f"{each.partitions:,}") for each in found.ranges
    ]
    if cells:
        yield table(HEADINGS, cells)


__all__ = ["command"]
