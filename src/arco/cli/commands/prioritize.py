"""`arco prioritize`: let a run go before others that wait."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.orchestration.commands.run_limits import prioritize_run
from arco.service.summaries import RunSummary, find_run, run_standing

EPILOG = """\b
Examples:
  arco prioritize 5T1V 10     before every run of a lower priority
  arco prioritize 5T1V -1     behind all others
"""


@click.command("prioritize", epilog=EPILOG, context_settings={"ignore_unknown_options": True})
@click.argument("run")
@click.argument("priority", type=int)
@where_option
@json_option
def command(run: str, priority: int, where: Where, as_json: bool) -> None:
    """Let RUN go first where runs have to wait: higher PRIORITY first, 0 is what every run has."""
    client = where.client()
    if client:
        found = client.runs.prioritize(run, priority)
    else:
        found = run_to_end(_prioritized(where.directory, run, priority=priority))
    if as_json:
        print_json(found)
    else:
        waits = "; it waits in the queue" if found.queued_for else ""
        click.echo(f"run {found.run_id} has priority {priority}{waits}")


async def _prioritized(directory: Path | None, run: str, *, priority: int) -> RunSummary:
    async with reading(directory) as workspace:
        database = workspace.database
        run_id = await database.asked(lambda state: find_run(state, run).run_id)
        await database.transact(prioritize_run(run_id, priority, actor="cli"))
        return await database.asked(lambda state: run_standing(state, find_run(state, run_id)))


__all__ = ["command"]
