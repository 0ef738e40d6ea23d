"""`arco run`: deploy, trigger what is asked, follow it to its end."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from arco.cli.options import json_option
from arco.cli.remote import perform
from arco.cli.run_settings import FILE, SET_HELP, asked_settings
from arco.cli.running import (
    continue_left_behind,
    deploy_and_tell,
    on_stage,
    run_request,
)
from arco.cli.session import opened, run_to_end, settings_for
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.errors import Conflict
from arco.execution import leading
from arco.orchestration.states import RunState
from arco.service.summaries import RunDetail
from arco.wire.runs import TriggerRequest

EPILOG = """\b
Examples:
  arco run                                    whatever is missing or stale
  arco run marts.daily_delays --partition 2013-05
  arco run '+marts.*' --all                   with everything upstream, fresh or not
  arco run marts.daily_delays --partition 2013-05 --inline    stop at breakpoint()
  arco run raw.orders --set source.pages=3    with a setting for this run alone
  arco run --server https://arco.example      what is stale there
"""


@click.command("run", epilog=EPILOG)
@click.argument("selection", nargs=-1)
@click.option("--partition", default="", help="Only these partitions: 2013-05, 2013-01..2013-06.")
@click.option("--all", "every", is_flag=True, help="Every partition, also the fresh ones.")
@click.option("--priority", default=0, help="Where runs have to wait, higher goes first.")
@click.option("--no-deploy", is_flag=True, help="Run what is deployed, not what the files say.")
@click.option("--run-key", default="", help="A name that makes this run happen once.")
@click.option("--set", "sets", multiple=True, metavar="NAME.FIELD=VALUE", help=SET_HELP)
@click.option("--settings", type=FILE, default=None, help="A TOML or JSON file of them.")
@click.option("--afresh", is_flag=True, help="Also what is memoized and unchanged.")
@click.option("--inline", is_flag=True, help="In this process, one by one: for a debugger.")
@where_option
@json_option
def command(
    selection: tuple[str, ...],
    partition: str,
    every: bool,
    priority: int,
    no_deploy: bool,
    run_key: str,
    sets: tuple[str, ...],
    settings: Path | None,
    afresh: bool,
    inline: bool,
    where: Where,
    as_json: bool,
) -> None:
    """Deploy, then run the selected assets and follow the run to its end.

    SELECTION is asset keys, globs (marts.*), tag:NAME or group:NAME; + in front adds everything
    upstream, + behind everything downstream. Without one, all assets. Without --partition or
    --all, every missing or stale partition runs. With --server nothing is deployed: what the
    server has deployed runs there.
    """
    if partition and every:
        raise click.UsageError("--partition and --all exclude each other")
    request = TriggerRequest(
        selection=selection,
        partition=partition,
        priority=priority,
        which="all" if every else "stale",
        run_key=run_key,
        settings=asked_settings(sets, settings),
        unchanged="perform" if afresh else "skip",
    )
    client = where.client()
    if client is not None and inline:
        raise click.UsageError("--inline runs here; leave --server out")
    if client is not None:
        detail = perform(client, request, as_json=as_json)
        sys.exit(_ended(detail, as_json=as_json))
    how = How(not no_deploy, leading.inline if inline else leading.apart, as_json)
    work = _run(request, where.directory, how=how)
    sys.exit(run_to_end(work))


class How(msgspec.Struct, frozen=True):
    """What a run here does besides running."""

    deploys: bool
    executing: leading.Executing
    as_json: bool


async def _run(request: TriggerRequest, directory: Path | None, *, how: How) -> int:
    settings = settings_for(directory)
    async with opened(settings) as workspace:
        if how.deploys:
            await deploy_and_tell(workspace, lambda text: click.echo(text, err=how.as_json))
        stage_of = on_stage(workspace, as_json=how.as_json, executing=how.executing)
        async with stage_of as stage:
            if how.executing is leading.inline and not stage.follower.leads:
                raise Conflict(
                    "INLINE_NOT_LEADING",
                    "another process leads this workspace, and would perform the tasks",
                    hint="stop `arco dev` or `arco serve` first, or run without --inline",
                )
            await continue_left_behind(stage)
            detail = await run_request(stage, request)
    return _ended(detail, as_json=how.as_json)


def _ended(detail: RunDetail | None, *, as_json: bool) -> int:
    if as_json:
        print_json(detail or {"fresh": True})
    return 0 if detail is None or detail.run.state is RunState.SUCCEEDED else 1


__all__ = ["How", "command"]
