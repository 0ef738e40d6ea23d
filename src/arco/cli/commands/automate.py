"""`arco automate`: what runs by itself because its condition holds; on and off."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.telling_conditions import conditions_text
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.model import Decision
from arco.orchestration.commands.conditions import disable_condition, enable_condition
from arco.service.conditions import (
    ConditionDetail,
    ConditionSummary,
    condition_detail,
    conditions,
)

ACTOR = "cli"
EPILOG = """\b
Examples:
  arco automate list
  arco automate disable mart.totals
  arco automate list --server prod     those of a server
"""


@click.group("automate", epilog=EPILOG)
def command() -> None:
    """See what runs by itself when its condition holds, and switch it on and off."""


@command.command("list", epilog="Example: arco automate list --json")
@where_option
@json_option
def list_conditions(where: Where, as_json: bool) -> None:
    """List the conditions of the deployed assets."""
    client = where.client()
    found = list(client.conditions.list()) if client else run_to_end(_list(where.directory))
    if as_json:
        print_json(found)
    elif found:
        click.echo(conditions_text(found))
    else:
        click.echo("no asset has a condition; `@asset(condition=on_missing())` declares one")


@command.command("enable", epilog="Example: arco automate enable mart.totals")
@click.argument("asset")
@where_option
@json_option
def enable(asset: str, where: Where, as_json: bool) -> None:
    """Switch the condition of ASSET on: it is judged at once."""
    client, decision = where.client(), enable_condition(asset, actor=ACTOR)
    detail = (
        client.conditions.enable(asset) if client else _changed(where, asset, decision=decision)
    )
    _tell(detail, as_json=as_json)


@command.command("disable", epilog="Example: arco automate disable mart.totals")
@click.argument("asset")
@where_option
@json_option
def disable(asset: str, where: Where, as_json: bool) -> None:
    """Switch the condition of ASSET off: it starts nothing."""
    client, decision = where.client(), disable_condition(asset, actor=ACTOR)
    detail = (
        client.conditions.disable(asset) if client else _changed(where, asset, decision=decision)
    )
    _tell(detail, as_json=as_json)


async def _list(directory: Path | None) -> list[ConditionSummary]:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: list(conditions(state)))


def _changed(where: Where, asset: str, *, decision: Decision) -> ConditionDetail:
    return run_to_end(_committed(where.directory, asset, decision=decision))


async def _committed(directory: Path | None, asset: str, *, decision: Decision) -> ConditionDetail:
    async with reading(directory) as workspace:
        now = workspace.runtime.now()
        await workspace.database.transact(decision)
        return await workspace.database.asked(
            lambda state: condition_detail(state, now, asset=asset)
        )


def _tell(detail: ConditionDetail, *, as_json: bool) -> None:
    if as_json:
        print_json(detail)
        return
    row = detail.condition
    click.echo(f"the condition of {row.asset} is {'on' if row.enabled else 'off'}: {row.condition}")


__all__ = ["command", "disable", "enable", "list_conditions"]
