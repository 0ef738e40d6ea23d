"""A workspace of this process, asked as a server is: requests go to its application, by no socket.

So a tool has one way to ask, and what a server refuses is refused here too. Must not know tools.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError, Future
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import unquote

from arco.api.app import create_app
from arco.api.session import Session
from arco.client.connections import Answer, Lost, Request
from arco.errors import ArcoError
from arco.query.pool import QueryPool
from arco.service.settings import store_environment
from arco.service.workspace import Workspace

# The door of the application knows this name, and this port is nobody's.
HOST, PORT = "localhost", 0
WORKERS = 2


class Inside:
    """Connections to an application that runs on this loop, for threads beside it."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop
        self.is_strict: bool = app.state.is_strict
        """True: it answers nobody whom it does not know."""

    def exchange(self, request: Request) -> Answer:
        """The answer to the request. Raises: Lost, when this process ends before it came."""
        asked: Future[Answer] = asyncio.run_coroutine_threadsafe(self._asked(request), self._loop)
        try:
            return asked.result()
        except CancelledError as error:
            lost = Lost(RuntimeError("this process ends"), sent=True)
            lost.is_hopeless = True
            raise lost from error

    def close(self) -> None:
        """Nothing: no connection is kept."""

    async def _asked(self, request: Request) -> Answer:
        parts: list[Any] = []

        async def send(message: Any) -> None:
            parts.append(message)

        await self._app(_scope(request), _receiving(request.body or b""), send)
        start, *bodies = parts
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(part.get("body", b"") for part in bodies))


@asynccontextmanager
async def inside(workspace: Workspace, version: str) -> AsyncIterator[Inside]:
    """Connections to an application of the workspace, for as long as they are used."""
    environment = store_environment(workspace.settings)
    queries = QueryPool(workspace.runtime, size=WORKERS, environment=environment)
    try:
        app = create_app(Session(workspace, queries, version))
        yield Inside(app, asyncio.get_running_loop())
    finally:
        await queries.close()
        with suppress(ArcoError):
            await workspace.ingester.close()


def _scope(request: Request) -> dict[str, Any]:
    path, _, query = request.target.partition("?")
    headers = {"Host": f"{HOST}:{PORT}", **request.headers}
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (HOST, PORT),
        "server": (HOST, PORT),
        "state": {},
    }


def _receiving(body: bytes) -> Any:
    """What an application receives: the body, and then nothing until it has answered."""
    rest = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if rest:
            return rest.pop()
        return await asyncio.get_running_loop().create_future()

    return receive


__all__ = ["Inside", "inside"]
