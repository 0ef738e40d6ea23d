"""`arco view`: queries under a name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from arco.catalog.changes import CreateView
from arco.catalog.kinds import Kind
from arco.cli.creating import creation_options, said, text_of
from arco.cli.objects import add_shared_commands, carry_out, tell_changed
from arco.cli.where import Where


@click.group("view", epilog='Example: arco view create sales.big --sql "from sales.orders"')
def command() -> None:
    """Make, describe, move and drop views."""


@command.command("create", epilog="Example: arco view create sales.big --file big.sql")
@click.argument("name")
@click.option("--sql", default="", help="The query.")
@click.option("--file", type=click.Path(path_type=Path, exists=True), help="Where it stands.")
@click.option("--dialect", default="duckdb", help="In which dialect. Default: duckdb.")
@creation_options
def create(
    name: str,
    sql: str,
    file: Path | None,
    dialect: str,
    where: Where,
    as_json: bool,
    **given: Any,
) -> None:
    """Make a view NAME."""
    change = CreateView(name=name, texts={dialect: text_of(sql, file)}, **said(**given))
    tell_changed(carry_out((change,), where)[0], "created", as_json=as_json)


add_shared_commands(command, Kind.VIEW)

__all__ = ["command", "create"]
