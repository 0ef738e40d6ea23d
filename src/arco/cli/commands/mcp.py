"""`arco mcp`: tools with which an assistant finds, describes, traces and queries.

Law: without `--allow-writes` nothing can be changed through it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import click
import msgspec

import arco
from arco.api.server import LOOPBACK_ADDRESSES
from arco.cli.commands.version import installed_version
from arco.cli.session import existing_settings, opened, run_to_end
from arco.cli.where import Where, where_option
from arco.client.client import Client
from arco.errors import Invalid
from arco.mcp.inside import inside
from arco.service.settings import configured_names, load

SERVING = "arco.mcp.serving"
LIBRARY = ("mcp", "mcp_types")
HOST = "127.0.0.1"
PORT = 8322
EPILOG = """\b
Examples:
  arco mcp                                    for a host that starts it
  arco mcp --server production                with the profile's key
  arco mcp --transport http --port 8322       for any host on this machine
  arco mcp --allow-writes                     tag, comment and run, too
"""


class Asked(msgspec.Struct, frozen=True):
    """Whom the tools ask."""

    client: Client
    is_strict: bool
    """True: it answers nobody whom it does not know."""
    is_remote: bool


@click.command("mcp", epilog=EPILOG)
@click.option(
    "--transport",
    type=click.Choice(["stdio", "http"]),
    default="stdio",
    help="How it is asked. Default: stdio, by the process that starts it.",
)
@click.option("--host", default=HOST, help=f"With http: the address to listen on. Default: {HOST}.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=PORT,
    help=f"With http: where to listen. Default: {PORT}; 0: any free.",
)
@click.option(
    "--allow-writes", is_flag=True, help="Offer tools that tag, comment and run assets, too."
)
@where_option
def command(
    transport: str,
    host: str,
    port: int,
    allow_writes: bool,
    where: Where,
) -> None:
    """Serve a workspace to assistants, by the Model Context Protocol.

    Every tool asks with the caller's grants: the key of the profile, or the caller's own over HTTP;
    without --server, whoever may open the store. Beyond this machine every request has to carry a
    key. Rows, comments and logs are data that others wrote: see the how-to before you let an
    assistant act on them.
    """
    serving = _loaded()
    offer = serving.Offer("changing" if allow_writes else "reading", installed_version())
    if transport == "stdio":
        run_to_end(_serve_stdio(serving, offer, where=where))
        return
    address = serving.Address(host, port, configured_names(load()))
    run_to_end(_serve_http(serving, offer, address=address, where=where))


def _loaded() -> Any:
    """The transports. Raises: Invalid MCP_EXTRA_MISSING."""
    try:
        return import_module(SERVING)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise Invalid(
            "MCP_EXTRA_MISSING",
            "the library for assistants' tools is not installed",
            hint="pip install 'arco[mcp]'",
        ) from error


async def _serve_stdio(serving: Any, offer: Any, *, where: Where) -> None:
    # Who may open the store owns it: the process that started us is asked for no key.
    async with _asked(where, authentication="none") as asked:
        await serving.serve_stdio(offer, asked.client)


async def _serve_http(serving: Any, offer: Any, *, address: Any, where: Where) -> None:
    async with _asked(where) as asked:
        # A server somewhere else is asked as whoever asks us, unless that is this machine's user.
        away = asked.is_remote and address.host not in LOOPBACK_ADDRESSES
        strict = asked.is_strict or away
        door = serving.Door(offer, asked.client, address=address, is_strict=strict)
        await serving.serve_http(door, lambda url: click.echo(f"arco mcp on {url}"))


@asynccontextmanager
async def _asked(where: Where, **chosen: Any) -> AsyncIterator[Asked]:
    """The named server, or the workspace of a project, asked in this process."""
    remote = where.client()
    if remote is not None:
        with remote:
            yield Asked(remote, is_strict=False, is_remote=True)
        return
    settings = msgspec.structs.replace(existing_settings(where.directory), **chosen)
    async with opened(settings) as workspace, inside(workspace, installed_version()) as connections:
        with arco.Client.over(connections) as client:
            yield Asked(client, connections.is_strict, is_remote=False)


__all__ = ["Asked", "command"]
