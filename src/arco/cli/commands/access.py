"""`arco access`: who holds what, and why somebody may or may not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from arco.access.decisions import Decision as Judgement
from arco.cli.asking import PRIVILEGE, answered, on_option, owner_of, wish_of
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.cli.where import Where, where_option
from arco.query.pool import QueryPool
from arco.query.trying import try_policy
from arco.service.granting import GrantLine, KeyedGrant, explained, grants_of, grants_on
from arco.service.policing import PolicyWish, freeing, policies_on, policing

HEADINGS = ("privilege", "on", "principal", "granted at", "granted by")
EPILOG = """\b
Examples:
  arco access list --on table:sales.orders
  arco access list --of group:analysts
  arco access explain user:ann select --on table:sales.orders
"""


@click.group("access", epilog=EPILOG)
def command() -> None:
    """See who holds what, and why somebody may or may not."""


@command.command("list", epilog="Example: arco access list --on workspace")
@click.option("--on", default="", metavar="OBJECT", help="What is held on it and above it.")
@click.option("--of", default="", metavar="PRINCIPAL", help="What it holds itself.")
@where_option
@json_option
def list_grants(on: str, of: str, where: Where, as_json: bool) -> None:
    """List what is held on an object, or what a principal holds."""
    if bool(on) == bool(of):
        raise click.UsageError("give --on or --of")
    client = where.client()
    if client:
        lines = list(client.access.grants(on=on, principal=of))
    elif on:
        lines = answered(where, lambda state, caller: _told(grants_on(state, caller, on=on)))
    else:
        lines = answered(where, lambda state, caller: _told(grants_of(state, caller, principal=of)))
    _tell(lines, as_json=as_json)


@command.command("explain", epilog="Example: arco access explain user:ann run --on workspace")
@click.argument("principal")
@click.argument("privilege", type=PRIVILEGE)
@on_option
@where_option
@json_option
def explain(principal: str, privilege: str, on: str, where: Where, as_json: bool) -> None:
    """Say whether PRINCIPAL may do what PRIVILEGE allows, and which grant says so."""
    client, wish = where.client(), wish_of(privilege, on, principal=principal)
    decision = (
        client.access.explain(privilege, on, principal=principal)
        if client
        else answered(where, lambda state, caller: explained(state, caller, wish=wish))
    )
    if as_json:
        print_json(decision)
    else:
        click.echo(sentence(decision))


@command.command("restrict", epilog="Example: arco access restrict 'id > 0' --on table:a.b")
@click.argument("expression")
@on_option
@click.option("--exempt", multiple=True, metavar="PRINCIPAL", help="For whom it does not count.")
@where_option
def restrict(expression: str, on: str, exempt: tuple[str, ...], where: Where) -> None:
    """Show readers only rows of a table for which EXPRESSION holds, or its value for a column."""
    client, wish = where.client(), PolicyWish(on=on, expression=expression, exempt=exempt)
    if client:
        client.access.restrict(expression, on, exempt=exempt)
    else:
        run_to_end(_restrict(where.directory, wish))
    click.echo(f"{on} is restricted for everyone who is not exempt")


@command.command("unrestrict", epilog="Example: arco access unrestrict --on table:sales.orders")
@on_option
@where_option
def unrestrict(on: str, where: Where) -> None:
    """Remove the filter of a table, or the mask of a column."""
    client = where.client()
    if client:
        client.access.unrestrict(on)
    else:
        run_to_end(_free(where.directory, PolicyWish(on=on)))
    click.echo(f"{on} is not restricted any more")


@command.command("restrictions", epilog="Example: arco access restrictions --on table:sales.orders")
@on_option
@where_option
@json_option
def restrictions(on: str, where: Where, as_json: bool) -> None:
    """List the filter of a table and the masks of its columns."""
    client = where.client()
    lines = (
        list(client.access.policies(on))
        if client
        else answered(where, lambda state, caller: list(policies_on(state, caller, on=on)))
    )
    if as_json:
        print_json(lines)
    elif lines:
        rows = [(each.column or "rows", each.expression, ", ".join(each.exempt)) for each in lines]
        click.echo(table(("what", "expression", "exempt"), rows))
    else:
        click.echo("nothing is restricted: `arco access restrict EXPRESSION --on OBJECT`")


def _told(grants: Iterable[KeyedGrant]) -> list[GrantLine]:
    """The grants without their keys."""
    return [line for _, line in grants]


async def _restrict(directory: Path | None, wish: PolicyWish) -> None:
    async with reading(directory) as workspace:
        caller = owner_of(workspace)
        queries = QueryPool(workspace.runtime, size=1)
        try:
            await try_policy(workspace, queries, wish=wish, caller=caller)
        finally:
            await queries.close()
        decision = policing(wish, caller=caller, authority=workspace.authority)
        await workspace.database.transact(decision)


async def _free(directory: Path | None, wish: PolicyWish) -> None:
    async with reading(directory) as workspace:
        decision = freeing(wish, caller=owner_of(workspace), authority=workspace.authority)
        await workspace.database.transact(decision)


def sentence(decision: Judgement) -> str:
    """The decision in words."""
    asked = f"{decision.privilege} {decision.securable}"
    if not decision.allowed:
        return f"no: nobody gave {decision.principal} or a group of it what {asked} takes"
    if not decision.held:
        return f"yes: {decision.principal} owns this machine's store"
    through = "" if decision.holder == decision.principal else f" through {decision.holder}"
    return f"yes: {decision.principal} holds {decision.held} on {decision.held_on}{through}"


def _tell(lines: list[GrantLine], *, as_json: bool) -> None:
    if as_json:
        print_json(lines)
    elif lines:
        click.echo(table(HEADINGS, [_cells(line) for line in lines]))
    else:
        click.echo("nothing is held: `arco grant PRIVILEGE --on OBJECT --to PRINCIPAL`")


def _cells(line: GrantLine) -> tuple[object, ...]:
    return line.privilege, line.on, line.principal, moment(line.granted_at), line.granted_by


__all__ = [
    "command",
    "explain",
    "list_grants",
    "restrict",
    "restrictions",
    "sentence",
    "unrestrict",
]
