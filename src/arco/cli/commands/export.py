"""`arco export`: the workspace as one file, or its pages as a site of files."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from arco.api.session import Session
from arco.cli.commands.version import installed_version
from arco.cli.options import at_option, directory_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import counted, print_json
from arco.formats.exporting import export
from arco.query.pool import QueryPool
from arco.ui.site.exporting import RUNS, Site, Wanted, export_site

PAGES_A_LINE = 500
EPILOG = """\b
Examples:
  arco export shop.tar
  arco export backups/shop-2026-03-01.tar --dir shop
  arco export --site public --runs 100       pages for any web server
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
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option(
    "--site",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write pages that any web server can hand out, read only, into this folder.",
)
@click.option(
    "--runs",
    type=click.IntRange(0, 100_000),
    default=RUNS,
    help=f"Of a site: how many of the newest runs get a page. Default: {RUNS}.",
)
@at_option
@directory_option
@json_option
def command(
    file: Path | None,
    folder: Path | None,
    runs: int,
    moment: str,
    directory: Path | None,
    as_json: bool,
) -> None:
    """Write the workspace to FILE, a tar: the whole log, the newest snapshot, facts, and every
    file of the table versions that readers see, or that pins and retention keep.

    With --site, write its pages instead: the catalog, lineage, assets, checks and runs of one
    moment as files, for people who have no server. Nothing has to stop for either. What tasks
    printed stays behind.
    """
    if (file is None) == (folder is None):
        raise click.UsageError("name a FILE for the workspace, or --site DIR for its pages")
    if folder is not None:
        wanted = Wanted(folder=folder, moment=moment, runs=runs)
        tell_site(run_to_end(_export_site(wanted, directory)), folder, as_json=as_json)
        return
    if moment:
        raise click.UsageError("--at goes with --site: a FILE holds every moment")
    assert file is not None
    tell_file(run_to_end(_export(file, directory)), as_json=as_json)


def tell_file(done: Told, *, as_json: bool) -> None:
    """What stands in the file."""
    if as_json:
        print_json(done)
        return
    click.echo(
        f"exported slot {done.slot} to {done.file}: "
        f"{counted(done.objects, 'object')}, {done.size_bytes:,} bytes"
    )
    click.echo(f"table versions: complete from slot {done.floor} on, and where they are pinned")
    for table in done.incomplete:
        click.echo(f"not complete: files of older versions of {table} are gone")


def tell_site(done: Site, folder: Path, *, as_json: bool) -> None:
    """What stands in the folder."""
    if as_json:
        print_json({"folder": str(folder), **msgspec.structs.asdict(done)})
        return
    click.echo(
        f"wrote slot {done.slot} to {folder}: {counted(done.pages, 'page')}, "
        f"{done.size_bytes:,} bytes, the newest {counted(done.runs, 'run')}"
    )
    click.echo(f"look at it: python -m http.server --directory {folder}")


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


async def _export_site(wanted: Wanted, directory: Path | None) -> Site:
    async with reading(directory) as workspace:
        queries = QueryPool(workspace.runtime)
        try:
            session = Session(workspace, queries, installed_version())
            return await export_site(session, wanted, told=_progress)
        finally:
            await queries.close()


def _progress(pages: int) -> None:
    if pages % PAGES_A_LINE == 0:
        click.echo(f"{pages:,} pages", err=True)


__all__ = ["Told", "command", "tell_file", "tell_site"]
