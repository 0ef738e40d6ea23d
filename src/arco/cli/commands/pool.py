"""`arco pool`: how many tasks that need the same thing may be out at once."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json, table
from arco.cli.where import Where, where_option
from arco.model import Decision
from arco.orchestration.commands.pools import size_pool, unsize_pool
from arco.service.pools import PoolSummary, pool_list

ACTOR = "cli"
HEADINGS = ("pool", "slots", "taken", "waiting", "assets")
EPILOG = """\b
Examples:
  arco pool list
  arco pool set warehouse 4
  arco pool set warehouse 0        close it: nothing that needs it starts
  arco pool unset warehouse
"""


@click.group("pool", epilog=EPILOG)
def command() -> None:
    """Limit how many tasks that need the same thing run at once."""


@command.command("list", epilog="Example: arco pool list --json")
@where_option
@json_option
def list_pools(where: Where, as_json: bool) -> None:
    """List the pools: those that were sized, and those that assets name."""
    client = where.client()
    pools = client.pools.list() if client else run_to_end(_list(where.directory))
    if as_json:
        print_json(pools)
    elif pools:
        click.echo(table(HEADINGS, [_cells(pool) for pool in pools]))
    else:
        click.echo('no pool: `@asset(pools={"warehouse": 1})` makes an asset take a slot of one')


@command.command("set", epilog="Example: arco pool set warehouse 4")
@click.argument("name")
@click.argument("slots", type=int)
@where_option
@json_option
def set_size(name: str, slots: int, where: Where, as_json: bool) -> None:
    """Give the pool NAME so many SLOTS, from now on; what runs goes on."""
    client = where.client()
    if client:
        client.pools.size(name, slots)
        pools = client.pools.list()
    else:
        pools = run_to_end(_changed(where.directory, size_pool(name, slots, actor=ACTOR)))
    found = next(pool for pool in pools if pool.name == name)
    if as_json:
        print_json(found)
    else:
        click.echo(f"pool {name} has {counted(slots, 'slot')}, {found.taken:,} taken")


@command.command("unset", epilog="Example: arco pool unset warehouse")
@click.argument("name")
@where_option
def unset(name: str, where: Where) -> None:
    """Take the size of NAME back: it has one slot, like every pool that nobody sized."""
    client = where.client()
    if client:
        client.pools.unsize(name)
    else:
        run_to_end(_changed(where.directory, unsize_pool(name, actor=ACTOR)))
    click.echo(f"pool {name} has one slot, like every pool that nobody sized")


async def _list(directory: Path | None) -> list[PoolSummary]:
    async with reading(directory) as workspace:
        return await workspace.database.asked(pool_list)


async def _changed(directory: Path | None, decision: Decision) -> list[PoolSummary]:
    async with reading(directory) as workspace:
        await workspace.database.transact(decision)
        return await workspace.database.asked(pool_list)


def _cells(pool: PoolSummary) -> tuple[object, ...]:
    slots = f"{pool.slots:,}" if pool.is_sized else f"{pool.slots:,} (not set)"
    return (pool.name, slots, f"{pool.taken:,}", f"{pool.waiting:,}", f"{pool.assets:,}")


__all__ = ["command", "list_pools", "set_size", "unset"]
