"""An HTTP service that answers the examples of tests/contract/http, and notes what it was asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, TypeAlias
from urllib.parse import urlsplit

import msgspec

Answers: TypeAlias = Mapping[tuple[str, str], tuple[int, Any]]


class Heard(msgspec.Struct, frozen=True):
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answers: ClassVar[Answers]
    heard: ClassVar[list[Heard]]

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test says itself what went wrong."""

    def do_GET(self) -> None:
        """The answer that stands for the method and path."""
        text = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(text) if text else None
        self.heard.append(Heard(self.command, self.path, headers, body))
        status, answer = self._answer(urlsplit(self.path).path)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PATCH = do_DELETE = do_GET

    def _answer(self, path: str) -> tuple[int, Any]:
        # A path that is spelled out goes before one with gaps.
        for method, template in sorted(self.answers, key=lambda each: each[1].count("{")):
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
            if method == self.command and re.fullmatch(pattern, path):
                return self.answers[method, template]
        return 404, failure("ROUTE_NOT_FOUND", "there is no such route")


def failure(code: str, message: str) -> dict[str, Any]:
    """The body of an answer that is no success."""
    told = {"code": code, "message": message, "details": {}, "request_id": "r1", "hint": "h"}
    return {"error": told}


@contextmanager
def answering(answers: Answers) -> Iterator[tuple[str, list[Heard]]]:
    """A service on this machine: its address, and what it heard so far."""
    heard: list[Heard] = []
    handler = type("Service", (_Service,), {"answers": answers, "heard": heard})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


__all__ = ["Answers", "Heard", "answering", "failure"]
