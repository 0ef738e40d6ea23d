"""Options that several commands share, so that they are spelled and explained once."""

from __future__ import annotations

from pathlib import Path

import click

from arco.cli.profiles import profiles
from arco.errors import ArcoError

directory_option = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The project's folder. Default: the nearest one upwards from here.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def profile_names(incomplete: str) -> list[str]:
    """The user's profiles that begin so; none while their file cannot be read."""
    try:
        return [name for name in profiles() if name.startswith(incomplete)]
    except ArcoError:
        return []


server_option = click.option(
    "--server",
    default="",
    metavar="URL|PROFILE",
    shell_complete=lambda context, parameter, incomplete: profile_names(incomplete),
    help="Ask this server instead of opening a store. Default: ARCO_SERVER.",
)
port_option = click.option(
    "--port", type=click.IntRange(0, 65_535), help="Where to serve. Default: 8321; 0: any free."
)
at_option = click.option(
    "--at",
    "moment",
    default="",
    metavar="MOMENT",
    help="As it was at a slot (120), a time (2026-03-01T12:30) or so long ago (90m, 2h, 3d).",
)

FORMATS = ("text", "json", "mermaid", "openlineage")
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help="How to write it; mermaid: a graph for a document; openlineage: run events, as JSON.",
)


__all__ = [
    "FORMATS",
    "at_option",
    "directory_option",
    "format_option",
    "json_option",
    "port_option",
    "profile_names",
    "server_option",
]
