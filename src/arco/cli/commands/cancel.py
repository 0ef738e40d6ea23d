"""`arco cancel`: stop a run."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli import remote
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.execution.following import Follower
from arco.orchestration.commands.runs import CancelRun, cancel_run
from arco.service.summaries import RunDetail, find_run, run_detail
from arco.service.workspace import Workspace

EPILOG = """\b
Examples:
  arco cancel 01K9Z6TWN3M8M2V9J6W1H5X0AB
  arco cancel X0AB                       the run whose id ends so
"""


@click.command("cancel", epilog=EPILOG)
@click.argument("run")
@where_option
@json_option
def command(run: str, where: Where, as_json: bool) -> None:
    """Stop RUN: nothing new begins, what runs is told to end, nothing of it is published."""
    client = where.client()
    detail = remote.cancelled(client, run) if client else run_to_end(_cancel(run, where.directory))
    if as_json:
        print_json(detail)
    else:
        click.echo(f"run {detail.run.run_id} {detail.run.state.lower()}")


async def _cancel(run: str, directory: Path | None) -> RunDetail:
    async with reading(directory) as workspace:
        return await cancelled(workspace, run)


async def cancelled(workspace: Workspace, run: str) -> RunDetail:
    """The run, once it has ended.

    Raises: what `find_run` and `cancel_run` raise.
    """
    database = workspace.database
    run_id = await database.asked(lambda state: find_run(state, run).run_id)
    await database.transact(cancel_run(CancelRun(run_id=run_id, actor="cli")))
    # A run that nobody leads any more has to be ended by somebody: by this process.
    follower = Follower(workspace, workspace.settings.directory)
    try:
        await follower.start()
        await follower.follow(run_id, lambda state: None)
    finally:
        await follower.stop()
    return await database.asked(lambda state: run_detail(state, run_id))


__all__ = ["cancelled", "command"]
