"""Commands on catalog objects, the same for every kind: listed, shown, described, moved, dropped.

Must not know how a change is decided, nor what a location holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from arco.catalog.changes import Alter, CatalogChange, DropObject, Move
from arco.catalog.kinds import Found, Kind
from arco.cli.asking import owner_of
from arco.cli.completing import names_of
from arco.cli.options import json_option
from arco.cli.session import reading, run_to_end
from arco.cli.terminal import harmless, moment, print_json, table
from arco.cli.where import Where, where_option
from arco.formats.registering import prepared
from arco.model import State
from arco.service.objects import PLACES, Changed, find_detail, objects_behind

HEADINGS = ("name", "comment", "owner", "created at")
COLUMN_HEADINGS = ("column", "type", "nullable", "comment")
FILTERS = {
    "namespace": "Only those that stand in this namespace itself.",
    "catalog": "Only those of this catalog.",
}
EXAMPLES = {
    Kind.CATALOG: ("lab", "research"),
    Kind.NAMESPACE: ("sales.eu", "europe"),
    Kind.TABLE: ("sales.orders", "sales.archive"),
    Kind.VIEW: ("sales.newest", "sales.latest"),
    Kind.VOLUME: ("sales.invoices", "sales.bills"),
    Kind.FUNCTION: ("sales.net", "sales.without_tax"),
}


def add_shared_commands(group: click.Group, kind: Kind) -> None:
    """`list`, `show`, `alter`, `move` and `drop`, for objects of this kind."""
    for make in (_list_command, _show_command, _alter_command, _move_command, _drop_command):
        group.add_command(make(kind))


def carry_out(changes: Sequence[CatalogChange], where: Where) -> tuple[Changed, ...]:
    """What the changes were about, once all of them happened as one commit."""
    client = where.client()
    if client:
        return client.catalog.change(changes)
    return run_to_end(_carried_out(changes, where.directory))


def tell_changed(changed: Changed, done: str, *, as_json: bool) -> None:
    """One line, or JSON, about an object that was changed."""
    if as_json:
        print_json(changed)
    else:
        click.echo(f"{done} {changed.kind} {changed.full_name or changed.object_id}")


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """`name=value` texts as a table.

    Raises: BadParameter for a text without `=`.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint=option)
        found[name] = value
    return found


def set_and_unset(
    texts: Iterable[str], names: Iterable[str], *, option: str
) -> dict[str, str | None]:
    """What is set, and null for what is taken away."""
    return {**pairs(texts, option), **dict.fromkeys(names)}


async def _carried_out(
    changes: Sequence[CatalogChange], directory: Path | None
) -> tuple[Changed, ...]:
    async with reading(directory) as workspace:
        changing = await prepared(workspace, changes, caller=owner_of(workspace))
        await workspace.database.transact(changing.decide)
        return await workspace.database.asked(changing.changed)


def _list_command(kind: Kind) -> click.Command:
    @click.command("list", epilog=f"Example: arco {kind} list --json")
    @click.option("--owner", default="", help="Only those that this owner has.")
    @where_option
    @json_option
    def command(where: Where, as_json: bool, **among: str) -> None:
        client = where.client()
        rows = (
            list(client.objects(kind).list(**among))
            if client
            else run_to_end(_rows(kind, where.directory, **among))
        )
        if as_json:
            print_json(rows)
        elif rows:
            click.echo(table(HEADINGS, [_cells(Found(kind, row)) for row in rows]))
        else:
            click.echo(f"none: `arco {kind} create --help` says how to make one")

    for name, said in FILTERS.items():
        if name in PLACES[kind]:
            command.params.insert(0, click.Option([f"--{name}"], default="", help=said))
    command.help = f"List what there is of this kind: every {kind}, by name."
    return command


def _show_command(kind: Kind) -> click.Command:
    name, _ = EXAMPLES[kind]

    @click.command("show", epilog=f"Example: arco {kind} show {name}")
    @click.argument("name", shell_complete=names_of(kind))
    @where_option
    @json_option
    def command(name: str, where: Where, as_json: bool) -> None:
        client = where.client()
        detail = (
            client.objects(kind).get(name)
            if client
            else run_to_end(_detail(kind, where.directory, name=name))
        )
        if as_json:
            print_json(detail)
        else:
            click.echo(harmless("\n".join(_told(kind, detail))))

    command.help = f"Show what is said about a {kind}: NAME is its name or id."
    return command


def _alter_command(kind: Kind) -> click.Command:
    name, _ = EXAMPLES[kind]

    @click.command("alter", epilog=f'Example: arco {kind} alter {name} --comment "what it is for"')
    @click.argument("name", shell_complete=names_of(kind))
    @click.option("--comment", help="What it is; empty: nothing is said.")
    @click.option("--owner", help="Whom to ask about it.")
    @click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="Set a property.")
    @click.option("--unset", "unsets", multiple=True, metavar="NAME", help="Remove a property.")
    @click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="COLUMN=COMMENT",
        help="Comment on a column of a table.",
    )
    @where_option
    @json_option
    def command(
        name: str,
        comment: str | None,
        owner: str | None,
        sets: tuple[str, ...],
        unsets: tuple[str, ...],
        columns: tuple[str, ...],
        where: Where,
        as_json: bool,
    ) -> None:
        change = Alter(
            kind=kind,
            name=name,
            comment=comment,
            owner=owner,
            properties=set_and_unset(sets, unsets, option="--set"),
            column_comments=pairs(columns, "--column"),
        )
        tell_changed(carry_out((change,), where)[0], "altered", as_json=as_json)

    command.help = f"Say what a {kind} is, who owns it, and what else is worth knowing."
    return command


def _move_command(kind: Kind) -> click.Command:
    name, to = EXAMPLES[kind]

    @click.command("move", epilog=f"Example: arco {kind} move {name} {to}")
    @click.argument("name", shell_complete=names_of(kind))
    @click.argument("to")
    @where_option
    @json_option
    def command(name: str, to: str, where: Where, as_json: bool) -> None:
        change = Move(kind=kind, name=name, to=to)
        tell_changed(carry_out((change,), where)[0], "moved", as_json=as_json)

    command.help = f"Give a {kind} another name, perhaps in another place. Its id stays."
    return command


def _drop_command(kind: Kind) -> click.Command:
    name, _ = EXAMPLES[kind]

    @click.command("drop", epilog=f"Example: arco {kind} drop {name}")
    @click.argument("name", shell_complete=names_of(kind))
    @click.option(
        "--contents",
        type=click.Choice(["refuse", "drop"]),
        default="refuse",
        help="When something is in it: refuse (the default), or drop that too.",
    )
    @where_option
    @json_option
    def command(name: str, contents: Any, where: Where, as_json: bool) -> None:
        change = DropObject(kind=kind, name=name, contents=contents)
        changed = carry_out((change,), where)[0]
        if as_json:
            print_json(changed)
        else:
            click.echo(f"dropped {kind} {name}: `arco undrop {kind} {name}` brings it back")

    command.help = f"Drop a {kind}. It can be brought back with `arco undrop` until it is purged."
    return command


async def _rows(kind: Kind, directory: Path | None, *, owner: str, **place: str) -> list[Any]:
    def listed(state: State) -> list[Any]:
        rows = objects_behind(state, kind, after=None, **place)
        return [row for row in rows if owner in ("", row.owner)]

    async with reading(directory) as workspace:
        await workspace.database.refresh()
        return await workspace.database.asked(listed)


async def _detail(kind: Kind, directory: Path | None, *, name: str) -> Any:
    async with reading(directory) as workspace:
        await workspace.database.refresh()
        return await workspace.database.asked(lambda state: find_detail(state, kind, name=name))


def _cells(found: Found) -> tuple[object, ...]:
    row = found.row
    cells = (found.full_name, row.comment or "", row.owner or "", moment(row.created_at))
    return tuple(harmless(cell).replace("\n", " ") for cell in cells)


def _told(kind: Kind, detail: Any) -> Iterable[str]:
    """What is said about the object, a line each, then its columns and tags."""
    row = getattr(detail, kind.value)
    yield f"{kind} {Found(kind, row).full_name}"
    for field, value in msgspec.to_builtins(row).items():
        if value not in (None, "", [], {}) and field not in ("name", "namespace", "catalog"):
            yield f"  {field.replace('_', ' ')}: {_plain(value)}"
    for tag in detail.tags:
        where = f" on {tag.column}" if tag.column else ""
        yield f"  tag {tag.tag}={tag.value}{where}"
    columns = getattr(detail, "columns", ())
    if columns:
        rows = [(each.name, each.type, each.nullable, each.comment) for each in columns]
        yield table(COLUMN_HEADINGS, rows)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


__all__ = ["add_shared_commands", "carry_out", "pairs", "set_and_unset", "tell_changed"]
