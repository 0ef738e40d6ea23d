"""`arco why`: what a run or a task waits for, or why an asset is stale."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.options import json_option
from arco.cli.reasons import asset_text, run_text
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.service.stale import AssetStory, asset_story
from arco.service.stories import RunExplanation, explain_run

EPILOG = """\b
Examples:
  arco why mart.totals                  why it is stale, up to the root cause
  arco why 'mart.totals[2024-01]'       one partition
  arco why 5T1V                         what the run whose id ends so waits for
  arco why 5T1V --task mart.totals      what a task of it waits for
"""


@click.command("why", epilog=EPILOG)
@click.argument("subject")
@click.option("--task", default="", help="A task of the run: an asset, asset[partition], a number.")
@where_option
@json_option
def command(subject: str, task: str, where: Where, as_json: bool) -> None:
    """Say why SUBJECT, an asset or a run, is not done: the root cause, the queue, a retry, ..."""
    if task or not _is_asset(subject):
        _tell_run(subject, task, where=where, as_json=as_json)
    else:
        _tell_asset(subject, where=where, as_json=as_json)


def _tell_run(run: str, task: str, *, where: Where, as_json: bool) -> None:
    client = where.client()
    if client is not None:
        told = client.runs.why(run, task=task)
    else:
        told = run_to_end(_run(run, task, directory=where.directory))
    print_json(told) if as_json else click.echo(run_text(told))


def _tell_asset(subject: str, *, where: Where, as_json: bool) -> None:
    asset, _, rest = subject.partition("[")
    partition = rest.removesuffix("]")
    client = where.client()
    if client is not None:
        told = client.assets.why(asset, partition=partition)
    else:
        told = run_to_end(_asset(asset, partition, directory=where.directory))
    print_json(told) if as_json else click.echo(asset_text(told))


def _is_asset(subject: str) -> bool:
    """An asset key has a dot, a run id has none."""
    return "." in subject


async def _run(run: str, task: str, *, directory: Path | None) -> RunExplanation:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: explain_run(state, run, task=task))


async def _asset(asset: str, partition: str, *, directory: Path | None) -> AssetStory:
    async with reading(directory) as workspace:
        now = workspace.runtime.now()
        return await workspace.database.asked(
            lambda state: asset_story(state, now, asset=asset, partition=partition)
        )


__all__ = ["command"]
