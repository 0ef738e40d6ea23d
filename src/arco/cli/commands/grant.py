"""`arco grant`: give a principal a privilege on an object."""

from __future__ import annotations

import click

from arco.cli.asking import PRIVILEGE, on_option, wish_of, wished
from arco.cli.where import Where, where_option
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
@where_option
def command(privilege: str, on: str, to: str, where: Where) -> None:
    """Give PRIVILEGE on an object, and on everything in it, to a principal."""
    client, wish = where.client(), wish_of(privilege, on, principal=to)
    changed = (
        client.access.give(privilege, on, to=to)
        if client
        else wished(where, wish, deciding=granting)
    )
    click.echo(f"{to} {'now has' if changed else 'had'} {privilege.upper()} on {on}")


__all__ = ["command"]
