"""`arco automate`: what runs by itself because its condition holds; on and off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from arco.cli.options import directory_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.telling_conditions import conditions_text, rehearsal_text
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.execution.deploying import compile_project
from arco.model import Decision
from arco.orchestration.commands.conditions import disable_condition, enable_condition
from arco.orchestration.ticking import RunScope
from arco.service.conditions import (
    ConditionDetail,
    ConditionSummary,
    condition_detail,
    conditions,
)
from arco.service.moments import time_of
from arco.service.rehearsing import Rehearsal, Tried, rehearse

ACTOR = "cli"
SINCE = "7d"
EPILOG = """\b
Examples:
  arco automate list
  arco automate disable mart.totals
  arco automate list --server prod     those of a server
  arco automate --dry-run --since 7d --with ../changed
"""


@click.group("automate", epilog=EPILOG, invoke_without_command=True)
@click.option("--dry-run", is_flag=True, help="Tell what definitions would have run.")
@click.option(
    "--since", default=SINCE, metavar="MOMENT", help="From when on: a time, or 90m, 2h, 7d ago."
)
@click.option(
    "--with",
    "definitions",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The project with the definitions to try. Default: this one.",
)
@directory_option
@json_option
@click.pass_context
def command(context: click.Context, /, *, dry_run: bool, **given: Any) -> None:
    """See what runs by itself when its condition holds, and switch it on and off.

    With --dry-run: what the conditions of a project would have run over the history on record, as
    it is written now, deployed or not. Nothing is written and nothing runs.
    """
    if context.invoked_subcommand is not None:
        return
    if not dry_run:
        raise click.UsageError("name a command, or --dry-run", context)
    rehearsed = run_to_end(
        _rehearse(given["directory"], given["definitions"], since=given["since"])
    )
    print_json(rehearsed) if given["as_json"] else click.echo(rehearsal_text(rehearsed))


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


async def _rehearse(directory: Path | None, definitions: Path | None, *, since: str) -> Rehearsal:
    async with reading(directory) as workspace:
        tried = await compile_project(definitions or workspace.settings.directory)
        scope = workspace.settings.scope
        return await rehearse(
            workspace.database,
            tried=Tried(
                manifest=tried.manifest,
                conditions=tried.conditions,
                freshness=tried.freshness,
            ),
            since=time_of(since, workspace.runtime.now()),
            scope=RunScope(scope.tenant, scope.workspace),
        )


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
