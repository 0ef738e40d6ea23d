"""`arco demo`: the flights example, deployed, run and served on the same path as any project."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from arco.cli.example import bring_example
from arco.cli.options import port_option
from arco.cli.running import (
    Stage,
    continue_left_behind,
    deploy_and_tell,
    on_stage,
    run_request,
)
from arco.cli.serving import leader_address, serve_workspace
from arco.cli.session import opened, run_to_end, settings_for, where_option
from arco.cli.terminal import program, table
from arco.orchestration.states import RunState
from arco.service.summaries import list_tables
from arco.service.workspace import Workspace
from arco.wire.runs import TriggerRequest

FOLDER = Path("arco-demo")
QUERIES = (
    "select airline, flights, on_time_share from marts.carrier_scorecard order by 3 desc limit 5",
    "select month(flight_date) as month, sum(cancelled) as cancelled from marts.daily_delays "
    "group by 1 order by 1",
    "select asset, count(*) as tasks, sum(rows) as rows from system.orchestration.tasks "
    "group by all order by rows desc",
)
EPILOG = """\b
Examples:
  arco demo
  arco demo --dir flights --port 0
  arco demo --no-serve
"""


@click.command("demo", epilog=EPILOG)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    help="Where the example goes. Default: ./arco-demo.",
)
@port_option
@click.option("--no-serve", is_flag=True, help="End when everything is made.")
def command(directory: Path, port: int | None, no_serve: bool) -> None:
    """Turn 336,776 real flights into a small lakehouse with lineage, then serve it.

    Twelve assets over three layers. A second run makes only what is missing or stale; one that was
    interrupted is continued.
    """
    work = _demo(directory, port, serves=not no_serve)
    sys.exit(run_to_end(work))


async def _demo(directory: Path, port: int | None, *, serves: bool) -> int:
    if bring_example(directory):
        click.echo(f"the example project is in {directory}: read it, change it")
    settings = settings_for(directory, port=port)
    async with opened(settings) as workspace:
        await deploy_and_tell(workspace, click.echo)
        async with on_stage(workspace, again="arco demo") as stage:
            await continue_left_behind(stage)
            detail = await run_request(stage, TriggerRequest())
            if detail is not None and detail.run.state is not RunState.SUCCEEDED:
                return 1
            click.echo(await _what_exists(workspace))
            if serves:
                await _serve(stage)
    return 0


async def _what_exists(workspace: Workspace) -> str:
    tables = await workspace.database.asked(list_tables)
    rows = [(row.full_name, row.rows, row.description.partition("\n")[0]) for row in tables]
    where = where_option(workspace.settings)
    tries = [f'  {program()} sql{where} "{query}"' for query in QUERIES]
    more = f"  {program()} lineage marts.route_stats{where}"
    return "\n".join(
        ["", table(("table", "rows", "what it is"), rows), "", "try:", *tries, more, ""]
    )


async def _serve(stage: Stage) -> None:
    """Serve until interrupted, or say where another process does."""
    workspace = stage.workspace
    if not stage.follower.leads:
        address = await leader_address(workspace)
        click.echo(f"served on {address}" if address else "another process leads this project")
        return

    def ready(address: str) -> None:
        click.echo(f"serving on {address}; Ctrl-C stops")

    try:
        await serve_workspace(workspace, stage.follower, ready=ready)
    except asyncio.CancelledError:
        click.echo("\nstopped; everything is stored")


__all__ = ["command"]
