"""`arco restore`: bring tables back to what they were, by rolling forward."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from arco.catalog.kinds import Kind
from arco.cli import terminal
from arco.cli.completing import names_of
from arco.cli.options import json_option
from arco.cli.restoring import StaleAsset, finished, left_behind, stale_assets
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json
from arco.cli.where import Where, where_option
from arco.errors import Conflict
from arco.formats.restore_plans import plan_restore
from arco.formats.restoring import begin_restore
from arco.service.history import meant_slot
from arco.service.restores import RestorePlan, TablePlan
from arco.wire.travel import RestoreSummary

if TYPE_CHECKING:
    from arco.client.client import Client

STALE_SHOWN_MAX = 10
EPILOG = """\b
Examples:
  arco restore marts.daily_delays --to v3          a version, see `arco history TABLE`
  arco restore raw.flights raw.planes --to 120     several tables, as they were at slot 120
  arco restore raw.flights --to 2026-03-01T12:30 --yes
"""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, and what is stale because of it."""

    restore_id: str
    """Empty: every table was what it was already."""
    plan: RestorePlan
    stale: tuple[StaleAsset, ...]


@click.command("restore", epilog=EPILOG)
@click.argument(
    "tables",
    nargs=-1,
    required=True,
    metavar="TABLE...",
    shell_complete=names_of(Kind.TABLE),
)
@click.option(
    "--to",
    required=True,
    metavar="MOMENT",
    help="A slot (120), a version (v3), a time (2026-03-01T12:30) or so long ago (90m, 2h, 3d).",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@where_option
@json_option
def command(tables: tuple[str, ...], to: str, yes: bool, where: Where, as_json: bool) -> None:
    """Make each TABLE what it was then: rows, columns, and what its partitions were made from.

    Nothing is undone: the old content becomes a new version, all tables in one commit, and this can
    be restored from, too. What was made from the tables since is stale afterwards.
    """
    client, asks = where.client(), not yes
    done = (
        _restored(client, tables, to=to, asks=asks, as_json=as_json)
        if client
        else run_to_end(_restore(tables, to, directory=where.directory, asks=asks, as_json=as_json))
    )
    if as_json:
        print_json(done)
    else:
        click.echo("\n".join(_told(done)))


async def _restore(
    tables: tuple[str, ...], to: str, *, directory: Path | None, asks: bool, as_json: bool
) -> Restored:
    async with reading(directory) as workspace:
        for restore_id in await left_behind(workspace):
            click.echo(f"finishing restore {restore_id}, which was started before", err=True)
            try:
                await finished(workspace, restore_id)
            except Conflict as given_up:
                click.echo(given_up.message, err=True)
        slot = await meant_slot(workspace, tables, to=to)
        plan = await plan_restore(workspace, tables, slot=slot)
        _confirm(plan, asks=asks, as_json=as_json)
        restore_id = await begin_restore(workspace, plan, actor="cli")
        if restore_id:
            await finished(workspace, restore_id)
        stale = await stale_assets(workspace)
    return Restored(restore_id=restore_id, plan=plan, stale=tuple(stale))


def _restored(
    client: Client, tables: tuple[str, ...], *, to: str, asks: bool, as_json: bool
) -> Restored:
    plan = client.restores.plan(tables, to)
    _confirm(plan, asks=asks, as_json=as_json)
    # The slot that was shown: a time that was given as an age would be another one by now.
    started = client.restores.start(tables, str(plan.slot))
    restore_id = started.restore_id if isinstance(started, RestoreSummary) else ""
    if restore_id:
        client.restores.wait(restore_id)
    stale = tuple(
        StaleAsset(asset=each.key, partitions=each.stale)
        for each in client.overview().assets
        if each.stale
    )
    return Restored(restore_id=restore_id, plan=plan, stale=stale)


def _confirm(plan: RestorePlan, *, asks: bool, as_json: bool) -> None:
    """Say what would change, and return unless somebody who is asked declines."""
    click.echo("\n".join(_plan_lines(plan)), err=as_json)
    if asks and not all(each.is_unchanged for each in plan.tables):
        click.confirm("Restore?", abort=True, err=as_json)


def _plan_lines(plan: RestorePlan) -> Iterator[str]:
    yield f"as of slot {plan.slot}, {terminal.moment(plan.committed_at)}:"
    yield from (f"  {_table_line(each)}" for each in plan.tables)


def _table_line(each: TablePlan) -> str:
    if each.is_unchanged:
        return f"{each.table} is what it was then"
    parts = f", {counted(each.partitions, 'partition')} change" if each.partitions > 1 else ""
    return (
        f"{each.table}: version {each.version_now} becomes what {each.version_then} was, "
        f"{each.rows_now:,} -> {counted(each.rows_then, 'row')}{parts} "
        f"(files: {each.files_added:,} come back, {each.files_removed:,} leave)"
    )


def _told(done: Restored) -> Iterator[str]:
    if not done.restore_id:
        yield "nothing to restore"
        return
    changed = sum(not each.is_unchanged for each in done.plan.tables)
    yield f"restored {counted(changed, 'table')} ({done.restore_id})"
    restored = {each.table for each in done.plan.tables}
    for each in done.stale[:STALE_SHOWN_MAX]:
        why = "; deploy the code of then, or it is made again" if each.asset in restored else ""
        yield f"stale: {each.asset}, {counted(each.partitions, 'partition')}{why}"
    if len(done.stale) > STALE_SHOWN_MAX:
        yield f"… and {len(done.stale) - STALE_SHOWN_MAX:,} more stale assets: arco status"
    if done.stale:
        yield "the next `arco run` makes what is stale again"


__all__ = ["Restored", "command"]
