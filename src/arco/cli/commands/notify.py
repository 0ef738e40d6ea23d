"""`arco notify`: who is told what happened, what was told, and whether they can be reached."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.cli.where import Where, where_option
from arco.errors import Unavailable
from arco.execution.notifying import told
from arco.model import State
from arco.orchestration.commands.notifications import (
    Delivery,
    find_notifier,
    record_delivery,
    try_notifier,
)
from arco.orchestration.notifications import Notification
from arco.service.notifiers import (
    NotifierDetail,
    NotifierSummary,
    newest_notification,
    notifier_detail,
    notifiers,
)

ACTOR = "cli"
HEADINGS = ("notifier", "by", "told of", "newest", "when", "state")
NEWS_HEADINGS = ("number", "happened", "what", "state", "attempts", "error")
EPILOG = """\b
Examples:
  arco notify list
  arco notify show ops
  arco notify test ops                  send it something now
  arco notify test ops --server prod    let the server send it
"""


@click.group("notify", epilog=EPILOG)
def command() -> None:
    """See who is told what happened, and whether they can be reached."""


@command.command("list", epilog="Example: arco notify list --json")
@where_option
@json_option
def list_notifiers(where: Where, as_json: bool) -> None:
    """List the notifiers of the deployed projects."""
    client = where.client()
    found = list(client.notifiers.list()) if client else run_to_end(_list(where.directory))
    if as_json:
        print_json(found)
    elif found:
        click.echo(table(HEADINGS, [_cells(each) for each in found]))
    else:
        click.echo('nobody is told; `notify("ops", slack="env:SLACK_URL")` in the project says who')


@command.command("show", epilog="Example: arco notify show ops --json")
@click.argument("name")
@where_option
@json_option
def show(name: str, where: Where, as_json: bool) -> None:
    """Show what NAME was told last, and whether it took it."""
    client = where.client()
    found = client.notifiers.get(name) if client else run_to_end(_show(where.directory, name))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            str(each.number),
            moment(each.created_at),
            each.title,
            each.state.lower(),
            str(each.attempts),
            each.error,
        )
        for each in found.notifications
    ]
    click.echo(table(NEWS_HEADINGS, rows) if rows else f"{name} was told nothing yet")


@command.command("test", epilog="Example: arco notify test ops")
@click.argument("name")
@where_option
@json_option
def test(name: str, where: Where, as_json: bool) -> None:
    """Send NAME something now, and say whether it was taken.

    It is sent from here, with what its address refers to here; with --server by whoever leads
    there.
    """
    client = where.client()
    row = client.notifiers.reach(name) if client else run_to_end(_test(where.directory, name))
    if as_json:
        print_json(row)
    if row.error:
        place = "on the server" if client else "here"
        raise Unavailable(
            "NOTIFIER_UNREACHED",
            f"{name} took nothing: {row.error}",
            hint=f"mend its address in the project, or what it refers to {place}, and try again",
        )
    if not as_json:
        click.echo(f"{name} took it")


async def _list(directory: Path | None) -> list[NotifierSummary]:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: list(notifiers(state)))


async def _show(directory: Path | None, name: str) -> NotifierDetail:
    async with reading(directory) as workspace:
        return await workspace.database.asked(lambda state: notifier_detail(state, name))


async def _test(directory: Path | None, name: str) -> Notification:
    """What became of a test; a server that leads may send it, too, under the same id."""
    async with reading(directory) as workspace:
        database = workspace.database
        await database.transact(try_notifier(name, actor=ACTOR))

        def newest(state: State) -> Delivery:
            definition = find_notifier(state, name).definition
            return Delivery(definition=definition, notification=newest_notification(state, name))

        delivery = await database.asked(newest)
        error = await told(workspace, delivery)
        await database.transact(record_delivery(delivery, error))
        row = delivery.notification
        return msgspec.structs.replace(row, attempts=row.attempts + 1, error=error)


def _cells(found: NotifierSummary) -> tuple[str, ...]:
    newest = found.newest
    return (
        found.name,
        found.channel,
        ", ".join(kind.replace("_", " ") for kind in found.kinds),
        newest.title if newest else "",
        moment(newest.created_at) if newest else "",
        newest.state.lower() if newest else "",
    )


__all__ = ["command", "list_notifiers", "show", "test"]
