"""`arco backfill`: make partitions again, see how far that is, stop it, let it go on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TypeAlias, TypeVar

import click

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.session import where_option as where_of
from arco.cli.telling_backfills import (
    backfill_table,
    created_line,
    detail_text,
    standing_line,
)
from arco.cli.terminal import print_json
from arco.cli.where import Where, where_option
from arco.execution.following import Follower
from arco.ids import new_ulid
from arco.model import Decision, State
from arco.orchestration.backfills import ENDED, Backfill, BackfillState, RunsPer, Wanted
from arco.orchestration.commands.backfills import (
    CHUNK_SIZE,
    CONCURRENCY,
    CreateBackfill,
    cancel_backfill,
    create_backfill,
    find_backfill,
    pause_backfill,
    resume_backfill,
    retry_backfill,
    set_concurrency,
)
from arco.orchestration.controllers import BACKFILLING
from arco.service.backfills import BackfillDetail, backfill_detail, backfills, known_backfill
from arco.service.workspace import Workspace
from arco.wire.backfills import BackfillRequest

T = TypeVar("T")
Change: TypeAlias = Callable[[str], Decision]
ACTOR = "cli"
LISTED = 50
EPILOG = """\b
Examples:
  arco backfill create marts.daily --partition 2013-01..2013-06
  arco backfill create '+marts.*' --which missing --runs-per chunk --follow
  arco backfill list
  arco backfill show X0AB              the backfill whose id ends so
  arco backfill pause X0AB
  arco backfill set X0AB --max-runs 40
  arco backfill retry X0AB
"""
follow_option = click.option(
    "--follow", is_flag=True, help="Stay until it has ended; carry it out here if nobody else does."
)


@click.group("backfill", epilog=EPILOG)
def command() -> None:
    """Make partitions again, many at once, upstream ones first."""


@command.command("create", epilog="Example: arco backfill create raw.orders --partition 2013-01..")
@click.argument("selection", nargs=-1)
@click.option(
    "--partition", "partitions", multiple=True, help="Only these: 2013-05, 2013-01..2013-06."
)
@click.option(
    "--which",
    type=click.Choice(("all", "missing", "failed", "stale")),
    default="all",
    help="Of these only what is so when its turn comes.",
)
@click.option(
    "--runs-per",
    type=click.Choice(("partition", "chunk")),
    default="partition",
    help="Whether each partition has a run of its own, or each chunk.",
)
@click.option("--chunk-size", default=CHUNK_SIZE, help="How many partitions are in a chunk.")
@click.option("--max-runs", default=CONCURRENCY, help="How many of its runs there may be at once.")
@follow_option
@where_option
@json_option
def create(
    selection: tuple[str, ...],
    partitions: tuple[str, ...],
    which: Wanted,
    runs_per: RunsPer,
    chunk_size: int,
    max_runs: int,
    follow: bool,
    where: Where,
    as_json: bool,
) -> None:
    """Make the partitions of the selected assets again.

    SELECTION is what `arco run` takes. Without --partition, every partition. `arco dev` and `arco
    serve` carry it out, whenever they run; --follow does where none does.
    """
    request = BackfillRequest(
        selection=selection,
        partitions=partitions,
        which=which,
        runs_per=runs_per,
        chunk_size=chunk_size,
        concurrency=max_runs,
    )
    client = where.client()
    if client is not None:
        row = client.backfills.create(request)
        click.echo(created_line(row, where=""), err=as_json)
        row = client.backfills.wait(row.backfill_id) if follow else row
    else:
        row = run_to_end(_create(where.directory, request, follow=follow, as_json=as_json))
    if follow or as_json:
        _end(row, follow=follow, as_json=as_json)


@command.command("list", epilog="Example: arco backfill list --json")
@where_option
@json_option
def list_backfills(where: Where, as_json: bool) -> None:
    """List the newest backfills."""
    client = where.client()
    if client is not None:
        found = list(islice(client.backfills.list(), LISTED))
    else:
        found = _asked(where, lambda state: list(islice(backfills(state), LISTED)))
    if as_json:
        print_json(found)
    elif found:
        click.echo(backfill_table(found))
    else:
        click.echo("there is no backfill; `arco backfill create` makes one")


@command.command("show", epilog="Example: arco backfill show X0AB --json")
@click.argument("backfill")
@where_option
@json_option
def show(backfill: str, where: Where, as_json: bool) -> None:
    """Show how far BACKFILL is, and what of it failed."""
    client = where.client()
    detail: BackfillDetail = (
        client.backfills.get(backfill)
        if client is not None
        else _asked(where, lambda state: backfill_detail(state, backfill))
    )
    print_json(detail) if as_json else click.echo(detail_text(detail))


@command.command("pause", epilog="Example: arco backfill pause X0AB")
@click.argument("backfill")
@where_option
@json_option
def pause(backfill: str, where: Where, as_json: bool) -> None:
    """Start nothing more of BACKFILL until it is resumed; its runs go on."""
    client = where.client()
    row = (
        client.backfills.pause(backfill)
        if client is not None
        else _changed(where, backfill, decision=lambda found: pause_backfill(found, actor=ACTOR))
    )
    _tell(row, standing_line(row), as_json=as_json)


@command.command("resume", epilog="Example: arco backfill resume X0AB --follow")
@click.argument("backfill")
@follow_option
@where_option
@json_option
def resume(backfill: str, follow: bool, where: Where, as_json: bool) -> None:
    """Let BACKFILL go on where it was."""
    client = where.client()
    if client is not None:
        row = client.backfills.resume(backfill)
        row = client.backfills.wait(row.backfill_id) if follow else row
    else:
        row = _changed(
            where,
            backfill,
            decision=lambda found: resume_backfill(found, actor=ACTOR),
            follow=follow,
        )
    _end(row, follow=follow, as_json=as_json)


@command.command("cancel", epilog="Example: arco backfill cancel X0AB --reason 'wrong code'")
@click.argument("backfill")
@click.option("--reason", default="", help="Why; kept with it.")
@where_option
@json_option
def cancel(backfill: str, reason: str, where: Where, as_json: bool) -> None:
    """Start nothing more of BACKFILL, and stop its runs."""
    client = where.client()

    def decision(found: str) -> Decision:
        return cancel_backfill(found, actor=ACTOR, reason=reason)

    row = (
        client.backfills.cancel(backfill, reason=reason)
        if client is not None
        else _changed(where, backfill, decision=decision)
    )
    _tell(row, standing_line(row), as_json=as_json)


@command.command("retry", epilog="Example: arco backfill retry X0AB --follow")
@click.argument("backfill")
@follow_option
@where_option
@json_option
def retry(backfill: str, follow: bool, where: Where, as_json: bool) -> None:
    """Try again what of BACKFILL failed so far, and nothing else."""
    client = where.client()
    if client is not None:
        row = client.backfills.retry(backfill)
        row = client.backfills.wait(row.backfill_id) if follow else row
    else:
        row = _changed(
            where,
            backfill,
            decision=lambda found: retry_backfill(found, actor=ACTOR),
            follow=follow,
        )
    _end(row, follow=follow, as_json=as_json)


@command.command("set", epilog="Example: arco backfill set X0AB --max-runs 40")
@click.argument("backfill")
@click.option("--max-runs", type=int, required=True, help="How many of its runs at once.")
@where_option
@json_option
def set_settings(backfill: str, max_runs: int, where: Where, as_json: bool) -> None:
    """Change how many runs BACKFILL may have at once, while it runs."""
    client = where.client()
    row = (
        client.backfills.set(backfill, concurrency=max_runs)
        if client is not None
        else _changed(
            where, backfill, decision=lambda found: set_concurrency(found, max_runs, actor=ACTOR)
        )
    )
    _tell(row, f"{standing_line(row)}; {row.concurrency} runs at once", as_json=as_json)


def _asked(where: Where, question: Callable[[State], T]) -> T:
    async def ask() -> T:
        async with reading(where.directory) as workspace:
            return await workspace.database.asked(question)

    return run_to_end(ask())


async def _create(
    directory: Path | None, request: BackfillRequest, *, follow: bool, as_json: bool
) -> Backfill:
    async with reading(directory) as workspace:
        command = CreateBackfill(
            backfill_id=new_ulid(workspace.runtime),
            selection=request.selection,
            partitions=request.partitions,
            which=request.which,
            runs_per=request.runs_per,
            chunk_size=request.chunk_size,
            concurrency=request.concurrency,
            actor=ACTOR,
        )
        await workspace.database.transact(create_backfill(command))
        row = await _found(workspace, command.backfill_id)
        click.echo(created_line(row, where=where_of(workspace.settings)), err=as_json)
        return await _carried_out(workspace, row) if follow else row


def _changed(where: Where, name: str, *, decision: Change, follow: bool = False) -> Backfill:
    async def change() -> Backfill:
        async with reading(where.directory) as workspace:
            database = workspace.database
            found = await database.asked(lambda state: known_backfill(state, name).backfill_id)
            await database.transact(decision(found))
            row = await _found(workspace, found)
            return await _carried_out(workspace, row) if follow else row

    return run_to_end(change())


async def _found(workspace: Workspace, backfill_id: str) -> Backfill:
    return await workspace.database.asked(lambda state: find_backfill(state, backfill_id))


async def _carried_out(workspace: Workspace, row: Backfill) -> Backfill:
    """The backfill once it has ended, carried out here unless somebody else leads."""
    follower = Follower(workspace, workspace.settings.directory, BACKFILLING)

    def ended(state: State) -> Backfill | None:
        found = find_backfill(state, row.backfill_id)
        return found if found.state in ENDED else None

    try:
        await follower.start()
        return await follower.until(ended, lambda state: None)
    finally:
        await follower.stop()


def _tell(row: Backfill, text: str, *, as_json: bool) -> None:
    print_json(row) if as_json else click.echo(text)


def _end(row: Backfill, *, follow: bool, as_json: bool) -> None:
    """How it stands, and the exit code of one that was followed."""
    _tell(row, standing_line(row), as_json=as_json)
    if follow and row.state is not BackfillState.SUCCEEDED:
        sys.exit(1)


__all__ = [
    "cancel",
    "command",
    "create",
    "list_backfills",
    "pause",
    "resume",
    "retry",
    "set_settings",
    "show",
]
