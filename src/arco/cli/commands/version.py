"""`arco version`: which release this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import click

from arco.cli.options import json_option
from arco.cli.terminal import print_json

UNINSTALLED = "0+checkout"


@click.command("version", epilog="Example: arco version")
@json_option
def command(as_json: bool) -> None:
    """Print the version."""
    found = installed_version()
    if as_json:
        print_json({"version": found})
    else:
        click.echo(f"arco {found}")


def installed_version() -> str:
    """The installed package's version; a checkout that is not installed says so."""
    try:
        return version("arco")
    except PackageNotFoundError:
        return UNINSTALLED


__all__ = ["command", "installed_version"]
