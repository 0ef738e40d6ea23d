"""A leader with its server: what `arco dev` and `arco demo` keep running until they are stopped.

Law: whoever leads is found by its address; a second process says where the first one is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from arco.api.app import create_app
from arco.api.probes import Readiness
from arco.api.server import serve
from arco.api.session import Session
from arco.cli.commands.version import installed_version
from arco.errors import ArcoError
from arco.execution.following import Follower
from arco.query.pool import QueryPool
from arco.runtime import Spawned
from arco.service.candidates import may_lead
from arco.service.leases import read_beacon
from arco.service.settings import store_environment
from arco.service.workspace import Workspace
from arco.ui.routes import PAGES

HOST = "127.0.0.1"
LOG = logging.getLogger(__name__)


async def serve_workspace(
    workspace: Workspace,
    follower: Follower,
    *,
    ready: Callable[[str], None],
    host: str = HOST,
    readiness: Readiness | None = None,
) -> None:
    """Answer requests until cancelled; `ready` hears the address once they are taken.

    Raises: Invalid BIND_REFUSED, PORT_BUSY, BIND_FAILED.
    """
    queries = QueryPool(workspace.runtime, environment=store_environment(workspace.settings))
    session = Session(
        workspace,
        queries,
        installed_version(),
        callbacks=follower.callbacks,
        performers=lambda: follower.performers,
    )
    app = create_app(session, readiness, pages=PAGES)
    announced: list[Spawned] = []

    def on_ready(address: str) -> None:
        announced.append(workspace.runtime.spawn(follower.announce(address), "arco-announce"))
        ready(address)

    try:
        await serve(app, host, port=workspace.settings.port, ready=on_ready)
    finally:
        for spawned in announced:
            spawned.cancel()
        await queries.close()
        with suppress(ArcoError):
            await workspace.ingester.close()


async def lead_for_ever(workspace: Workspace, follower: Follower) -> None:
    """Lead whenever nobody else does; again when another process, which took this one for dead,
    has ended.
    """
    while may_lead(workspace.database):
        await workspace.runtime.sleep(workspace.settings.poll_seconds)
        try:
            await follower.lead_again()
        except ArcoError as error:
            LOG.warning("this process cannot lead yet: %s", error)
    await workspace.runtime.signal().wait()


async def until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Work for ever; the first that ends by itself has failed, and the others are ended."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def leader_address(workspace: Workspace) -> str:
    """Where the leading process answers; empty when it serves nothing."""
    beacon = await read_beacon(workspace)
    return beacon.address if beacon else ""


__all__ = ["HOST", "lead_for_ever", "leader_address", "serve_workspace", "until_one_ends"]
