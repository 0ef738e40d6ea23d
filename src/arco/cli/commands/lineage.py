"""`arco lineage`: what a table was made from and what was made from it, as a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec

from arco.catalog.commands import find_table
from arco.cli.options import at_option, directory_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import print_json
from arco.lineage.walks import Step, Walk, is_foreign, walk_down, walk_up
from arco.model import State
from arco.service.past import standing_at

HOPS = 5
Ends = Callable[[Step], tuple[str, str]]
Children = dict[str, list[tuple[str, str]]]
EPILOG = """\b
Examples:
  arco lineage marts.daily_delays
  arco lineage raw.flights --down 2
  arco lineage marts.daily_delays --up 1 --json
  arco lineage marts.daily_delays --at 2026-03-01
"""


class Neighbourhood(msgspec.Struct, frozen=True, kw_only=True):
    """Both walks from one table."""

    table: str
    up: Walk
    down: Walk


@click.command("lineage", epilog=EPILOG)
@click.argument("table")
@click.option("--up", type=click.IntRange(0, 100), help="Hops towards the sources.")
@click.option("--down", type=click.IntRange(0, 100), help="Hops towards the consumers.")
@at_option
@directory_option
@json_option
def command(
    table: str,
    up: int | None,
    down: int | None,
    moment: str,
    directory: Path | None,
    as_json: bool,
) -> None:
    """Show what TABLE was made from and what was made from it, as runs really did it.

    What another system reported is marked as foreign.

    Without --up and --down: five hops both ways.
    """
    given = up is not None or down is not None
    hops = (up or 0, down or 0) if given else (HOPS, HOPS)
    found = run_to_end(_walks(table, hops, moment=moment, directory=directory))
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(tree(found)))


async def _walks(
    table: str, hops: tuple[int, int], *, moment: str, directory: Path | None
) -> Neighbourhood:
    def question(state: State) -> Neighbourhood:
        if not is_foreign(state, table):
            find_table(state, table)
        up, down = hops
        return Neighbourhood(
            table=table, up=walk_up(state, table, hops=up), down=walk_down(state, table, hops=down)
        )

    async with reading(directory) as workspace:
        return await (await standing_at(workspace, moment)).asked(question)


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


__all__ = ["Neighbourhood", "command", "tree"]
