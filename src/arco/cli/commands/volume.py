"""`arco volume`: folders of files that are no table."""

from __future__ import annotations

from typing import Any

import click

from arco.catalog.changes import CreateVolume
from arco.catalog.kinds import Kind
from arco.cli.creating import creation_options, said
from arco.cli.objects import add_shared_commands, carry_out, tell_changed
from arco.cli.where import Where


@click.group("volume", epilog="Example: arco volume create sales.invoices")
def command() -> None:
    """Make, register, describe, move and drop volumes."""


@command.command("create", epilog="Example: arco volume create sales.old --location s3://lake/pdf")
@click.argument("name")
@click.option("--location", default="", help="The folder, when it stands somewhere already.")
@creation_options
def create(name: str, location: str, where: Where, as_json: bool, **given: Any) -> None:
    """Make a volume NAME, or register the folder at --location."""
    change = CreateVolume(name=name, location=location, **said(**given))
    tell_changed(carry_out((change,), where)[0], "created", as_json=as_json)


add_shared_commands(command, Kind.VOLUME)

__all__ = ["command", "create"]
