"""`arco key`: API keys, whose secrets are shown once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from arco.access.keys import NewKey, create_key, revoke_key, rotate_key
from arco.access.privileges import Privilege
from arco.access.tables import KEYS
from arco.cli.asking import PRIVILEGE, answered, decided
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.cli.where import Where, where_option
from arco.service.granting import KeyLabel, KeyLine, fresh_key, key_line
from arco.wire.access import CreatedKey

ACTOR = "cli"
HEADINGS = ("key", "principal", "name", "scopes", "expires at", "state")
DAYS = click.FloatRange(0, 3_660)
EPILOG = """\b
Examples:
  arco key create service:loader --name nightly --days 30
  arco key create user:ann --scope select --scope run
  arco key rotate 0123456789abcdef --overlap-hours 2
"""
days_option = click.option("--days", type=DAYS, default=90.0, help="When it expires; 0: never.")


@click.group("key", epilog=EPILOG)
def command() -> None:
    """Make, replace and revoke the keys that open the API."""


@command.command("create", epilog="Example: arco key create service:loader --days 30")
@click.argument("principal")
@click.option("--name", default="", help="What it is for.")
@click.option("--scope", "scopes", multiple=True, type=PRIVILEGE, help="The most it may do.")
@days_option
@where_option
@json_option
def create(
    principal: str,
    name: str,
    scopes: tuple[str, ...],
    days: float,
    where: Where,
    as_json: bool,
) -> None:
    """Make a key for PRINCIPAL, a user or a service account, and show it this once."""
    privileges = tuple(Privilege(each.upper()) for each in scopes)
    client, label = where.client(), KeyLabel(name=name, scopes=privileges)
    made = (
        client.access.create_key(principal=principal, name=name, scopes=privileges, days=days)
        if client
        else _told(run_to_end(_create(where.directory, principal, label=label, days=days)))
    )
    _show(made, as_json=as_json)


@command.command("rotate", epilog="Example: arco key rotate 0123456789abcdef")
@click.argument("key_id")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(0, 2_160),
    default=24.0,
    help="How long both open the API. Default: 24.",
)
@days_option
@where_option
@json_option
def rotate(key_id: str, overlap_hours: float, days: float, where: Where, as_json: bool) -> None:
    """Make a key like KEY_ID, which opens the API until the overlap has passed."""
    client, overlap = where.client(), timedelta(hours=overlap_hours)
    made = (
        client.access.rotate_key(key_id, overlap_hours=overlap_hours, days=days)
        if client
        else _told(run_to_end(_rotate(where.directory, key_id, overlap=overlap, days=days)))
    )
    _show(made, as_json=as_json)


@command.command("revoke", epilog="Example: arco key revoke 0123456789abcdef")
@click.argument("key_id")
@where_option
def revoke(key_id: str, where: Where) -> None:
    """Let KEY_ID open nothing any more, at once."""
    client = where.client()
    changed = (
        client.access.revoke_key(key_id) if client else decided(where, revoke_key(key_id, ACTOR))
    )
    click.echo(f"key {key_id} {'is' if changed else 'was'} revoked")


@command.command("list", epilog="Example: arco key list --json")
@where_option
@json_option
def list_keys(where: Where, as_json: bool) -> None:
    """List the keys, without what could open anything."""
    client = where.client()
    keys = (
        list(client.access.known_keys())
        if client
        else answered(where, lambda state, caller: [key_line(row) for row in state.range(KEYS)])
    )
    if as_json:
        print_json(keys)
    elif keys:
        click.echo(table(HEADINGS, [_cells(key) for key in keys]))
    else:
        click.echo("no keys: `arco key create PRINCIPAL` makes one")


async def _create(
    directory: Path | None, principal: str, *, label: KeyLabel, days: float
) -> NewKey:
    async with reading(directory) as workspace:
        made = fresh_key(workspace.runtime, principal, label=label, days=days, actor=ACTOR)
        await workspace.database.transact(create_key(made))
        return made


async def _rotate(
    directory: Path | None, key_id: str, *, overlap: timedelta, days: float
) -> NewKey:
    async with reading(directory) as workspace:
        made = fresh_key(workspace.runtime, "", label=KeyLabel(), days=days, actor=ACTOR)
        await workspace.database.transact(rotate_key(key_id, made, overlap=overlap))
        return made


def _told(made: NewKey) -> CreatedKey:
    return CreatedKey(key=made.text, key_id=made.key_id, expires_at=made.expires_at)


def _show(made: CreatedKey, *, as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    click.echo(made.key)
    click.echo("  keep it now: it is stored nowhere", err=True)


def _cells(key: KeyLine) -> tuple[object, ...]:
    scopes = ", ".join(key.scopes) or "all"
    state = "revoked" if key.revoked_at else "replaced" if key.replaced_by else "open"
    expires = moment(key.expires_at) or "never"
    return key.key_id, key.principal, key.name, scopes, expires, state


__all__ = ["command", "create", "list_keys", "revoke", "rotate"]
