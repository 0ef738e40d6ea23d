"""HTTP servers that stand between a store and its service, or in place of it, and misbehave."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

ATTEMPT = re.compile(
    "(?<=-)[0-9a-f]{16}|(?<=att_)[0-9a-f]{24}|[0-9a-f]{32}|(?<=_prepared/)[0-9A-Z]{26}"
)
"""What names one attempt: the next attempt asks for the same under another name."""
HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


class Loss(Enum):
    """What gets lost of one request."""

    REQUEST = "the request, before it arrives"
    ANSWER = "the answer, after the service has acted"


class Plan:
    """Which requests of a scenario meet a loss."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loss = Loss.ANSWER
        self._at = -1
        self._seen: set[str] | None = None
        self.asked = 0
        self.lost = 0

    def lose(self, loss: Loss, at: int) -> None:
        """Count anew, and lose the one numbered `at`, from zero; a negative number loses none."""
        with self._lock:
            self._loss, self._at, self._seen, self.asked, self.lost = loss, at, None, 0, 0

    def lose_each_once(self, loss: Loss) -> None:
        """Count anew, and lose every request the first time that it is made."""
        self.lose(loss, -1)
        with self._lock:
            self._seen = set()

    def next(self, request: str) -> Loss | None:
        """What happens to the request that has just come in."""
        with self._lock:
            met = self.asked == self._at or self._is_fresh(ATTEMPT.sub("", request))
            self.asked += 1
            self.lost += met
            return self._loss if met else None

    def _is_fresh(self, request: str) -> bool:
        if self._seen is None or request in self._seen:
            return False
        self._seen.add(request)
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a client that was killed, or gave up, left in the middle."""


class _Silent(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes, and the second would wait until the first is acknowledged.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test says itself what went wrong."""

    def body(self) -> bytes:
        """What the request carries."""
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def hang_up(self) -> None:
        """End the connection without a word."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer(self, status: int, body: bytes, *, headers: dict[str, str] | None = None) -> None:
        """Send it; a HEAD has the length of a body and no body."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Relay(_Silent):
    plan: ClassVar[Plan]
    port: ClassVar[int]
    host: ClassVar[str]

    def do_GET(self) -> None:
        data = self.body()
        asked = (self.command, self.path, self.headers.get("Range", ""))
        loss = self.plan.next(" ".join(asked))
        if loss is Loss.REQUEST:
            self.hang_up()
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {name.title(): value for name, value in self.headers.items()}
        headers |= {"Host": self.host} if self.host else {}
        upstream.request(self.command, self.path, data, headers)
        response = upstream.getresponse()
        body = response.read()
        kept = {n: v for n, v in response.getheaders() if n.lower() not in HOP_BY_HOP}
        if self.command == "HEAD":
            kept["Content-Length"] = response.getheader("Content-Length", "0")
        upstream.close()
        if loss is Loss.ANSWER:
            self.hang_up()
        else:
            self.answer(response.status, body, headers=kept)

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET


class Script:
    """What a service answers to everything, and what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b""
        self.asked: list[str] = []

    def say(self, status: int, code: str = "") -> None:
        """From now on answer this; status 0 hangs up."""
        self.status, self.asked = status, []
        self.body = f"<Error><Code>{code}</Code></Error>".encode() if code else b""


class _Scripted(_Silent):
    script: ClassVar[Script]

    def do_GET(self) -> None:
        self.body()
        self.script.asked.append(self.command)
        if self.script.status:
            self.answer(self.script.status, self.script.body)
        else:
            self.hang_up()

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET


@contextmanager
def losing_proxy(endpoint: str, *, host: str = "") -> Iterator[tuple[str, Plan]]:
    """A way to the service at `endpoint` that loses what its plan says; to a service that answers
    to one name only, under this `host`.
    """
    plan = Plan()
    port = int(endpoint.rpartition(":")[2])
    with _served(type("Relay", (_Relay,), {"plan": plan, "port": port, "host": host})) as address:
        yield address, plan


@contextmanager
def scripted_service() -> Iterator[tuple[str, Script]]:
    """A service that answers what its script says."""
    script = Script()
    with _served(type("Scripted", (_Scripted,), {"script": script})) as address:
        yield address, script


@contextmanager
def _served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
