"""`arco status`: assets and newest runs, or one run with its tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from arco.cli.options import json_option
from arco.cli.reasons import stale_text
from arco.cli.session import reading, run_to_end
from arco.cli.telling import ending, with_settings
from arco.cli.terminal import moment, print_json, seconds, table
from arco.cli.where import Where, where_option
from arco.service.assets import AssetStatus
from arco.service.overview import overview_of
from arco.service.stale import StaleList, stale_list
from arco.service.summaries import (
    Overview,
    RunDetail,
    RunSummary,
    TaskSummary,
    run_detail,
)

LAG_SHOWN_SECONDS = 2.0
ASSET_HEADINGS = ("asset", "fresh", "rows", "version", "made at", "group", "tags")
RUN_HEADINGS = ("run", "state", "tasks", "triggered at", "took", "selection")
TASK_HEADINGS = ("asset", "partition", "state", "attempt", "rows", "took")
EPILOG = """\b
Examples:
  arco status
  arco status --stale                    what is stale, and why
  arco status 5T1V                       the run whose id ends so
  arco status --server http://127.0.0.1:8321
  arco status --json | jq '.assets[] | select(.stale > 0) | .key'
"""


@click.command("status", epilog=EPILOG)
@click.argument("run", default="")
@click.option("--stale", is_flag=True, help="What is stale, each with its root cause.")
@where_option
@json_option
def command(run: str, stale: bool, where: Where, as_json: bool) -> None:
    """Show the assets with what is stale, and the newest runs; or the tasks of one RUN."""
    client = where.client()
    if stale:
        if run:
            raise click.UsageError("--stale is about assets: leave RUN out")
        found = client.assets.stale() if client else run_to_end(_stale(where.directory))
        print_json(found) if as_json else click.echo(stale_text(found.groups))
        return
    if run:
        detail = client.runs.get(run) if client else run_to_end(_run(run, where.directory))
        print_json(detail) if as_json else click.echo(run_text(detail))
        return
    overview = client.overview() if client else run_to_end(_overview(where.directory))
    print_json(overview) if as_json else click.echo(overview_text(overview))


async def _run(run: str, directory: Path | None) -> RunDetail:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: run_detail(state, run))


async def _stale(directory: Path | None) -> StaleList:
    async with reading(directory) as workspace:
        now = workspace.runtime.now()
        return await workspace.database.asked(lambda state: stale_list(state, now))


async def _overview(directory: Path | None) -> Overview:
    async with reading(directory) as workspace:
        return await overview_of(workspace)


def overview_text(overview: Overview) -> str:
    """The overview for a person."""
    leads = f", led by {overview.led_by}" if overview.led_by else ", nobody leads"
    where = f" at {overview.address}" if overview.address else ""
    parts = [f"slot {overview.seq:,}{leads}{where}{_behind(overview.facts_lag_seconds)}"]
    if overview.assets:
        parts.append(table(ASSET_HEADINGS, [_asset_cells(asset) for asset in overview.assets]))
    else:
        parts.append("no assets yet: `arco deploy` makes your definitions known")
    if overview.runs:
        parts.append(table(RUN_HEADINGS, [run_cells(run) for run in overview.runs]))
    else:
        parts.append("no runs yet: `arco run` makes what is missing")
    return "\n\n".join(parts)


def _behind(lag_seconds: float | None) -> str:
    """Nothing while facts are visible as they come."""
    if lag_seconds is None:
        return "; how far facts lag is unknown"
    return f"; facts lag {seconds(lag_seconds)}" if lag_seconds >= LAG_SHOWN_SECONDS else ""


def run_text(detail: RunDetail) -> str:
    """One run with its tasks for a person."""
    rows = [
        (task.asset, task.partition, _task_state(task), task.attempt, task.rows, took)
        for task in detail.tasks
        for took in (seconds(task.seconds),)
    ]
    again = f"\nit runs run {detail.run.parent} again" if detail.run.parent else ""
    own = with_settings(detail.run).removeprefix(", ")
    told = f"\nit runs {own}" if own else ""
    return f"{table(TASK_HEADINGS, rows)}\n\n{ending(detail)}{again}{told}"


def _task_state(task: TaskSummary) -> str:
    if task.memoized_from:
        return "unchanged"
    made = f"made by task {task.made_by}" if task.made_by is not None else task.state.lower()
    return "taken over" if task.adopted_from else made


def _asset_cells(asset: AssetStatus) -> tuple[Any, ...]:
    fresh = None if asset.stale is None else f"{asset.partitions - asset.stale:,}"
    return (
        asset.key,
        f"{'?' if fresh is None else fresh}/{asset.partitions:,}",
        asset.rows,
        asset.version,
        moment(asset.materialized_at),
        asset.group,
        ",".join(f"{name}={value}" if value else name for name, value in asset.tags.items()),
    )


def run_cells(run: RunSummary) -> tuple[Any, ...]:
    """One line about a run."""
    ended = run.succeeded + run.failed + run.skipped + run.cancelled
    return (
        run.run_id,
        _state_words(run),
        f"{ended:,}/{run.total:,}",
        moment(run.triggered_at),
        seconds(run.seconds),
        " ".join([*run.selection, run.partition]).strip() or "everything",
    )


def _state_words(run: RunSummary) -> str:
    if run.cancel_requested and not run.ended_at:
        return "cancelling"
    return f"queued: {', '.join(run.queued_for)}" if run.queued_for else run.state.lower()


__all__ = [
    "RUN_HEADINGS",
    "Overview",
    "command",
    "overview_of",
    "overview_text",
    "run_cells",
    "run_text",
]
