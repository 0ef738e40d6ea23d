"""`arco principal`: users, groups and service accounts."""

from __future__ import annotations

import click

from arco.access.commands import (
    AddPrincipal,
    ChangeMember,
    add_member,
    add_principal,
    disable_principal,
    enable_principal,
    remove_member,
    remove_principal,
)
from arco.cli.asking import answered, decided
from arco.cli.options import json_option
from arco.cli.terminal import moment, print_json, table
from arco.cli.where import Where, where_option
from arco.service.granting import PrincipalLine, principals_behind

ACTOR = "cli"
HEADINGS = ("principal", "groups", "disabled", "added at", "description")
EPILOG = """\b
Examples:
  arco principal add group:analysts
  arco principal add user:ann --description "Ann, data team"
  arco principal join user:ann group:analysts
"""


@click.group("principal", epilog=EPILOG)
def command() -> None:
    """Say who there is: users, groups and service accounts."""


@command.command("add", epilog="Example: arco principal add service:loader")
@click.argument("principal")
@click.option("--description", default="", help="Who that is.")
@where_option
def add(principal: str, description: str, where: Where) -> None:
    """Let PRINCIPAL be granted privileges; user:NAME, group:NAME or service:NAME."""
    wanted = AddPrincipal(principal=principal, description=description, actor=ACTOR)
    client = where.client()
    changed = (
        client.access.add_principal(principal, description=description)
        if client
        else decided(where, add_principal(wanted))
    )
    click.echo(f"{principal} {'added' if changed else 'is there already'}")


@command.command("list", epilog="Example: arco principal list --json")
@where_option
@json_option
def list_principals(where: Where, as_json: bool) -> None:
    """List the principals."""
    client = where.client()
    rows = (
        list(client.access.principals())
        if client
        else answered(where, lambda state, caller: list(principals_behind(state)))
    )
    if as_json:
        print_json(rows)
    elif rows:
        click.echo(table(HEADINGS, [_cells(row) for row in rows]))
    else:
        click.echo("nobody is known by name: `arco principal add user:NAME`")


@command.command("join", epilog="Example: arco principal join user:ann group:analysts")
@click.argument("member")
@click.argument("group")
@where_option
def join(member: str, group: str, where: Where) -> None:
    """Put MEMBER into GROUP: what the group may do, it may do."""
    client = where.client()
    if client:
        client.access.add_member(member, group)
    else:
        decided(where, add_member(_change(group, member)))
    click.echo(f"{member} is in {group}")


@command.command("leave", epilog="Example: arco principal leave user:ann group:analysts")
@click.argument("member")
@click.argument("group")
@where_option
def leave(member: str, group: str, where: Where) -> None:
    """Take MEMBER out of GROUP."""
    client = where.client()
    if client:
        client.access.remove_member(member, group)
    else:
        decided(where, remove_member(_change(group, member)))
    click.echo(f"{member} is not in {group} any more")


@command.command("disable", epilog="Example: arco principal disable user:ann")
@click.argument("principal")
@where_option
def disable(principal: str, where: Where) -> None:
    """Refuse whoever comes as PRINCIPAL, by key or by token."""
    client = where.client()
    if client:
        client.access.disable_principal(principal)
    else:
        decided(where, disable_principal(principal, ACTOR))
    click.echo(f"{principal} is refused")


@command.command("enable", epilog="Example: arco principal enable user:ann")
@click.argument("principal")
@where_option
def enable(principal: str, where: Where) -> None:
    """Let PRINCIPAL in again."""
    client = where.client()
    if client:
        client.access.enable_principal(principal)
    else:
        decided(where, enable_principal(principal, ACTOR))
    click.echo(f"{principal} is let in")


@command.command("remove", epilog="Example: arco principal remove user:ann")
@click.argument("principal")
@where_option
def remove(principal: str, where: Where) -> None:
    """Remove PRINCIPAL with its grants, memberships and keys."""
    client = where.client()
    if client:
        client.access.remove_principal(principal)
    else:
        decided(where, remove_principal(principal, ACTOR))
    click.echo(f"removed {principal}")


def _cells(row: PrincipalLine) -> tuple[object, ...]:
    added = moment(row.added_at)
    return row.principal, ", ".join(row.groups), row.disabled, added, row.description


def _change(group: str, member: str) -> ChangeMember:
    return ChangeMember(group=group, member=member, actor=ACTOR)


__all__ = [
    "add",
    "command",
    "disable",
    "enable",
    "join",
    "leave",
    "list_principals",
    "remove",
]
