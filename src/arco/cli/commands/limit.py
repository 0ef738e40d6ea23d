"""`arco limit`: how many runs may be under way at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json, table
from arco.cli.where import Where, where_option
from arco.model import Decision
from arco.orchestration.commands.run_limits import limit_runs, unlimit_runs
from arco.service.run_limits import LimitSummary, limit_list

ACTOR = "cli"
HEADINGS = ("limit", "runs", "under way", "waiting")
EPILOG = """\b
Examples:
  arco limit list
  arco limit set '*' 10              at most ten runs at once
  arco limit set tag:team=sales 2    of those with an asset that has the tag
  arco limit set asset:raw.orders 1  of those that make this asset
  arco limit set '*' 0               nothing starts
  arco limit unset '*'
"""


@click.group("limit", epilog=EPILOG)
def command() -> None:
    """Limit how many runs are under way at once; others wait in a queue."""


@command.command("list", epilog="Example: arco limit list --json")
@where_option
@json_option
def list_limits(where: Where, as_json: bool) -> None:
    """List the limits, with how many runs are under way and how many wait."""
    client = where.client()
    limits = client.limits.list() if client else run_to_end(_list(where.directory))
    if as_json:
        print_json(limits)
    elif limits:
        click.echo(table(HEADINGS, [_cells(limit) for limit in limits]))
    else:
        click.echo("no limit: `arco limit set '*' 10` lets ten runs be under way at once")


@command.command("set", epilog="Example: arco limit set '*' 10")
@click.argument("name")
@click.argument("runs", type=int)
@where_option
@json_option
def set_limit(name: str, runs: int, where: Where, as_json: bool) -> None:
    """Let so many RUNS that NAME covers be under way at once; what is under way goes on.

    NAME is * for every run, tag:NAME or tag:NAME=VALUE for those with an asset that has the tag,
    asset:KEY for those with this asset.
    """
    client = where.client()
    if client:
        limits: Sequence[LimitSummary] = client.limits.set(name, runs)
    else:
        limits = run_to_end(_changed(where.directory, limit_runs(name, runs, actor=ACTOR)))
    found = next(limit for limit in limits if limit.name == name)
    if as_json:
        print_json(found)
    else:
        click.echo(f"limit {name} is {counted(runs, 'run')}, {found.running:,} under way")


@command.command("unset", epilog="Example: arco limit unset '*'")
@click.argument("name")
@where_option
def unset(name: str, where: Where) -> None:
    """Take the limit NAME back."""
    client = where.client()
    if client:
        client.limits.set(name, None)
    else:
        run_to_end(_changed(where.directory, unlimit_runs(name, actor=ACTOR)))
    click.echo(f"there is no limit {name} any more")


async def _list(directory: Path | None) -> list[LimitSummary]:
    async with reading(directory) as workspace:
        return await workspace.database.asked(limit_list)


async def _changed(directory: Path | None, decision: Decision) -> list[LimitSummary]:
    async with reading(directory) as workspace:
        await workspace.database.transact(decision)
        return await workspace.database.asked(limit_list)


def _cells(limit: LimitSummary) -> tuple[object, ...]:
    return (limit.name, f"{limit.runs_max:,}", f"{limit.running:,}", f"{limit.waiting:,}")


__all__ = ["command", "list_limits", "set_limit", "unset"]
