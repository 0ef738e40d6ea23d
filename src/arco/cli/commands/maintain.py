"""`arco maintain`: put small files of tables together, and write the checkpoints that are due."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from arco.catalog.finding import find_table
from arco.catalog.kinds import Kind
from arco.cli.completing import names_of
from arco.cli.maintaining import finished, left_behind
from arco.cli.options import directory_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json
from arco.errors import ArcoError, Conflict, Invalid
from arco.execution.maintaining import maintenance_of
from arco.formats.maintaining import (
    Needs,
    begin_compaction,
    maintained_tables,
    needs_of,
    write_checkpoint,
)
from arco.model import State
from arco.orchestration.definitions import Maintenance
from arco.service.workspace import Workspace

BYTES_PER_MEBIBYTE = 1024 * 1024
EPILOG = """\b
Examples:
  arco maintain --dry-run                what there is to do, table by table
  arco maintain
  arco maintain raw.flights --json
"""


class Maintained(msgspec.Struct, frozen=True, kw_only=True):
    """What was found for one table, and what was done."""

    table: str
    found: Needs | None = None
    """None: the table could not be read."""
    compaction_id: str = ""
    """The compaction that was published; empty: none was."""
    version: int | None = None
    """The version that readers see now."""
    checkpoint_version: int | None = None
    """The version of which a checkpoint was written."""
    problem: str = ""
    """Why it is not what it could be."""


@click.command("maintain", epilog=EPILOG)
@click.argument("tables", nargs=-1, metavar="[TABLE]...", shell_complete=names_of(Kind.TABLE))
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would be done.")
@directory_option
@json_option
def command(tables: tuple[str, ...], dry_run: bool, directory: Path | None, as_json: bool) -> None:
    """Put small files of each TABLE together, and write the checkpoints that are due; of every
    table when none is named.

    What a table holds does not change, so nothing becomes stale: its rows become a new version with
    fewer files. `[tool.arco.maintenance]` says when a table wants that. A leader (`arco dev`,
    `arco serve`) does it by itself.
    """
    done = run_to_end(_maintain(tables, directory, dry_run=dry_run))
    if as_json:
        print_json(done)
    else:
        click.echo("\n".join(_lines(done, dry_run=dry_run)))
    if any(each.problem for each in done):
        raise SystemExit(1)


async def _maintain(
    tables: tuple[str, ...], directory: Path | None, *, dry_run: bool
) -> list[Maintained]:
    async with reading(directory) as workspace:
        maintenance = maintenance_of(workspace.settings.directory)
        if not dry_run:
            await _finish_left_behind(workspace)
        names = await workspace.database.asked(lambda state: _chosen(state, tables))
        work = _survey if dry_run else _work
        return [await work(workspace, name, maintenance=maintenance) for name in names]


async def _finish_left_behind(workspace: Workspace) -> None:
    for compaction_id in await left_behind(workspace):
        click.echo(f"finishing compaction {compaction_id}, which was started before", err=True)
        try:
            await finished(workspace, compaction_id)
        except Conflict as given_up:
            click.echo(given_up.message, err=True)


def _chosen(state: State, tables: tuple[str, ...]) -> list[str]:
    ours = maintained_tables(state)
    names = [find_table(state, name).full_name for name in tables]
    for name in names:
        if name not in ours:
            raise Invalid(
                "TABLE_NOT_PUBLISHED_HERE",
                f"no asset has published a version of {name}, so it is not ours to keep small",
                hint="whoever writes its files can compact them",
            )
    return list(dict.fromkeys(names)) if names else ours


async def _survey(workspace: Workspace, table: str, *, maintenance: Maintenance) -> Maintained:
    try:
        found = await needs_of(workspace, table, policy=maintenance.policy(table))
    except ArcoError as error:
        return Maintained(table=table, problem=error.message)
    return Maintained(table=table, found=found, version=found.version)


async def _work(workspace: Workspace, table: str, *, maintenance: Maintenance) -> Maintained:
    surveyed = await _survey(workspace, table, maintenance=maintenance)
    found, policy = surveyed.found, maintenance.policy(table)
    if found is None or found.busy:
        return surveyed
    version, checkpoint, compaction_id = found.version, None, ""
    try:
        if found.small_files:
            compaction_id = await begin_compaction(workspace, table, policy=policy, actor="cli")
        if compaction_id:
            version = (await finished(workspace, compaction_id)).version
        if found.checkpoint_is_due:
            checkpoint = await write_checkpoint(workspace, table)
    except ArcoError as error:
        return msgspec.structs.replace(surveyed, problem=error.message)
    return Maintained(
        table=table,
        found=found,
        compaction_id=compaction_id,
        version=version,
        checkpoint_version=checkpoint,
    )


def _lines(done: list[Maintained], *, dry_run: bool) -> Iterator[str]:
    if not done:
        yield "no table is published yet"
    for each in done:
        yield f"{each.table}: {each.problem or '; '.join(_told(each, dry_run=dry_run))}"


def _told(each: Maintained, *, dry_run: bool) -> Iterator[str]:
    found = each.found
    assert found is not None, each.table
    size = f"{counted(found.files, 'file')}, {found.size_bytes / BYTES_PER_MEBIBYTE:,.1f} MiB"
    if found.busy:
        yield f"left alone, {found.busy} ({size})"
        return
    would = "would become" if dry_run else "became"
    if found.small_files and (dry_run or each.compaction_id):
        yield f"{found.small_files:,} of {size} {would} {found.becoming:,}"
    if dry_run and found.checkpoint_is_due:
        yield f"a checkpoint of version {found.version} would be written"
    if each.checkpoint_version is not None:
        yield f"a checkpoint of version {each.checkpoint_version} was written"
    if not (found.small_files or found.checkpoint_is_due):
        yield f"nothing to do ({size})"
    elif not (dry_run or each.compaction_id or each.checkpoint_version is not None):
        yield "somebody else moved it meanwhile; ask again"


__all__ = ["Maintained", "command"]
