"""`arco principal`: users, groups and service accounts."""

from __future__ import annotations

from pathlib import Path

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
from arco.access.tables import MEMBERSHIPS, PRINCIPALS
from arco.cli.asking import answered, decided
from arco.cli.options import directory_option, json_option
from arco.cli.session import run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.model import State

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
@directory_option
def add(principal: str, description: str, directory: Path | None) -> None:
    """Let PRINCIPAL be granted privileges; user:NAME, group:NAME or service:NAME."""
    wanted = AddPrincipal(principal=principal, description=description, actor=ACTOR)
    changed = run_to_end(decided(directory, add_principal(wanted)))
    click.echo(f"{principal} {'added' if changed else 'is there already'}")


@command.command("list", epilog="Example: arco principal list --json")
@directory_option
@json_option
def list_principals(directory: Path | None, as_json: bool) -> None:
    """List the principals."""
    rows = run_to_end(answered(directory, lambda state, caller: told(state)))
    if as_json:
        print_json(rows)
    elif rows:
        click.echo(table(HEADINGS, [tuple(row.values()) for row in rows]))
    else:
        click.echo("nobody is known by name: `arco principal add user:NAME`")


@command.command("join", epilog="Example: arco principal join user:ann group:analysts")
@click.argument("member")
@click.argument("group")
@directory_option
def join(member: str, group: str, directory: Path | None) -> None:
    """Put MEMBER into GROUP: what the group may do, it may do."""
    run_to_end(decided(directory, add_member(_change(group, member))))
    click.echo(f"{member} is in {group}")


@command.command("leave", epilog="Example: arco principal leave user:ann group:analysts")
@click.argument("member")
@click.argument("group")
@directory_option
def leave(member: str, group: str, directory: Path | None) -> None:
    """Take MEMBER out of GROUP."""
    run_to_end(decided(directory, remove_member(_change(group, member))))
    click.echo(f"{member} is not in {group} any more")


@command.command("disable", epilog="Example: arco principal disable user:ann")
@click.argument("principal")
@directory_option
def disable(principal: str, directory: Path | None) -> None:
    """Refuse whoever comes as PRINCIPAL, by key or by token."""
    run_to_end(decided(directory, disable_principal(principal, ACTOR)))
    click.echo(f"{principal} is refused")


@command.command("enable", epilog="Example: arco principal enable user:ann")
@click.argument("principal")
@directory_option
def enable(principal: str, directory: Path | None) -> None:
    """Let PRINCIPAL in again."""
    run_to_end(decided(directory, enable_principal(principal, ACTOR)))
    click.echo(f"{principal} is let in")


@command.command("remove", epilog="Example: arco principal remove user:ann")
@click.argument("principal")
@directory_option
def remove(principal: str, directory: Path | None) -> None:
    """Remove PRINCIPAL with its grants, memberships and keys."""
    run_to_end(decided(directory, remove_principal(principal, ACTOR)))
    click.echo(f"removed {principal}")


def told(state: State) -> list[dict[str, object]]:
    """The principals as the command tells them."""
    return [
        {
            "principal": row.principal,
            "groups": ", ".join(each.group for each in state.range(MEMBERSHIPS, row.principal)),
            "disabled": row.disabled,
            "added_at": moment(row.added_at),
            "description": row.description,
        }
        for row in state.range(PRINCIPALS)
    ]


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
    "told",
]
