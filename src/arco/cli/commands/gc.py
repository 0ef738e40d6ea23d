"""`arco gc`: delete what nothing that is kept needs any more, in two steps a while apart."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.options import directory_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, moment, print_json, table
from arco.engine.collect import Pass
from arco.formats.collecting import collect_garbage, survey_garbage
from arco.service.retention import PROFILES

EPILOG = """\b
Examples:
  arco gc --dry-run                      what would be condemned and deleted now
  arco gc
  arco gc --profile dev --json
"""
MEBIBYTE = 1024 * 1024


@click.command("gc", epilog=EPILOG)
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would be done.")
@click.option(
    "--profile",
    "profile_name",
    type=click.Choice(list(PROFILES)),
    help="How long what is kept. Default: the setting `retention`.",
)
@directory_option
@json_option
def command(dry_run: bool, profile_name: str | None, directory: Path | None, as_json: bool) -> None:
    """Condemn snapshots, table versions, staged files and task logs that nothing keeps, and delete
    what was condemned long enough ago; delete facts that were folded before everything that is
    kept. Nothing that is kept or pinned is touched, the log never.
    """
    done = run_to_end(_collect(directory, profile_name, dry_run=dry_run))
    if as_json:
        print_json(done)
    else:
        click.echo(told(done, dry_run=dry_run))


async def _collect(directory: Path | None, profile_name: str | None, *, dry_run: bool) -> Pass:
    async with reading(directory) as workspace:
        retention = PROFILES[profile_name or workspace.settings.retention]
        return await (survey_garbage if dry_run else collect_garbage)(workspace, retention)


def told(done: Pass, *, dry_run: bool) -> str:
    """The pass for a person."""
    would = "would be " if dry_run else ""
    headings = ("what", "objects", f"{would}condemned", "MiB")
    rows = [
        (each.area, each.objects, each.condemned, mebibytes(each.condemned_bytes))
        for each in done.areas
    ]
    deleted = counted(done.deleted, "object")
    lines = [
        table(headings, rows),
        f"{would}deleted: {deleted}, {mebibytes(done.deleted_bytes)} MiB",
        f"every slot from {done.floor:,} on stays readable, and every pin",
    ]
    if done.waiting:
        waiting = f"{counted(done.waiting, 'object')}, {mebibytes(done.waiting_bytes)} MiB"
        when = moment(done.next_delete_at)
        lines.insert(2, f"condemned: {waiting}; `arco gc` deletes the first after {when}")
    if not done.is_complete:
        lines.append("there is more: run `arco gc` again")
    return "\n".join(lines)


def mebibytes(size_bytes: int | None) -> float | None:
    """The size in MiB, as far as people care; None when it is not known."""
    return None if size_bytes is None else round(size_bytes / MEBIBYTE, 2)


__all__ = ["command", "mebibytes", "told"]
