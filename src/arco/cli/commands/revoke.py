"""`arco revoke`: take a privilege from whom it was given to."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.asking import PRIVILEGE, on_option, wish_of, wished
from arco.cli.options import directory_option
from arco.cli.session import run_to_end
from arco.service.granting import revoking

EPILOG = "Example: arco revoke select --on table:sales.orders --from group:analysts"


@click.command("revoke", epilog=EPILOG)
@click.argument("privilege", type=PRIVILEGE)
@on_option
@click.option("--from", "principal", required=True, metavar="PRINCIPAL", help="Who has it.")
@directory_option
def command(privilege: str, on: str, principal: str, directory: Path | None) -> None:
    """Take PRIVILEGE on an object from a principal."""
    wish = wish_of(privilege, on, principal=principal)
    run_to_end(wished(directory, revoking, wish=wish))
    click.echo(f"{principal} has {privilege.upper()} on {on} no more")


__all__ = ["command"]
