"""`arco lineage`: what a table was made from and what was made from it, as a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from arco.cli.options import at_option, json_option
from arco.cli.remote import lineage_of, walks
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.lineage.columns import TraceMethod
from arco.lineage.exports import mermaid, openlineage
from arco.lineage.impact import Origins, column_origins
from arco.lineage.walks import Step, Walk, is_foreign, walk_down, walk_up
from arco.model import State
from arco.service.columns import split_column
from arco.service.past import standing_at

if TYPE_CHECKING:
    from arco.client.client import Client

HOPS = 5
Ends = Callable[[Step], tuple[str, str]]
Children = dict[str, list[tuple[str, str]]]
EPILOG = """\b
Examples:
  arco lineage marts.daily_delays
  arco lineage raw.flights --down 2
  arco lineage marts.daily_delays --up 1 --json
  arco lineage marts.daily_delays --format mermaid
  arco lineage marts.route_stats.flights
  arco lineage marts.daily_delays --at 2026-03-01
"""


class Neighbourhood(msgspec.Struct, frozen=True, kw_only=True):
    """Both walks from one table."""

    table: str
    up: Walk
    down: Walk


@click.command("lineage", epilog=EPILOG)
@click.argument("name", metavar="TABLE[.COLUMN]")
@click.option("--up", type=click.IntRange(0, 100), help="Hops towards the sources.")
@click.option("--down", type=click.IntRange(0, 100), help="Hops towards the consumers.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["tree", "mermaid", "openlineage"]),
    default="tree",
    help="How to write it; openlineage: the newest run events, as JSON.",
)
@at_option
@where_option
@json_option
def command(
    name: str,
    up: int | None,
    down: int | None,
    form: str,
    moment: str,
    where: Where,
    as_json: bool,
) -> None:
    """Show what TABLE was made from and what was made from it, as runs really did it.

    What another system reported is marked as foreign. Without --up and --down: five hops both ways.
    With a COLUMN: the columns that its values come from.
    """
    given = up is not None or down is not None
    hops = (up or 0, down or 0) if given else (HOPS, HOPS)
    client = where.client(moment)
    if client is None:
        found = run_to_end(_found(name, hops, moment=moment, directory=where.directory))
    else:
        found = _asked(client, name, hops=hops, form=form)
    if as_json:
        print_json(found.events if form == "openlineage" else found.around or found.origins)
    else:
        click.echo(written(found, form))


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around a table, or where a column comes from."""

    around: Neighbourhood | None = None
    origins: Origins | None = None
    events: list[dict[str, Any]] = []


def _asked(client: Client, name: str, *, hops: tuple[int, int], form: str) -> Found:
    if form == "openlineage":
        raise click.UsageError("--format openlineage looks into a store: leave out --server")
    found = lineage_of(client, name, hops=hops)
    if isinstance(found, Origins):
        return Found(origins=found)
    up, down = walks(found)
    return Found(around=Neighbourhood(table=found.dataset, up=up, down=down))


async def _found(name: str, hops: tuple[int, int], *, moment: str, directory: Path | None) -> Found:
    def question(state: State) -> Found:
        dataset, column = (name, "") if is_foreign(state, name) else split_column(state, name)
        if column:
            return Found(origins=column_origins(state, dataset, column=column))
        around = Neighbourhood(
            table=dataset,
            up=walk_up(state, dataset, hops=hops[0]),
            down=walk_down(state, dataset, hops=hops[1]),
        )
        return Found(around=around, events=openlineage(state, _datasets(around)))

    async with reading(directory) as workspace:
        return await (await standing_at(workspace, moment)).asked(question)


def _datasets(around: Neighbourhood) -> list[str]:
    steps = (*around.up.steps, *around.down.steps)
    return sorted({around.table, *(step.downstream for step in steps)})


def written(found: Found, form: str) -> str:
    """The text of what was found, in the form that was asked for."""
    if found.origins is not None:
        return "\n".join(origin_lines(found.origins))
    assert found.around is not None
    if form == "mermaid":
        return mermaid(found.around.table, (*found.around.up.steps, *found.around.down.steps))
    if form == "openlineage":
        return "\n".join(msgspec.json.encode(event).decode() for event in found.events)
    return "\n".join(tree(found.around))


def origin_lines(found: Origins) -> list[str]:
    """A line for each column that the column comes from, indented by how far away it is."""
    lines = [f"{found.dataset}.{found.column}"]
    for each in found.origins:
        how = "" if each.method is TraceMethod.QUERY else f" ({each.method.lower()})"
        into = f"{each.dataset}.{each.column}" if each.column else each.dataset
        source = f"{each.upstream}.{each.upstream_column}"
        lines.append(f"{'  ' * each.hop}{source} -> {into}{how}")
    if not found.origins:
        lines.append("  no column it comes from is known")
    return lines


def tree(found: Neighbourhood) -> list[str]:
    """The lines of the tree: sources above the table, consumers below it."""
    lines = [*_branch(found.up, lambda step: (step.downstream, step.upstream)), found.table]
    lines = ["made from:", *lines[:-1], ""] if lines[:-1] else []
    below = [*_branch(found.down, lambda step: (step.upstream, step.downstream))]
    lines += [found.table]
    lines += ["", "used by:", *below] if below else []
    if not found.up.steps and not found.down.steps:
        lines.append("  no run has read it or made it from another table yet")
    if found.up.truncated or found.down.truncated:
        lines.append("… more than can be shown: fewer hops show all of them")
    return lines


def _branch(walk: Walk, ends: Ends) -> Iterator[str]:
    children: Children = {}
    for step in walk.steps:
        near, far = ends(step)
        children.setdefault(near, []).append((far, " (foreign)" if step.foreign else ""))
    yield from _below(walk.dataset, children, indent="  ", seen={walk.dataset})


def _below(name: str, children: Children, *, indent: str, seen: set[str]) -> Iterator[str]:
    """Each dataset's own branch is drawn once; where it comes again, `…` stands for it."""
    for child, mark in children.get(name, ()):
        repeated = child in seen and child in children
        yield f"{indent}{child}{mark}{' …' if repeated else ''}"
        if not repeated:
            seen.add(child)
            yield from _below(child, children, indent=indent + "  ", seen=seen)


__all__ = ["Found", "Neighbourhood", "command", "origin_lines", "tree", "written"]
