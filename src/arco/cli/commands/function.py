"""`arco function`: functions under a name, with a body per dialect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from arco.catalog.changes import CreateFunction
from arco.catalog.events import Parameter
from arco.catalog.kinds import Kind
from arco.cli.commands.table import column_of
from arco.cli.creating import creation_options, said, text_of
from arco.cli.objects import add_shared_commands, carry_out, tell_changed
from arco.cli.where import Where

EXAMPLE = (
    'arco function create sales.net --parameter "gross double" --returns double --sql "gross / 1.2"'
)


@click.group("function", epilog=f"Example: {EXAMPLE}")
def command() -> None:
    """Make, describe, move and drop functions."""


@command.command("create", epilog=f"Example: {EXAMPLE}")
@click.argument("name")
@click.option("--parameter", "parameters", multiple=True, metavar="'NAME TYPE'", help="One.")
@click.option("--returns", required=True, help="The type of its result.")
@click.option("--sql", default="", help="The body.")
@click.option("--file", type=click.Path(path_type=Path, exists=True), help="Where it stands.")
@click.option("--dialect", default="duckdb", help="In which dialect. Default: duckdb.")
@creation_options
def create(
    name: str,
    parameters: tuple[str, ...],
    returns: str,
    sql: str,
    file: Path | None,
    dialect: str,
    where: Where,
    as_json: bool,
    **given: Any,
) -> None:
    """Make a function NAME."""
    declared = [column_of(text) for text in parameters]
    change = CreateFunction(
        name=name,
        parameters=tuple(Parameter(each.name, each.type) for each in declared),
        returns=returns,
        texts={dialect: text_of(sql, file)},
        **said(**given),
    )
    tell_changed(carry_out((change,), where)[0], "created", as_json=as_json)


add_shared_commands(command, Kind.FUNCTION)

__all__ = ["command", "create"]
