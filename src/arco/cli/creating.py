"""Options that every command that makes an object shares.

Must not know what is made.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from arco.cli.objects import pairs
from arco.cli.options import json_option
from arco.cli.where import where_option

Command = Callable[..., None]


def creation_options(command: Command) -> Command:
    """`--comment`, `--owner`, `--set`, `--tag`, and where and how to answer."""
    for option in (
        json_option,
        where_option,
        click.option("--tag", "tags", multiple=True, metavar="TAG=VALUE", help="Give it a tag."),
        click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="Set a property."),
        click.option("--owner", default="", help="Whom to ask about it."),
        click.option("--comment", default="", help="What it is."),
    ):
        command = option(command)
    return command


def said(
    *, comment: str, owner: str, sets: tuple[str, ...], tags: tuple[str, ...]
) -> dict[str, Any]:
    """What the options say about the new object.

    Raises: BadParameter for a property or tag without `=`.
    """
    return {
        "comment": comment,
        "owner": owner,
        "properties": pairs(sets, "--set"),
        "tags": pairs(tags, "--tag"),
    }


def text_of(sql: str, file: Path | None) -> str:
    """The text that was written out or stands in a file.

    Raises: UsageError unless it is exactly one of them.
    """
    if bool(sql) == (file is not None):
        raise click.UsageError("say either --sql TEXT or --file PATH")
    return sql or (file.read_text("utf-8") if file else "")


__all__ = ["creation_options", "said", "text_of"]
