"""`arco lineage`: what a table was made from and what was made from it, as a tree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from arco.catalog.kinds import Kind
from arco.cli.completing import names_of
from arco.cli.options import at_option, format_option, json_option
from arco.cli.remote import lineage_of, walks
from arco.cli.session import reading, run_to_end
from arco.cli.telling_lineage import Neighbourhood, origin_lines, path_lines, tree
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.errors import Invalid
from arco.lineage.evidence import LineagePath
from arco.lineage.exports import mermaid, origins_mermaid, path_mermaid
from arco.lineage.impact import Origins, column_origins
from arco.lineage.walks import is_foreign, walk_down, walk_up
from arco.model import State
from arco.service.columns import split_column
from arco.service.lineage import edges_of, events_around, path_between
from arco.service.past import standing_at

if TYPE_CHECKING:
    from arco.client.client import Client

HOPS = 5
EPILOG = """\b
Examples:
  arco lineage marts.daily_delays
  arco lineage raw.flights --down 2
  arco lineage marts.daily_delays --depth 1 --json
  arco lineage marts.daily_delays --format mermaid
  arco lineage marts.route_stats.flights
  arco lineage raw.flights --to marts.route_stats
  arco lineage marts.daily_delays --at 2026-03-01
"""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted."""

    name: str
    to: str
    hops: tuple[int, int]
    moment: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around a table, where a column comes from, or a way; and run events."""

    around: Neighbourhood | None = None
    origins: Origins | None = None
    way: LineagePath | None = None
    events: list[dict[str, Any]] = []


@click.command("lineage", epilog=EPILOG)
@click.argument("name", metavar="TABLE[.COLUMN]", shell_complete=names_of(Kind.TABLE))
@click.option("--up", type=click.IntRange(0, 100), help="Hops towards the sources.")
@click.option("--down", type=click.IntRange(0, 100), help="Hops towards the consumers.")
@click.option("--depth", type=click.IntRange(0, 100), help="Hops both ways. Default: 5.")
@click.option("--to", default="", metavar="TABLE", help="Only the shortest way down to this table.")
@format_option
@at_option
@where_option
@json_option
def command(
    name: str,
    up: int | None,
    down: int | None,
    depth: int | None,
    to: str,
    form: str,
    moment: str,
    where: Where,
    as_json: bool,
) -> None:
    """Show what TABLE was made from and what was made from it, as runs really did it.

    What another system reported is marked as foreign. With a COLUMN: the columns that its values
    come from.
    """
    asked = Asked(name=name, to=to, hops=_hops(up, down, depth=depth), moment=moment)
    client = where.client(moment)
    if client is None:
        found = run_to_end(_found(asked, directory=where.directory))
    else:
        found = _told(client, asked, form=form)
    _print(found, "json" if as_json and form == "text" else form, as_json=as_json)


def _hops(up: int | None, down: int | None, *, depth: int | None) -> tuple[int, int]:
    """Up and down: as far as is said of each, else as of both, else five hops both ways."""
    if depth is None and (up is not None or down is not None):
        return up or 0, down or 0
    both = HOPS if depth is None else depth
    return both if up is None else up, both if down is None else down


def _print(found: Found, form: str, *, as_json: bool) -> None:
    if form == "json":
        print_json(found.around or found.origins or found.way)
    elif form == "openlineage" and as_json:
        print_json(found.events)
    else:
        click.echo(written(found, form))


def _told(client: Client, asked: Asked, *, form: str) -> Found:
    up, down = asked.hops
    if asked.to:
        return Found(way=client.lineage.path(asked.name, asked.to))
    if form == "openlineage":
        return Found(events=client.lineage.openlineage(asked.name, up=up, down=down))
    found = lineage_of(client, asked.name, hops=asked.hops)
    if isinstance(found, Origins):
        return Found(origins=found)
    above, below = walks(found)
    return Found(around=Neighbourhood(table=found.dataset, up=above, down=below, edges=found.edges))


async def _found(asked: Asked, *, directory: Path | None) -> Found:
    def question(state: State) -> Found:
        if asked.to:
            return Found(way=path_between(state, upstream=asked.name, downstream=asked.to))
        name = asked.name
        dataset, column = (name, "") if is_foreign(state, name) else split_column(state, name)
        if column:
            return Found(origins=column_origins(state, dataset, column=column))
        up = walk_up(state, dataset, hops=asked.hops[0])
        down = walk_down(state, dataset, hops=asked.hops[1])
        edges = edges_of(state, (*up.steps, *down.steps))
        around = Neighbourhood(table=dataset, up=up, down=down, edges=edges)
        return Found(around=around, events=events_around(state, up=up, down=down))

    async with reading(directory) as workspace:
        return await (await standing_at(workspace, asked.moment)).asked(question)


def written(found: Found, form: str) -> str:
    """The text of what was found, in the form that was asked for.

    Raises: Invalid FORMAT_UNFIT.
    """
    if form == "openlineage":
        return _as_events(found)
    if found.origins is not None:
        drawn, lines = origins_mermaid, origin_lines
        return drawn(found.origins) if form == "mermaid" else "\n".join(lines(found.origins))
    if found.way is not None:
        is_drawn = form == "mermaid" and bool(found.way.datasets)
        return path_mermaid(found.way) if is_drawn else "\n".join(path_lines(found.way))
    assert found.around is not None
    if form == "mermaid":
        steps = (*found.around.up.steps, *found.around.down.steps)
        return mermaid(found.around.table, steps)
    return "\n".join(tree(found.around))


def _as_events(found: Found) -> str:
    if found.origins is not None or found.way is not None:
        raise Invalid(
            "FORMAT_UNFIT",
            "run events tell of tables: neither a column nor a way is written as openlineage",
            hint="name a table alone, or choose --format text, json or mermaid",
        )
    return "\n".join(msgspec.json.encode(event).decode() for event in found.events)


__all__ = ["Asked", "Found", "command", "written"]
