"""`arco restore`: bring tables back to what they were, by rolling forward."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from arco.cli import terminal
from arco.cli.options import directory_option, json_option
from arco.cli.restoring import StaleAsset, finished, left_behind, stale_assets
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json
from arco.formats.restore_plans import plan_restore
from arco.formats.restoring import begin_restore
from arco.service.history import meant_slot
from arco.service.restores import RestorePlan, TablePlan

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
@click.argument("tables", nargs=-1, required=True, metavar="TABLE...")
@click.option(
    "--to",
    required=True,
    metavar="MOMENT",
    help="A slot (120), a version (v3), a time (2026-03-01T12:30) or so long ago (90m, 2h, 3d).",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@directory_option
@json_option
def command(
    tables: tuple[str, ...], to: str, yes: bool, directory: Path | None, as_json: bool
) -> None:
    """Make each TABLE what it was then: rows, columns, and what its partitions were made from.

    Nothing is undone: the old content becomes a new version, all tables in one commit, and this can
    be restored from, too. What was made from the tables since is stale afterwards.
    """
    done = run_to_end(_restore(tables, to, directory=directory, asks=not yes, as_json=as_json))
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
            await finished(workspace, restore_id)
        slot = await meant_slot(workspace, tables, to=to)
        plan = await plan_restore(workspace, tables, slot=slot)
        changes = [each for each in plan.tables if not each.is_unchanged]
        click.echo("\n".join(_plan_lines(plan)), err=as_json)
        if changes and asks:
            click.confirm("Restore?", abort=True, err=as_json)
        restore_id = await begin_restore(workspace, plan, actor="cli")
        if restore_id:
            await finished(workspace, restore_id)
        stale = await stale_assets(workspace)
    return Restored(restore_id=restore_id, plan=plan, stale=tuple(stale))


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
