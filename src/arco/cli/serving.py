"""A leader with its server: what `arco dev` and `arco demo` keep running until they are stopped.

Law: whoever leads is found by its address; a second process says where the first one is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from arco.api.app import create_app
from arco.api.server import serve
from arco.api.session import Session
from arco.cli.commands.version import installed_version
from arco.errors import ArcoError
from arco.execution.following import Follower
from arco.query.pool import QueryPool
from arco.runtime import Spawned
from arco.service.leases import read_beacon
from arco.service.settings import store_environment
from arco.service.workspace import Workspace

HOST = "127.0.0.1"


async def serve_workspace(
    workspace: Workspace, follower: Follower, *, ready: Callable[[str], None]
) -> None:
    """Answer requests until cancelled; `ready` hears the address once they are taken.

    Raises: Invalid PORT_BUSY, BIND_FAILED.
    """
    queries = QueryPool(workspace.runtime, environment=store_environment(workspace.settings))
    app = create_app(Session(workspace, queries, installed_version()))
    announced: list[Spawned] = []

    def on_ready(address: str) -> None:
        announced.append(workspace.runtime.spawn(follower.announce(address), "arco-announce"))
        ready(address)

    try:
        await serve(app, HOST, port=workspace.settings.port, ready=on_ready)
    finally:
        for spawned in announced:
            spawned.cancel()
        await queries.close()
        with suppress(ArcoError):
            await workspace.ingester.close()


async def leader_address(workspace: Workspace) -> str:
    """Where the leading process answers; empty when it serves nothing."""
    beacon = await read_beacon(workspace)
    return beacon.address if beacon else ""


__all__ = ["leader_address", "serve_workspace"]
