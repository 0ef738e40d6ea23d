"""`arco impact`: what depends on a column, on one partition, or on a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from arco.cli.options import at_option, json_option
from arco.cli.remote import impact_of
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.lineage.impact import (
    Affected,
    Effect,
    Impact,
    PartitionImpact,
    column_impact,
    partition_impact,
)
from arco.model import State
from arco.orchestration.partitions import display
from arco.service.columns import split_column
from arco.service.partitions import selected_partitions
from arco.service.past import standing_at

EPILOG = """\b
Examples:
  arco impact raw.flights.dep_delay
  arco impact raw.flights
  arco impact staging.flights --partition 2013-05
"""
HEADINGS = {
    Effect.VALUES: "columns whose values depend on it:",
    Effect.ROWS: "tables whose rows it decides:",
    Effect.POSSIBLE: "tables that read it, in which columns is not known:",
}


@click.command("impact", epilog=EPILOG)
@click.argument("name", metavar="TABLE[.COLUMN]")
@click.option(
    "--partition",
    default="",
    metavar="KEY",
    help="Only what this partition went into, such as 2013-05.",
)
@at_option
@where_option
@json_option
def command(name: str, partition: str, moment: str, where: Where, as_json: bool) -> None:
    """Show what would be different if TABLE, or one COLUMN of it, were.

    Columns are followed through SQL, and through Python that declares `column_lineage`; where
    neither says it, the table is named as possible. With --partition: every partition that was made
    from it, as runs recorded.
    """
    client = where.client(moment)
    if client is None:
        found = run_to_end(_impact(name, partition, moment=moment, directory=where.directory))
    else:
        found = impact_of(client, name, partition=partition)
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(told(found)))


async def _impact(
    name: str, partition: str, *, moment: str, directory: Path | None
) -> Impact | PartitionImpact:
    def question(state: State) -> Impact | PartitionImpact:
        dataset, column = split_column(state, name)
        if partition:
            keys = selected_partitions(state, dataset, text=partition, now=workspace.runtime.now())
            return partition_impact(state, dataset, partition_keys=keys)
        return column_impact(state, dataset, column=column)

    async with reading(directory) as workspace:
        return await (await standing_at(workspace, moment)).asked(question)


def told(found: Impact | PartitionImpact) -> list[str]:
    """The lines that say what is affected, nearest first."""
    lines = list(_partitions(found) if isinstance(found, PartitionImpact) else _effects(found))
    if found.truncated:
        lines.append("… more than can be shown")
    return lines


def _partitions(found: PartitionImpact) -> Iterator[str]:
    if not found.affected:
        yield f"nothing was made from {_many(found.dataset, found.partition_keys)}"
        return
    for each in found.affected:
        made_from = _named(each.upstream, each.upstream_partition_key)
        yield f"{_named(each.dataset, each.partition_key)}  (from {made_from})"


def _named(dataset: str, partition_key: str) -> str:
    return f"{dataset} {display(partition_key)}" if partition_key else dataset


def _many(dataset: str, partition_keys: Sequence[str]) -> str:
    return " or ".join(_named(dataset, key) for key in partition_keys)


def _effects(found: Impact) -> Iterator[str]:
    if not found.affected:
        what = f"{found.dataset}.{found.column}" if found.column else found.dataset
        yield f"nothing depends on {what}"
        return
    separator = ""
    for effect, heading in HEADINGS.items():
        lines = list(_lines(each for each in found.affected if each.effect is effect))
        if lines:
            yield separator + heading
            yield from lines
            separator = "\n"


def _lines(affected: Iterable[Affected]) -> Iterator[str]:
    for each in affected:
        name = f"{each.dataset}.{each.column}" if each.column else each.dataset
        reason = f": {each.reason}" if each.reason else ""
        yield f"  {name}  (through {each.because_of}){reason}"


__all__ = ["command", "told"]
