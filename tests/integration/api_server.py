"""A real server on a free port of this machine, and a client that speaks plain HTTP to it."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from arco.api.app import create_app
from arco.api.server import serve
from arco.api.session import Session
from arco.execution.callbacks import Callbacks
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.definitions import (
    AssetDefinition,
    CodeReference,
    Dependency,
    Manifest,
    SourceLine,
)
from arco.query.pool import QueryPool
from arco.runtime import AsyncioRuntime, run
from arco.service.settings import Settings
from arco.service.workspace import Workspace, open_workspace
from arco.ui.routes import PAGES

JSON = {"Content-Type": "application/json"}
T = TypeVar("T")


class Answer(msgspec.Struct):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def slot(self) -> int:
        """The slot the answer names."""
        return int(self.headers["Arco-Slot"])

    def error(self) -> dict[str, Any]:
        """The error, after a look at its shape."""
        body = self.json()
        assert body.keys() == {"error"}
        error: dict[str, Any] = body["error"]
        assert error.keys() == {"code", "message", "details", "request_id", "hint"}
        assert error["code"] == error["code"].upper()
        assert error["message"]
        assert error["hint"]
        assert "Traceback" not in self.body.decode()
        assert error["request_id"] == self.headers["X-Request-Id"]
        assert self.headers["Content-Type"] == "application/json"
        return error


class Server:
    """A server in a thread with a loop of its own, over one workspace."""

    def __init__(self, directory: Path, hosts: tuple[str, ...] = (), **settings: Any) -> None:
        chosen = {"fsync": False, "query_seconds_max": 10.0, **settings}
        self._settings = Settings(directory=directory, **chosen)
        self._hosts = hosts
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: run(self._main()))
        self.workspace: Workspace
        self.callbacks: Callbacks
        self.address = ""
        self.failure: BaseException | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.address.rpartition(":")[2])

    def start(self) -> None:
        """Return once it takes connections."""
        self._thread.start()
        assert self._up.wait(20)
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """Ask it to stop and return when it has."""
        self.ask_to_stop()
        self.wait()

    def ask_to_stop(self) -> None:
        """Cancel what serves."""
        self._loop.call_soon_threadsafe(self._task.cancel)

    def wait(self) -> None:
        """Return when it has stopped."""
        self._thread.join(20)
        assert not self._thread.is_alive()

    def submit(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one request on a connection of its own."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {**({} if method == "GET" else JSON), **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=content, headers=sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """The answer to a GET."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: object) -> Answer:
        """The answer to a POST of JSON."""
        return self.ask("POST", path, body=body)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._serve())
        try:
            await self._task
        except asyncio.CancelledError:
            return
        except Exception as error:
            self.failure = error
            self._up.set()

    async def _serve(self) -> None:
        runtime = AsyncioRuntime()
        self.workspace = await open_workspace(self._settings, runtime)
        queries = QueryPool(runtime)
        self.callbacks = Callbacks(self.workspace)
        session = Session(self.workspace, queries, "1.2.3", self._hosts, callbacks=self.callbacks)
        try:
            app = create_app(session, pages=PAGES)
            await serve(app, "127.0.0.1", port=0, ready=self._ready)
        finally:
            await queries.close()

    def _ready(self, address: str) -> None:
        self.address = address
        self.callbacks.announce(address)
        self._up.set()


@contextmanager
def serving(directory: Path, hosts: tuple[str, ...] = (), **settings: Any) -> Iterator[Server]:
    """A server over a store in `directory`."""
    server = Server(directory, hosts, **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def deploy_shop(server: Server) -> None:
    """`raw.orders` and `shop.daily`, which is made from it."""
    manifest = Manifest("shop", (_asset("raw.orders"), _asset("shop.daily", "raw.orders")))
    command = Deploy(deployment_id="deployment-1", manifest=manifest, entropy=7)
    server.submit(server.workspace.database.transact(deploy(command)))


def _asset(key: str, *upstreams: str) -> AssetDefinition:
    return AssetDefinition(
        key=key,
        code=CodeReference("shop.assets", key.partition(".")[2], "sha256:1"),
        source=SourceLine("shop/assets.py", 1),
        description=f"<b>{key}</b>",
        dependencies=tuple(Dependency(upstream, "rows") for upstream in upstreams),
    )
