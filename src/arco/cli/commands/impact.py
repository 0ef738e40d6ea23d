"""`arco impact`: what depends on a column, on one partition or version, or on a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from arco.catalog.kinds import Kind
from arco.cli.completing import names_of
from arco.cli.options import at_option, format_option, json_option
from arco.cli.remote import impact_of
from arco.cli.session import reading, run_to_end
from arco.cli.telling_lineage import impact_lines
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.lineage.exports import impact_mermaid, partitions_mermaid
from arco.lineage.impact import Impact, PartitionImpact, column_impact, partition_impact
from arco.lineage.walks import Walk, walk_down
from arco.model import State
from arco.service.columns import split_column
from arco.service.lineage import events_around, into_only, require_dataset, with_kinds
from arco.service.partitions import selected_partitions
from arco.service.past import standing_at
from arco.service.workspace import Workspace

if TYPE_CHECKING:
    from arco.client.client import Client

EPILOG = """\b
Examples:
  arco impact raw.flights.dep_delay
  arco impact raw.flights --depth 1
  arco impact staging.flights --partition 2013-05
  arco impact raw.flights --version 7 --into marts.daily_delays
  arco impact raw.flights.dep_delay --format mermaid
"""
Effects = Impact | PartitionImpact


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted."""

    name: str
    depth: int
    partition: str = ""
    version: int | None = None
    into: str = ""
    moment: str = ""


@click.command("impact", epilog=EPILOG)
@click.argument("name", metavar="TABLE[.COLUMN]", shell_complete=names_of(Kind.TABLE))
@click.option(
    "--partition",
    default="",
    metavar="KEY",
    help="Only what this partition went into, such as 2013-05.",
)
@click.option("--version", type=click.IntRange(0), help="Only what this version went into.")
@click.option("--into", default="", metavar="TABLE", help="Only partitions of this table.")
@click.option("--depth", type=click.IntRange(0, 100), default=100, help="Hops at most.")
@format_option
@at_option
@where_option
@json_option
def command(
    name: str,
    partition: str,
    version: int | None,
    into: str,
    depth: int,
    form: str,
    moment: str,
    where: Where,
    as_json: bool,
) -> None:
    """Show what would be different if TABLE, or one COLUMN of it, were.

    Columns are followed through SQL, and through Python that declares `column_lineage`; where
    neither says it, the table is named as possible. With --partition or --version: every partition
    that was made from it, as runs recorded.
    """
    if into and not partition and version is None:
        raise click.UsageError("--into goes with --partition or --version")
    asked = Asked(
        name=name, depth=depth, partition=partition, version=version, into=into, moment=moment
    )
    client = where.client(moment)
    if client is None:
        found, events = run_to_end(_found(asked, directory=where.directory))
    else:
        found, events = _told(client, asked, form=form)
    if form == "openlineage":
        names = {each.dataset for each in found.affected}
        told = [event for event in events if event["job"]["name"] in names]
        click.echo("\n".join(msgspec.json.encode(event).decode() for event in told))
    elif as_json or form == "json":
        print_json(found)
    else:
        click.echo(written(found, form))


def written(found: Effects, form: str) -> str:
    """What is affected, as a graph or as lines."""
    if form == "mermaid" and isinstance(found, PartitionImpact):
        return partitions_mermaid(found)
    if form == "mermaid" and isinstance(found, Impact):
        return impact_mermaid(found)
    return "\n".join(impact_lines(found))


def _told(client: Client, asked: Asked, *, form: str) -> tuple[Effects, list[dict[str, Any]]]:
    if asked.version is not None and not asked.partition:
        found: Effects = client.lineage.version_impact(asked.name, asked.version, into=asked.into)
    elif asked.partition:
        found = client.lineage.partition_impact(
            asked.name, asked.partition, version=asked.version, into=asked.into
        )
    else:
        found = impact_of(client, asked.name, depth=asked.depth)
    if form != "openlineage":
        return found, []
    return found, client.lineage.openlineage(found.dataset, up=0, down=asked.depth)


async def _found(asked: Asked, *, directory: Path | None) -> tuple[Effects, list[dict[str, Any]]]:
    def question(state: State) -> tuple[Effects, list[dict[str, Any]]]:
        found = _effects(state, asked, workspace=workspace)
        nothing = Walk(found.dataset, ())
        below = walk_down(state, found.dataset, hops=asked.depth)
        return found, events_around(state, up=nothing, down=below)

    async with reading(directory) as workspace:
        return await (await standing_at(workspace, asked.moment)).asked(question)


def _effects(state: State, asked: Asked, *, workspace: Workspace) -> Effects:
    if not asked.partition and asked.version is None:
        dataset, column = split_column(state, asked.name)
        return with_kinds(state, column_impact(state, dataset, column=column, hops=asked.depth))
    require_dataset(state, asked.name)
    keys: tuple[str, ...] = ()
    if asked.partition:
        now = workspace.runtime.now()
        keys = selected_partitions(state, asked.name, text=asked.partition, now=now)
    found = partition_impact(state, asked.name, partition_keys=keys, version=asked.version)
    return into_only(state, found, into=asked.into)


__all__ = ["Asked", "command", "written"]
