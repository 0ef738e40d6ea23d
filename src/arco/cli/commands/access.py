"""`arco access`: who holds what, and why somebody may or may not."""

from __future__ import annotations

from pathlib import Path

import click

from arco.access.decisions import Decision
from arco.cli.asking import PRIVILEGE, answered, on_option, wish_of
from arco.cli.options import directory_option, json_option
from arco.cli.session import run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.service.granting import GrantLine, explained, grants_of, grants_on

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
@directory_option
@json_option
def list_grants(on: str, of: str, directory: Path | None, as_json: bool) -> None:
    """List what is held on an object, or what a principal holds."""
    if bool(on) == bool(of):
        raise click.UsageError("give --on or --of")
    if on:
        lines = run_to_end(
            answered(directory, lambda state, caller: grants_on(state, caller, on=on))
        )
    else:
        lines = run_to_end(
            answered(directory, lambda state, caller: grants_of(state, caller, principal=of))
        )
    _tell(lines, as_json=as_json)


@command.command("explain", epilog="Example: arco access explain user:ann run --on workspace")
@click.argument("principal")
@click.argument("privilege", type=PRIVILEGE)
@on_option
@directory_option
@json_option
def explain(principal: str, privilege: str, on: str, directory: Path | None, as_json: bool) -> None:
    """Say whether PRINCIPAL may do what PRIVILEGE allows, and which grant says so."""
    wish = wish_of(privilege, on, principal=principal)
    decision = run_to_end(
        answered(directory, lambda state, caller: explained(state, caller, wish=wish))
    )
    if as_json:
        print_json(decision)
    else:
        click.echo(sentence(decision))


def sentence(decision: Decision) -> str:
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


__all__ = ["command", "explain", "list_grants", "sentence"]
