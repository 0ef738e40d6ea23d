"""`arco import`: a workspace from a file that `arco export` wrote."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from arco.cli.commands.verify import Verification, told, verification
from arco.cli.options import json_option
from arco.cli.session import run_to_end
from arco.cli.terminal import counted, print_json
from arco.engine.package import read_package, unpack
from arco.runtime import AsyncioRuntime
from arco.service.settings import load
from arco.service.workspace import open_scope

EPILOG = """\b
Examples:
  arco import shop.tar shop-copy
  arco import shop.tar . && arco run        in a checkout of the project's code
"""


@click.command("import", epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@json_option
def command(file: Path, directory: Path, as_json: bool) -> None:
    """Bring the workspace in FILE into the project folder DIR, which has none yet, and verify it.

    Every byte is checked before the first is written; an import that was interrupted is finished by
    the same command. Exit code 1: what arrived is not clean.
    """
    found = run_to_end(_import(file, directory, as_json=as_json))
    if as_json:
        print_json(found)
    else:
        click.echo(told(found))
    sys.exit(1 if found.findings else 0)


async def _import(file: Path, directory: Path, *, as_json: bool) -> Verification:
    runtime = AsyncioRuntime()
    manifest = await read_package(runtime, file)
    settings = load(directory)
    store = open_scope(settings, runtime)
    directory.mkdir(parents=True, exist_ok=True)
    await unpack(store, runtime, path=file, manifest=manifest)
    told_what = (
        f"imported slot {manifest.slot} of {manifest.tenant}/{manifest.workspace}: "
        f"{counted(len(manifest.objects), 'object')}"
    )
    click.echo(told_what, err=as_json)
    return await verification(store, runtime)


__all__ = ["command"]
