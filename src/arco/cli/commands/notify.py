"""`arco notify`: who is told what happened, what was told, and whether they can be reached."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from arco.cli.options import directory_option, json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import moment, print_json, table
from arco.errors import Unavailable
from arco.execution.notifying import told
from arco.model import State
from arco.orchestration.commands.notifications import (
    Delivery,
    find_notifier,
    record_delivery,
    try_notifier,
)
from arco.orchestration.notifications import NOTIFICATIONS, NOTIFIERS, Notification, Notifier

ACTOR = "cli"
NEWEST_SHOWN = 10
HEADINGS = ("notifier", "by", "told of", "newest", "when", "state")
NEWS_HEADINGS = ("number", "happened", "what", "state", "attempts", "error")
EPILOG = """\b
Examples:
  arco notify list
  arco notify show ops
  arco notify test ops     send it something now
"""


class NotifierDetail(msgspec.Struct, frozen=True):
    """A notifier and what it was told last, newest first."""

    notifier: Notifier
    notifications: list[Notification]


@click.group("notify", epilog=EPILOG)
def command() -> None:
    """See who is told what happened, and whether they can be reached."""


@command.command("list", epilog="Example: arco notify list --json")
@directory_option
@json_option
def list_notifiers(directory: Path | None, as_json: bool) -> None:
    """List the notifiers of the deployed projects."""
    found = run_to_end(_list(directory))
    if as_json:
        print_json(found)
    elif found:
        click.echo(table(HEADINGS, [_cells(each) for each in found]))
    else:
        click.echo('nobody is told; `notify("ops", slack="env:SLACK_URL")` in the project says who')


@command.command("show", epilog="Example: arco notify show ops --json")
@click.argument("name")
@directory_option
@json_option
def show(name: str, directory: Path | None, as_json: bool) -> None:
    """Show what NAME was told last, and whether it took it."""
    found = run_to_end(_show(directory, name))
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
@directory_option
@json_option
def test(name: str, directory: Path | None, as_json: bool) -> None:
    """Send NAME something now, from here, and say whether it was taken."""
    row = run_to_end(_test(directory, name))
    if as_json:
        print_json(row)
    if row.error:
        raise Unavailable(
            "NOTIFIER_UNREACHED",
            f"{name} took nothing: {row.error}",
            hint="mend its address in the project, or what it refers to here, and try again",
        )
    if not as_json:
        click.echo(f"{name} took it")


async def _list(directory: Path | None) -> list[NotifierDetail]:
    async with reading(directory) as workspace:
        return await workspace.database.asked(
            lambda state: [_detail(state, row) for row in state.range(NOTIFIERS) if not row.removed]
        )


async def _show(directory: Path | None, name: str) -> NotifierDetail:
    async with reading(directory) as workspace:
        return await workspace.database.asked(
            lambda state: _detail(state, find_notifier(state, name))
        )


async def _test(directory: Path | None, name: str) -> Notification:
    """What became of a test; a server that leads may send it, too, under the same id."""
    async with reading(directory) as workspace:
        database = workspace.database
        await database.transact(try_notifier(name, actor=ACTOR))

        def newest(state: State) -> tuple[Notifier, Notification]:
            detail = _detail(state, find_notifier(state, name))
            return detail.notifier, detail.notifications[0]

        notifier, row = await database.asked(newest)
        delivery = Delivery(definition=notifier.definition, notification=row)
        error = await told(workspace, delivery)
        await database.transact(record_delivery(delivery, error))
        return msgspec.structs.replace(row, attempts=row.attempts + 1, error=error)


def _detail(state: State, row: Notifier) -> NotifierDetail:
    newest = list(state.range(NOTIFICATIONS, row.name))[::-1]
    return NotifierDetail(row, newest[:NEWEST_SHOWN])


def _cells(found: NotifierDetail) -> tuple[str, ...]:
    definition = found.notifier.definition
    newest = found.notifications[0] if found.notifications else None
    kinds = ", ".join(kind.replace("_", " ") for kind in definition.kinds)
    return (
        definition.name,
        definition.channel,
        kinds,
        newest.title if newest else "",
        moment(newest.created_at) if newest else "",
        newest.state.lower() if newest else "",
    )


__all__ = ["NotifierDetail", "command", "list_notifiers", "show", "test"]
