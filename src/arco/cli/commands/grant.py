"""`arco grant`: give a principal a privilege on an object."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.asking import PRIVILEGE, on_option, wish_of, wished
from arco.cli.options import directory_option
from arco.cli.session import run_to_end
from arco.service.granting import granting

EPILOG = """\b
Examples:
  arco grant select --on table:sales.orders --to group:analysts
  arco grant browse --on namespace:sales --to group:everyone
  arco grant own --on workspace --to user:ann
"""


@click.command("grant", epilog=EPILOG)
@click.argument("privilege", type=PRIVILEGE)
@on_option
@click.option("--to", required=True, metavar="PRINCIPAL", help="Such as group:analysts.")
@directory_option
def command(privilege: str, on: str, to: str, directory: Path | None) -> None:
    """Give PRIVILEGE on an object, and on everything in it, to a principal."""
    changed = run_to_end(wished(directory, granting, wish=wish_of(privilege, on, principal=to)))
    click.echo(f"{to} {'now has' if changed else 'had'} {privilege.upper()} on {on}")


__all__ = ["command"]
