"""A worker service that a test plays, and a leading server beside it: what tests of worker services
share.
"""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from arco.execution.leading import try_to_lead
from arco.execution.proofs import countersigned
from arco.ids import attempt_id, new_ulid
from arco.orchestration.commands.deployments import Deploy, deploy
from arco.orchestration.commands.runs import CancelRun, TriggerRun, cancel_run, trigger_run
from arco.orchestration.definitions import (
    AssetDefinition,
    CodeReference,
    Dependency,
    Manifest,
    SourceLine,
)
from arco.orchestration.rows import Run, Task
from arco.orchestration.settling import is_running
from arco.orchestration.tables import ASSETS, RUNS, TASKS
from arco.service.loop import Leader
from tests.integration.api_server import Answer, Server, serving

SECRET = "a secret that servers and workers share"
ANOTHER = "another secret, of about the same length"
PATIENCE_SECONDS = 20.0
ASSETS_HERE = ("n.one", "n.two")
FAILURE = {"category": "USER_CODE", "message": "it was no good"}


class Played(ThreadingHTTPServer):
    """A worker service whose every answer a test decides."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Playing)
        self.offers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.roll: tuple[str, ...] = ()
        self.status = 202
        self.free = 1

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def offered(self) -> dict[str, Any]:
        """The next attempt that it is given."""
        return self.offers.get(timeout=PATIENCE_SECONDS)


class Playing(BaseHTTPRequestHandler):
    """Answers as the test says."""

    protocol_version = "HTTP/1.1"
    server: Played

    def do_GET(self) -> None:
        """The roll."""
        self._answer(200, {"dispatch_ids": self.server.roll, "free": self.server.free}, body=b"")

    def do_POST(self) -> None:
        """An offer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        offer = json.loads(body)
        taken = {"dispatch_id": offer["envelope"]["dispatch_id"], "free": self.server.free}
        self._answer(self.server.status, taken, body=body)
        if self.server.status == 202:
            self.server.offers.put(offer)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is printed."""

    def _answer(self, status: int, value: object, *, body: bytes) -> None:
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Stage:
    """A leading server and the service that a test plays."""

    def __init__(self, server: Server, played: Played) -> None:
        self.server = server
        self.played = played

    def trigger(self, *selection: str) -> str:
        """A new run of the selected assets."""
        settings = self.server.workspace.settings
        command = TriggerRun(
            run_id=new_ulid(self.server.workspace.runtime),
            tenant=settings.tenant,
            workspace=settings.workspace,
            which="all",
            selection=selection,
        )
        self.server.submit(self.server.workspace.database.transact(trigger_run(command)))
        return command.run_id

    def cancel(self, run_id: str) -> None:
        """The run is asked to end."""
        decision = cancel_run(CancelRun(run_id=run_id))
        self.server.submit(self.server.workspace.database.transact(decision))

    def task(self, run_id: str) -> Task:
        """The run's first task."""
        database = self.server.workspace.database
        found = self.server.submit(database.asked(lambda state: state.get(TASKS, run_id, 0)))
        assert found is not None
        return found

    def ended(self, run_id: str) -> Run:
        """The run once it has ended."""
        database = self.server.workspace.database
        found: list[Run] = []

        def has_ended() -> bool:
            run = self.server.submit(database.asked(lambda state: state.get(RUNS, run_id)))
            assert run is not None
            found[:] = [run]
            return not is_running(run)

        until(has_ended)
        return found[0]

    def table_id(self, asset: str) -> str:
        """The table that the asset is."""
        database = self.server.workspace.database
        found = self.server.submit(database.asked(lambda state: state.get(ASSETS, asset)))
        assert found is not None
        return found.table_id

    def tell(
        self,
        offer: dict[str, Any],
        kind: str,
        *,
        completion: object = None,
        **altered: Any,
    ) -> Answer:
        """What the server answers a worker that tells this of the attempt it was offered."""
        dispatch_id = altered.get("dispatch_id", offer["envelope"]["dispatch_id"])
        body = {"type": kind, "dispatch_id": dispatch_id}
        if kind != "heartbeat":
            body["started_at"] = altered.get("started_at", moment())
        if kind == "completed":
            body |= {"ended_at": altered.get("ended_at", moment()), "completion": completion or {}}
        place = altered.get("attempt_id", attempt_id(dispatch_id))
        token = altered.get("token", offer["token"])
        credential = altered.get("credential", countersigned(token, SECRET.encode()))
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        path = f"/api/v1/tasks/{place}/{altered.get('route', kind)}"
        return self.server.ask("POST", path, body=altered.get("body", body), headers=headers)

    def done(self, offer: dict[str, Any], **completion: Any) -> Answer:
        """The answer to a worker that says how the attempt ended."""
        return self.tell(offer, "completed", completion=completion)


@contextmanager
def playing() -> Iterator[Played]:
    """A worker service that a test plays."""
    played = Played()
    thread = threading.Thread(target=played.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield played
    finally:
        played.shutdown()
        thread.join()
        played.server_close()


@contextmanager
def staged(directory: Path, played: Played, **settings: Any) -> Iterator[Stage]:
    """A leading server that hands everything to the service that a test plays."""
    (directory / "workers.txt").write_text(SECRET + "\n")
    chosen = {
        "worker_urls": played.url,
        "worker_secrets": "workers.txt",
        "heartbeat_timeout_seconds": 30.0,
        "strangers_per_second": 0.0,
        **settings,
    }
    with serving(directory, **chosen) as server:
        stage = Stage(server, played)
        deploy_assets(server)
        leader = server.submit(lead(server))
        try:
            yield stage
        finally:
            server.submit(leader.stop())


async def lead(server: Server) -> Leader:
    """The server leads from now on."""
    directory = server.workspace.settings.directory
    leader = await try_to_lead(server.workspace, directory, callbacks=server.callbacks)
    assert leader is not None
    return leader


def deploy_assets(server: Server) -> None:
    """`n.one`, and `n.two` that is made from it."""
    manifest = Manifest("p", (asset("n.one"), asset("n.two", "n.one")))
    command = Deploy(deployment_id="deployment-1", manifest=manifest, entropy=7)
    server.submit(server.workspace.database.transact(deploy(command)))


def asset(key: str, *upstreams: str) -> AssetDefinition:
    """An asset that worker services make."""
    return AssetDefinition(
        key=key,
        code=CodeReference("assets", key.partition(".")[2], "sha256:1"),
        source=SourceLine("assets.py", 1),
        executor="http",
        timeout_ms=60_000,
        dependencies=tuple(Dependency(upstream, "rows") for upstream in upstreams),
    )


def moment() -> str:
    """Now."""
    return datetime.now(UTC).isoformat()


def until(holds: Callable[[], Any]) -> None:
    """Return once it holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.01)


def ask_service(
    url: str, method: str, *, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """What a real worker service answers."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, "/v1/attempts", body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


__all__ = [
    "ANOTHER",
    "FAILURE",
    "SECRET",
    "Played",
    "Stage",
    "ask_service",
    "asset",
    "lead",
    "moment",
    "playing",
    "staged",
    "until",
]
