"""`arco export`: the workspace as one file."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from arco.cli.options import directory_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json
from arco.engine.package import Manifest, log_contents, pack
from arco.formats.exporting import table_contents

EPILOG = """\b
Examples:
  arco export shop.tar
  arco export backups/shop-2026-03-01.tar --dir shop
"""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the file."""

    file: str
    slot: int
    objects: int
    size_bytes: int


@click.command("export", epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@directory_option
@json_option
def command(file: Path, directory: Path | None, as_json: bool) -> None:
    """Write the workspace to FILE, a tar: the whole log, the newest snapshot, and every file of the
    tables as readers see them.

    Nothing has to stop for it. Older versions of tables and what tasks printed stay behind.
    """
    done = run_to_end(_export(file, directory))
    if as_json:
        print_json(done)
    else:
        click.echo(
            f"exported slot {done.slot} to {done.file}: "
            f"{counted(done.objects, 'object')}, {done.size_bytes:,} bytes"
        )


async def _export(file: Path, directory: Path | None) -> Exported:
    async with reading(directory) as workspace:
        contents = await table_contents(workspace)
        contents += await log_contents(workspace.database)
        scope = workspace.settings.scope
        manifest = await pack(workspace.database, file, contents=contents, scope=scope)
    return _summary(file, manifest)


def _summary(file: Path, manifest: Manifest) -> Exported:
    return Exported(
        file=str(file),
        slot=manifest.slot,
        objects=len(manifest.objects),
        size_bytes=sum(each.size_bytes for each in manifest.objects),
    )


__all__ = ["Exported", "command"]
