"""`arco catalog`: collections of namespaces, and many changes as one commit."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from arco.catalog.changes import CatalogChange, CreateCatalog
from arco.catalog.kinds import Kind
from arco.cli.creating import creation_options, said
from arco.cli.objects import add_shared_commands, carry_out, tell_changed
from arco.cli.options import json_option
from arco.cli.terminal import counted, print_json
from arco.cli.where import Where, where_option
from arco.errors import Invalid

EPILOG = """\b
Examples:
  arco catalog create lab --comment "Experiments."
  arco catalog apply changes.json
"""


@click.group("catalog", epilog=EPILOG)
def command() -> None:
    """Make, describe, move and drop catalogs, or apply many changes at once."""


@command.command("create", epilog="Example: arco catalog create lab --tag purpose=experiments")
@click.argument("name")
@creation_options
def create(name: str, where: Where, as_json: bool, **given: Any) -> None:
    """Make a catalog NAME."""
    change = CreateCatalog(name=name, **said(**given))
    tell_changed(carry_out((change,), where)[0], "created", as_json=as_json)


@command.command("apply", epilog="Example: arco catalog apply changes.json")
@click.argument("file", type=click.File("rb"))
@where_option
@json_option
def apply(file: Any, where: Where, as_json: bool) -> None:
    """Make every change that FILE lists, in one commit or not at all.

    FILE is a JSON list as `POST /api/v1/catalog/changes` takes it; `-` reads standard input.
    """
    try:
        changes: Any = msgspec.json.decode(file.read(), type=list[CatalogChange])
    except (msgspec.MsgspecError, ValueError) as error:
        raise Invalid(
            "CHANGES_INVALID",
            f"{file.name} lists no changes: {error}",
            hint='write [{"change": "create_namespace", "name": "sales"}, ...]',
        ) from error
    changed = carry_out(changes, where)
    if as_json:
        print_json(changed)
    else:
        click.echo(f"{counted(len(changed), 'change')} made in one commit")


add_shared_commands(command, Kind.CATALOG)

__all__ = ["apply", "command", "create"]
