"""`arco revoke`: take a privilege from whom it was given to."""

from __future__ import annotations

import click

from arco.cli.asking import PRIVILEGE, on_option, wish_of, wished
from arco.cli.where import Where, where_option
from arco.service.granting import revoking

EPILOG = "Example: arco revoke select --on table:sales.orders --from group:analysts"


@click.command("revoke", epilog=EPILOG)
@click.argument("privilege", type=PRIVILEGE)
@on_option
@click.option("--from", "principal", required=True, metavar="PRINCIPAL", help="Who has it.")
@where_option
def command(privilege: str, on: str, principal: str, where: Where) -> None:
    """Take PRIVILEGE on an object from a principal."""
    client, wish = where.client(), wish_of(privilege, on, principal=principal)
    if client:
        client.access.take(privilege, on, principal=principal)
    else:
        wished(where, wish, deciding=revoking)
    click.echo(f"{principal} has {privilege.upper()} on {on} no more")


__all__ = ["command"]
