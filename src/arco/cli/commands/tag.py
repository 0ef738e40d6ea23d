"""`arco tag`: words on objects and columns, and what bears them."""

from __future__ import annotations

from pathlib import Path

import click

from arco.catalog.changes import SetTags
from arco.catalog.kinds import Kind
from arco.cli.objects import carry_out, pairs, tell_changed
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import harmless, print_json, table
from arco.cli.where import Where, where_option
from arco.service.objects import Bearer, bearers_behind

HEADINGS = ("tag", "value", "kind", "object", "column")
EPILOG = """\b
Examples:
  arco tag set sales.orders layer=gold
  arco tag set sales.customers pii=email --column email
  arco tag list pii
"""
kind_option = click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Kind]),
    default=Kind.TABLE.value,
    help="What kind of object it is. Default: table.",
)
column_option = click.option("--column", default="", help="A column of the table.")


@click.group("tag", epilog=EPILOG)
def command() -> None:
    """Give tags to objects and columns, take them away, and find what bears them."""


@command.command("set", epilog="Example: arco tag set sales --kind namespace team=sales")
@click.argument("name")
@click.argument("tags", nargs=-1, required=True, metavar="TAG=VALUE...")
@kind_option
@column_option
@where_option
@json_option
def set_tags(
    name: str,
    tags: tuple[str, ...],
    kind: str,
    column: str,
    where: Where,
    as_json: bool,
) -> None:
    """Give tags to the object NAME, or to one of its columns."""
    wanted: dict[str, str | None] = {**pairs(tags, "TAG=VALUE")}
    change = SetTags(kind=Kind(kind), name=name, column=column, tags=wanted)
    tell_changed(carry_out((change,), where)[0], "tagged", as_json=as_json)


@command.command("unset", epilog="Example: arco tag unset sales.orders layer")
@click.argument("name")
@click.argument("tags", nargs=-1, required=True, metavar="TAG...")
@kind_option
@column_option
@where_option
@json_option
def unset_tags(
    name: str,
    tags: tuple[str, ...],
    kind: str,
    column: str,
    where: Where,
    as_json: bool,
) -> None:
    """Take tags from the object NAME, or from one of its columns."""
    change = SetTags(kind=Kind(kind), name=name, column=column, tags=dict.fromkeys(tags))
    tell_changed(carry_out((change,), where)[0], "untagged", as_json=as_json)


@command.command("list", epilog="Example: arco tag list layer=gold")
@click.argument("tag", default="", metavar="[TAG[=VALUE]]")
@where_option
@json_option
def list_tags(tag: str, where: Where, as_json: bool) -> None:
    """List what bears a tag, or all that is tagged."""
    client = where.client()
    name, separator, value = tag.partition("=")
    found = (
        list(client.catalog.tags(name, value=value if separator else None))
        if client
        else run_to_end(_bearers(tag, where.directory))
    )
    if as_json:
        print_json(found)
    elif found:
        rows = [(b.tag, b.value, b.kind.value, b.full_name, b.column) for b in found]
        click.echo(harmless(table(HEADINGS, rows)))
    else:
        click.echo("nothing bears it" if tag else "nothing is tagged yet")


async def _bearers(text: str, directory: Path | None) -> list[Bearer]:
    tag, separator, value = text.partition("=")
    only = value if separator else None
    async with reading(directory) as workspace:
        await workspace.database.refresh()
        return await workspace.database.asked(
            lambda state: list(bearers_behind(state, None, tag=tag, value=only))
        )


__all__ = ["command", "list_tags", "set_tags", "unset_tags"]
