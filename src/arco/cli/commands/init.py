"""`arco init`: a new project that works at once."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.starter import write_project
from arco.cli.terminal import print_json

EPILOG = """\b
Example:
  arco init shop && cd shop && arco run
"""


@click.command("init", epilog=EPILOG)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@json_option
def command(directory: Path, as_json: bool) -> None:
    """Write a project into DIR: two small assets, a check and a test."""
    files = write_project(directory)
    if as_json:
        print_json({"files": [str(file) for file in files]})
        return
    for file in files:
        click.echo(f"  {file}")
    click.echo(f"\nnext:\n  cd {directory}\n  arco run\n  arco dev")


__all__ = ["command"]
