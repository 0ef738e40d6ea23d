"""`arco export`: the workspace as one file."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from arco.cli.options import directory_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json
from arco.formats.exporting import export

EPILOG = """\b
Examples:
  arco export shop.tar
  arco export backups/shop-2026-03-01.tar --dir shop
"""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the file."""

    file: str
    slot: int
    floor: int
    """From this slot on user tables are complete; before it, at slots that are pinned."""
    objects: int
    size_bytes: int
    incomplete: tuple[str, ...]
    """The tables some of whose older versions stayed behind: files of them are gone."""


@click.command("export", epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@directory_option
@json_option
def command(file: Path, directory: Path | None, as_json: bool) -> None:
    """Write the workspace to FILE, a tar: the whole log, the newest snapshot, facts, and every
    file of the table versions that readers see, or that pins and retention keep.

    Nothing has to stop for it. What tasks printed stays behind.
    """
    done = run_to_end(_export(file, directory))
    if as_json:
        print_json(done)
    else:
        click.echo(
            f"exported slot {done.slot} to {done.file}: "
            f"{counted(done.objects, 'object')}, {done.size_bytes:,} bytes"
        )
        click.echo(f"table versions: complete from slot {done.floor} on, and where they are pinned")
        for table in done.incomplete:
            click.echo(f"not complete: files of older versions of {table} are gone")


async def _export(file: Path, directory: Path | None) -> Told:
    async with reading(directory) as workspace:
        done = await export(workspace, file)
    return Told(
        file=str(file),
        slot=done.manifest.slot,
        floor=done.floor,
        objects=len(done.manifest.objects),
        size_bytes=sum(each.size_bytes for each in done.manifest.objects),
        incomplete=done.incomplete,
    )


__all__ = ["Told", "command"]
