"""Where a command works: on the store of a folder, or through a server.

Law: a command says the same both ways. The client is loaded with the first server that is named.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

import arco
from arco.cli.options import directory_option, server_option
from arco.cli.profiles import Target, target_of
from arco.service.settings import load

if TYPE_CHECKING:
    from arco.client.client import Client


class Where(msgspec.Struct, frozen=True):
    """A server, a folder, or the nearest folder upwards from here."""

    server: str = ""
    directory: Path | None = None

    def client(self, moment: str = "") -> Client | None:
        """The server to ask, as of the moment; None to open the store of `directory`.

        Raises: what `target` raises.
        """
        target = self.target()
        if target is None:
            return None
        client = arco.Client(target.url, key=target.key)
        click.get_current_context().call_on_close(client.close)
        return client.as_of(moment) if moment else client

    def target(self) -> Target | None:
        """Where the server is, and what opens it; None to open the store of `directory`.

        `--dir` goes before `ARCO_SERVER`. Raises: what `target_of` raises.
        """
        if self.server and self.directory is not None:
            raise click.UsageError("--server and --dir exclude each other")
        named = self.server if self.server or self.directory is not None else load().server
        return target_of(named) if named else None


def where_option(command: Callable[..., None]) -> Callable[..., None]:
    """`--server` and `--dir`, which the command gets as `where`."""

    @wraps(command)
    def placed(*, server: str, directory: Path | None, **given: Any) -> None:
        command(where=Where(server, directory), **given)

    return server_option(directory_option(placed))


__all__ = ["Where", "where_option"]
