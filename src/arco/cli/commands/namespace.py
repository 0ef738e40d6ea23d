"""`arco namespace`: where tables, views, volumes and functions stand."""

from __future__ import annotations

from typing import Any

import click

from arco.catalog.changes import CreateNamespace
from arco.catalog.kinds import Kind
from arco.cli.creating import creation_options, said
from arco.cli.objects import add_shared_commands, carry_out, tell_changed
from arco.cli.where import Where


@click.group("namespace", epilog="Example: arco namespace create sales.eu")
def command() -> None:
    """Make, describe, move and drop namespaces, which may stand in each other."""


@command.command("create", epilog='Example: arco namespace create sales.eu --comment "Europe."')
@click.argument("name")
@creation_options
def create(name: str, where: Where, as_json: bool, **given: Any) -> None:
    """Make a namespace NAME; what it stands in exists already."""
    change = CreateNamespace(name=name, **said(**given))
    tell_changed(carry_out((change,), where)[0], "created", as_json=as_json)


add_shared_commands(command, Kind.NAMESPACE)

__all__ = ["command", "create"]
