"""`arco runs`: the newest runs."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

from arco.cli.commands.status import RUN_HEADINGS, run_cells
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import print_json, table
from arco.cli.where import Where, where_option
from arco.orchestration.states import RunState
from arco.service.summaries import RunSummary, newest_runs

LIMIT = 20
LIMIT_MAX = 10_000
STATES = [state.lower() for state in RunState]
EPILOG = """\b
Examples:
  arco runs
  arco runs --state failed --limit 100
  arco runs --json | jq '.[].run_id'
"""


@click.command("runs", epilog=EPILOG)
@click.option("--state", type=click.Choice(STATES), default=None, help="Only runs in this state.")
@click.option(
    "--limit",
    type=click.IntRange(1, LIMIT_MAX),
    default=LIMIT,
    show_default=True,
    help="How many at most.",
)
@where_option
@json_option
def command(state: str | None, limit: int, where: Where, as_json: bool) -> None:
    """List the newest runs, newest first."""
    client = where.client()
    only = RunState(state.upper()) if state else None
    if client is not None:
        found = list(islice(client.runs.list(state=only or ""), limit))
    else:
        found = run_to_end(_runs(where.directory, limit, only=only))
    if as_json:
        print_json(found)
    else:
        click.echo(table(RUN_HEADINGS, [run_cells(run) for run in found]) if found else "no runs")


async def _runs(directory: Path | None, limit: int, *, only: RunState | None) -> list[RunSummary]:
    async with reading(directory) as workspace:
        rows = await workspace.database.asked(
            lambda state: newest_runs(state, LIMIT_MAX if only else limit)
        )
        return [row for row in rows if only in (None, row.state)][:limit]


__all__ = ["command"]
