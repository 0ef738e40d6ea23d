"""`arco changes`: every row that changed, in the order of the log, and what changes from now on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from arco.cli.asking import owner_of
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import harmless, moment
from arco.cli.where import Where, where_option
from arco.service.changes import (
    START,
    Choice,
    FeedChange,
    Position,
    changes_after,
    next_changes,
    parse_position,
)
from arco.service.workspace import Workspace

if TYPE_CHECKING:
    from arco.client.client import Client

SLOTS = 20
FOLLOW_SECONDS = 60.0
EPILOG = """\b
Examples:
  arco changes                                       what the newest slots changed
  arco changes -f --table system.catalog.tables      tables, as they change
  arco changes --after 120.3 --json | jq .row        from where another reader stopped
"""


@click.command("changes", epilog=EPILOG)
@click.option(
    "--after",
    default="",
    metavar="POSITION",
    help=f"Behind a position or a slot; `start`: all. Default: the newest {SLOTS} slots, or with "
    "-f what comes next.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what changes, until Ctrl-C.")
@click.option("--table", "tables", multiple=True, help="Only this table of system.*.")
@where_option
@json_option
def command(after: str, follow: bool, tables: tuple[str, ...], where: Where, as_json: bool) -> None:
    """Print every row that changed, oldest first: position, time, what happened, table and key.

    With --json one object a line. Whoever goes on behind the last position misses nothing and sees
    nothing twice.
    """
    client = where.client()
    if client:
        for change in _of_server(client, after, tables=tables, follows=follow):
            click.echo(msgspec.json.encode(change) if as_json else told(change))
        return
    choice, directory = Choice(tables=tables), where.directory
    run_to_end(_print(after, choice, follows=follow, directory=directory, as_json=as_json))


def _of_server(
    client: Client, after: str, *, tables: tuple[str, ...], follows: bool
) -> Iterator[FeedChange]:
    if follows:
        return client.history.follow(after, tables=tables)
    first = max(-1, client.health().seq - SLOTS)
    return client.history.changes(after or (str(first) if first >= 0 else START), tables=tables)


async def _print(
    after: str, choice: Choice, *, follows: bool, directory: Path | None, as_json: bool
) -> None:
    async with reading(directory) as workspace:
        newest = workspace.database.seq
        begin = newest if follows else max(-1, newest - SLOTS)
        position = parse_position(after, newest) if after else Position(begin)
        async for change in _changes(workspace, position, choice=choice, follows=follows):
            click.echo(msgspec.json.encode(change) if as_json else told(change))


async def _changes(
    workspace: Workspace, position: Position, *, choice: Choice, follows: bool
) -> AsyncIterator[FeedChange]:
    caller = owner_of(workspace)
    end = workspace.database.seq
    while follows or position < Position(end):
        page = await (
            next_changes(workspace, position, caller=caller, choice=choice, seconds=FOLLOW_SECONDS)
            if follows
            else changes_after(workspace, position, caller=caller, choice=choice)
        )
        for change in page.changes:
            yield change
        position = parse_position(page.position, end)


def told(change: FeedChange) -> str:
    """The change for a person."""
    key = ", ".join(map(str, change.key))
    when = moment(change.committed_at)
    return harmless(f"{change.position:<10} {when}  {change.kind:<7}  {change.table}  {key}")


__all__ = ["command", "told"]
